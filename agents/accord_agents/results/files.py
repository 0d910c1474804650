"""The files that a party writes when a collaboration has ended: its result, its model, its rows and predictions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.files.durable import written
from accord_agents.intake.table import Table
from accord_agents.results import alone as without_others
from accord_agents.results import remedies, residuals
from accord_agents.results.summary import RunSummary
from accord_protocols.jobs.base import Learned
from accord_protocols.jobs.outputs import Output
from accord_protocols.kernel.lifecycle import COMPLETED
from accord_schemas.agreement import Agreement
from accord_schemas.codes import Code
from accord_schemas.errors import AccordError


@dataclass(frozen=True, slots=True)
class Findings:
    """What a party has learned at one moment; written beside the loop, while that goes on.

    Args:
        result: The fields of result.json.
        outputs: Files besides it; none unless the collaboration was completed.
        notes: What these are made of.
        alone: Whose ids were nobody else's: they are described to their people. Empty where some were.
        terms: What was agreed, of a completed collaboration.
        figures: The names of those fields that follow from the journal.
    """

    result: dict[str, Any] = field(repr=False)
    outputs: tuple[Output, ...]
    notes: dict[str, Any] = field(repr=False)
    alone: str
    terms: Agreement | None = None
    figures: tuple[str, ...] = ()

    @classmethod
    def of(cls, collaboration: Collaboration, run: RunSummary, facts: Mapping[str, Any]) -> Findings:
        """What is there now, and more fields for result.json."""
        job = collaboration.job
        outputs = job.outputs if collaboration.state == COMPLETED and job is not None else ()
        nobody = collaboration.ended_as(Code.NOBODY) or run.notes.get("intersection_size") == 0
        follows, agreed = result_fields(collaboration, run), collaboration.agreement
        result = {**follows, **facts}
        if agreed is not None:  # for people: what a journal gives is compared without it
            result |= {"name": agreed.name, "retain_days": agreed.limits.retain_days}
            result |= {"parties": {party: agreed.parties[party].role for party in agreed.order}}
            result |= {"date": run.began, "ended": run.ended, "accord_version": version("accord")}
            gate = run.notes.get("gate") or {} if collaboration.ended_as(Code.GATE) else None
            said = [] if gate is None else remedies.of_gate(agreed, gate)
            result["warnings"] = [*said, *result["warnings"]]
        alone = collaboration.me if nobody else ""
        return cls(result, outputs, dict(run.notes), alone, agreed if outputs else None, tuple(follows))

    def documents(self, table: Table | None) -> dict[str, Iterator[bytes]]:
        """The files besides result.json in pieces, by name.

        Args:
            table: The party's rows, for the ids in intersection.csv and predictions.csv.
        """
        made = {output.file: output.made(self.notes, table) for output in self.outputs}
        return {name: pieces for name, pieces in made.items() if pieces is not None}

    def write(self, folder: Path, table: Callable[[], Table | None], *, again: bool = False) -> None:
        """Write them.

        Args:
            folder: Where to; made if needed.
            table: Gives the party's rows.
            again: Whether the files besides result.json were written before: another witness changes that alone.

        Raises:
            AccordError: The folder cannot be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise AccordError(
                f"the results cannot be written to {folder}: {error.strerror}.",
                hint="Free space or change rights, then resume.",
            ) from None
        for name, pieces in () if again else self.documents(table()).items():
            written(folder / name, pieces)
        result = dict(self.result)
        if self.terms is not None and self.terms.train is not None and (own := table()) is not None:
            figures = without_others.figures(result["party"], self.terms, self.notes, own)
            result |= {"alone": {result["party"]: figures}} if figures else {}
        if self.terms is not None and "predictions" in self.notes and (own := table()) is not None:
            shown = residuals.figures(self.terms, self.notes, own)
            result |= {"residuals": shown} if shown else {}
        if self.alone and (rows := table()) is not None:
            result["warnings"] = [*result["warnings"], *remedies.of_nobody(self.alone, rows.own_ids)]
        written(folder / "result.json", [json.dumps(result, ensure_ascii=False, indent=1, sort_keys=True).encode()])


def result_fields(collaboration: Collaboration, run: RunSummary) -> dict[str, Any]:
    """This party's result.json."""
    me, agreement, job = collaboration.me, collaboration.agreement, collaboration.job
    read = [f"{me}: {warning}" for warning in collaboration.data.get("warnings", ())]
    detail = [f"{me}: {collaboration.detail}"] if collaboration.detail else []
    figures: dict[str, Any] = {}
    if agreement is not None and job is not None:
        learned = Learned(me, agreement, run.notes, collaboration.state == COMPLETED)
        figures = {name: figure(learned) for name, figure in job.figures.items()}
    return {
        "party": me,
        "collaboration": collaboration.cid,
        "job": job.name if job else None,
        "leader": agreement.leader if agreement else None,
        "status": collaboration.state,
        "reason": collaboration.reason or None,
        **figures,
        "checkpoint": collaboration.witness.summary() if collaboration.witness else None,
        "profile": agreement.profile if agreement else None,
        "seconds": run.seconds,
        "bytes": dict(run.bytes),
        "events": dict(run.events),
        "traffic": {me: dict(run.traffic)},
        "timeline": {me: run.timeline},
        "warnings": list(dict.fromkeys([*detail, *read, *run.warnings])),
        "insecure_seed": bool(agreement and agreement.seeded),
    }
