"""`job: trees`: the parties align their rows and grow boosted trees over all their columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from accord_protocols.jobs import alignment, sentences
from accord_protocols.jobs.alignment import noted, own
from accord_protocols.jobs.base import Job, Learned, Reads, machines
from accord_protocols.jobs.outputs import Notes, document, table
from accord_protocols.kernel.plan import Known, Phase, Plan, Rounds
from accord_protocols.model.trees import OBJECTIVES
from accord_protocols.phases.alignment.star import Aligned
from accord_protocols.phases.boosting.able import unable
from accord_protocols.phases.boosting.boost import Boost
from accord_protocols.phases.boosting.edge import Back, Edge
from accord_protocols.phases.boosting.evaluate import Measure, Measured
from accord_protocols.phases.boosting.hide import Hide
from accord_protocols.phases.boosting.prepare import Bin, Ready
from accord_protocols.phases.boosting.states import Boosted
from accord_protocols.tasks.registry import Rows
from accord_schemas.agreement import FEATURE_HOLDER, LABEL_HOLDER, TREES, Agreement
from accord_schemas.events import Complete
from accord_schemas.header import MAX_PARTIES

PREPARE = Phase(
    "prepare",
    Bin.kind,
    "prepared",
    "PREPARED",
    given=lambda known: known.of(Aligned),
    refuses=True,  # a policy on rows
)
TRAIN = Phase(
    "offline",
    Boost.kind,
    "converged",
    "CONVERGED",
    given=lambda known: known.of(Ready),
    starts=(Edge.kind, Hide.kind, Back.kind),
    rounds=Rounds("train", "round", "TRAINING", count=lambda known: known.of(Boosted).trees),
    refuses=True,  # the same policy, while others were faster
)
EVALUATE = Phase("evaluate", Measure.kind, given=lambda known: known.of(Boosted))


def _complete(known: Known) -> Complete:
    digest, boosted = known.of(Measured).digest, known.of(Boosted)
    return Complete(model=digest, rows=known.of(Aligned).size, rounds=boosted.trees, converged=True)


def _completed(said: Mapping[str, Any]) -> str:
    return f"completed with model {said['model']}, {said['rows']} common rows, {said['rounds']} trees."


def _reads(agreement: Agreement, party: str) -> Reads:
    if agreement.trees is None:
        return Reads()
    model = OBJECTIVES[agreement.trees.objective]
    return Reads(model, label=party == agreement.label_holder)  # type: ignore[arg-type]


def leader(roles: Mapping[str, str]) -> str:
    """The label holder."""
    return next(party for party, role in roles.items() if role == LABEL_HOLDER)


def _about(agreement: Agreement) -> str:
    trees = agreement.trees
    return f"boosted trees, {trees.objective}, protection {trees.protection}" if trees else "no trees"


def _agreed(name: str) -> Callable[[Learned], Any]:
    return lambda learned: getattr(learned.agreement.trees, name, None)


def _predictions(notes: Notes, rows: Rows) -> Iterator[list[str]]:
    assert rows.labels is not None
    for row, value in zip(notes["predicted_rows"].tolist(), notes["predictions"].tolist(), strict=True):
        yield [rows.ids[row], repr(float(rows.labels[row])), repr(value)]


JOB = Job(
    name=TREES,
    plan=Plan((*alignment.PHASES, PREPARE, TRAIN, EVALUATE), _complete),
    machines=machines(*alignment.MACHINES, Bin, Edge, Back, Boost, Hide, Measure),
    roles={LABEL_HOLDER: (1, 1), FEATURE_HOLDER: (1, MAX_PARTIES - 1)},
    leader=leader,
    led_by=LABEL_HOLDER,
    sections=frozenset({"align", "trees", "test_rows"}),
    requires=frozenset({"trees"}),
    reads=_reads,
    facts=alignment.FACTS,
    completed=_completed,
    models=True,
    figures={
        **alignment.FIGURES,
        **{
            name: noted(name)
            for name in ("train_rows", "test_rows", "rounds", "trees", "loss", "metrics", "deciles", "drawn")
        },
        "importance": own("importance"),
        "stability": own("stability"),
        "model_digest": noted("model_digest"),
        "protection": _agreed("protection"),
        "objective": _agreed("objective"),
        "columns": lambda learned: {learned.me: learned.notes.get("columns", [])},
    },
    outputs=(
        document("model.json", "model"),
        alignment.INTERSECTION,
        table("predictions.csv", "predictions", ("id", "label", "prediction"), _predictions, label=True),
    ),
    about=_about,
    unable=lambda agreement: unable(agreement.trees) if agreement.trees else "",
    learns=sentences.boosted,
)
