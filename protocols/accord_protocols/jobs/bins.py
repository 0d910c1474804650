"""`job: bins`: the parties align their rows, and every party learns what the bins of its columns say of the label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accord_protocols.jobs import alignment, sentences
from accord_protocols.jobs.alignment import noted, own
from accord_protocols.jobs.base import Job, Reads, machines
from accord_protocols.jobs.outputs import document
from accord_protocols.jobs.trees import leader
from accord_protocols.kernel.plan import Known, Phase, Plan
from accord_protocols.phases.alignment.star import Aligned
from accord_protocols.phases.binning.cut import Cut
from accord_protocols.phases.binning.weigh import Weigh
from accord_protocols.phases.boosting.edge import Edge
from accord_protocols.phases.boosting.prepare import Ready
from accord_schemas.agreement import BINS, FEATURE_HOLDER, LABEL_HOLDER, Agreement
from accord_schemas.events import Complete
from accord_schemas.header import MAX_PARTIES

PREPARE = Phase(
    "prepare",
    Cut.kind,
    "prepared",
    "PREPARED",
    given=lambda known: known.of(Aligned),
    refuses=True,  # a policy on rows
)
WEIGH = Phase(
    "evaluate",
    Weigh.kind,
    given=lambda known: known.of(Ready),
    starts=(Edge.kind,),
    refuses=True,  # the same policy, while others were faster
)


def _complete(known: Known) -> Complete:
    return Complete(rows=known.of(Aligned).size)


def _completed(said: Mapping[str, Any]) -> str:
    return f"completed with bins of {said['rows']} common rows."


def _reads(agreement: Agreement, party: str) -> Reads:
    return Reads("logistic", label=party == agreement.label_holder)


def _about(agreement: Agreement) -> str:
    bins = agreement.bins
    return f"up to {bins.bins} bins of every column, of {bins.min_rows} rows or more" if bins else "no bins"


JOB = Job(
    name=BINS,
    plan=Plan((*alignment.PHASES, PREPARE, WEIGH), _complete),
    machines=machines(*alignment.MACHINES, Cut, Edge, Weigh),
    roles={LABEL_HOLDER: (1, 1), FEATURE_HOLDER: (1, MAX_PARTIES - 1)},
    leader=leader,
    led_by=LABEL_HOLDER,
    sections=frozenset({"align", "bins", "test_rows"}),
    requires=frozenset({"bins"}),
    reads=_reads,
    facts=alignment.FACTS,
    completed=_completed,
    figures={
        **alignment.FIGURES,
        "train_rows": noted("train_rows"),
        "test_rows": noted("test_rows"),
        "information_value": own("information_value"),
        "woe": own("woe"),
        "information_told": noted("information_told"),
        "columns": lambda learned: {learned.me: learned.notes.get("columns", [])},
    },
    outputs=(document("bins.json", "bins"), alignment.INTERSECTION),
    about=_about,
    learns=sentences.binned,
)
