"""A party's policy: which proposals it accepts, asks its people about, or refuses, and what may be computed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from accord_agents.config.problems import Text
from accord_protocols.jobs.registry import JOBS
from accord_schemas.agreement import ONLINE, OVERLAP, Agreement
from accord_schemas.suites import SUITES, Profile

ALONE = 2
"""Parties of a collaboration in which nobody's score is hidden in a sum."""
Verdict = Literal["accept", "ask", "refuse"]


class Policy(BaseModel):
    """The rules; a proposal that breaks one is refused, whatever `proposals` says.

    Args:
        proposals: What happens to a proposal that keeps all rules.
        proposers: Who may propose; absent: every pinned party.
        protection: Levels that this party accepts. `score` opens the scores to the label holder, from which it can
            rebuild most of the feature rows after enough rounds, so that it has to be named here. `paths`, the most
            open of all, shows everybody on which side of every split of boosted trees every row falls, of new rows,
            too, where these are predicted at it; who accepts `score` has not accepted it.
        profiles: Families of algorithms that this party accepts.
        min_key_bits: The least key size; logs are kept for years.
        max_peer_rows: The most ids that a peer may announce: each is a guess. More, and nothing is answered.
        max_runs_per_peer_per_day: Collaborations with one peer that this party takes part in within 24 hours, gates
            that refuse included; null for no bound. Each gate, alignment and training tells something.
        max_scores_per_row: How often this party's part of one row's score goes to a label holder, of TEST rows, or to
            whoever asks for predictions, over all agreements; null for no bound. As many as half its columns rebuild
            every yes/no column.
        score_alone: Whether rows are scored where this party is the only one besides the label holder, or besides
            whoever asks for predictions, which then learns its part and not a sum.
        max_queries: The most ids that may be asked for in one online prediction, by hidden queries, or of vertices in
            a job over a graph; the most pictures that may be looked for in a gallery; 0 for none.
        min_rows: The fewest TRAIN rows.
        require_gate: Whether the overlap gate must be on where ids are aligned.
        overlap: Whether others may ask how many ids they share with this party, without an alignment.
        carry: Columns of this party's file that may be told of common ids to whoever knows these; ``any`` of them.
        max_rounds: The most rounds of training.
        computing: Whether this party has to be one of the two that compute at `shared`, or over a graph, and that
            together see every row's score and residual, the rows of every node of boosted trees, or what runs through
            the graph: `me`, or `anybody`.
        refuse_few_rows: Refuse to train on fewer than 50 rows per own column, and where gradients are opened on fewer
            than 10 per own column and agreed round, instead of warning.
        refuse_reruns: Refuse TRAIN rows that differ, by themselves or in what stands in them, in a few from those of
            an earlier training with one of the parties: the difference of two trainings tells those rows' labels. And
            refuse boosted trees that, with earlier ones on some of their rows, tell too much of them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    proposals: Verdict = "ask"
    proposers: list[Text] | None = None
    protection: list[Literal["paths", "score", "express", "shared", "closed"]] = ["shared", "closed"]
    profiles: list[Profile] = [suite.name for suite in SUITES.values()]
    min_key_bits: Annotated[int, Field(ge=2048)] = 3072
    max_peer_rows: Annotated[int, Field(ge=1)] = 20_000_000
    max_runs_per_peer_per_day: Annotated[int, Field(ge=1)] | None = 10
    max_scores_per_row: Annotated[int, Field(ge=1)] | None = 1
    score_alone: bool = False
    max_queries: Annotated[int, Field(ge=0)] = 1000
    min_rows: Annotated[int, Field(ge=0)] = 50
    require_gate: bool = False
    overlap: bool = False
    carry: list[Text] | Literal["any"] = []
    max_rounds: Annotated[int, Field(ge=1)] = 100_000
    computing: Literal["anybody", "me"] = "anybody"
    refuse_few_rows: bool = False
    refuse_reruns: bool = True

    def judge(self, agreement: Agreement, proposer: str, me: str = "") -> tuple[Verdict, str]:
        """What to do with a proposal to this party, and why it is refused."""
        train = agreement.train
        level = train.protection if train else agreement.trees.protection if agreement.trees else None
        shown = agreement.predict is not None and agreement.predict.protection == "paths"
        job = JOBS.get(agreement.job)
        alone = len(agreement.parties) == ALONE
        online, ungated = agreement.job == ONLINE, agreement.align.max_overlap is None
        hidden = bool(agreement.query or agreement.graph or agreement.match)
        asked = online or (hidden and me != agreement.leader)
        tested = train is not None and agreement.test_rows is not None
        strange = job.strange(agreement.versions) if job else []
        wrong = job.objection(agreement) if job else ""
        untold = job.untold(agreement) if job and not (strange or wrong) else ""
        carried = agreement.align.carry.get(me, ()) if self.carry != "any" else ()
        kept = [column for column in carried if column not in self.carry]
        computes = len(agreement.sharing) < ALONE or me in agreement.sharing
        rules = (
            (self.proposers is not None and proposer not in self.proposers, f"{proposer} may not propose"),
            (agreement.profile not in self.profiles, f"profile {agreement.profile} is not allowed"),
            (agreement.key_bits < self.min_key_bits, f"keys of {agreement.key_bits} bits are too short"),
            (self.require_gate and (online or (agreement.aligns and ungated)), "the overlap gate is off"),
            (agreement.job == OVERLAP and not self.overlap, "nobody is told how many ids are shared"),
            (bool(kept), f"column {kept and kept[0]} is told to nobody"),
            (asked and agreement.questions > self.max_queries, "too many ids may be asked for"),
            (level is not None and level not in self.protection, f"level {level} is not allowed"),
            (shown and "paths" not in self.protection, "level paths is not allowed"),
            (train is not None and train.max_rounds > self.max_rounds, "too many rounds"),
            (
                alone and tested and me != agreement.label_holder and not self.score_alone,
                "the label holder would learn the scores of TEST rows of a single party",
            ),
            (
                alone and agreement.predict is not None and me != agreement.leader and not self.score_alone,
                "the requester would learn the scores of a single party",
            ),
            (job is None, f"this version of Accord does not know the job {agreement.job}"),
            (bool(wrong), wrong),
            (bool(untold), untold),
            (self.computing == "me" and not computes, f"{me} is none of the two that compute"),
            (bool(strange), f"this version of Accord does not have the agreed version of {', '.join(strange)}"),
        )
        for broken, reason in rules:
            if broken:
                return "refuse", f"policy: {reason}"
        return self.proposals, "policy: no proposals are accepted" if self.proposals == "refuse" else ""
