"""`job: predict`: the parties align new rows, and one of them gets a trained model's predictions of the common ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from accord_protocols.jobs import alignment, sentences
from accord_protocols.jobs.alignment import noted
from accord_protocols.jobs.base import Job, Learned, Reads, machines
from accord_protocols.jobs.outputs import Notes, table
from accord_protocols.kernel.plan import Brought, Known, Phase, Plan
from accord_protocols.model.trees import FAMILY as TREES
from accord_protocols.phases.alignment.star import Aligned
from accord_protocols.phases.keys import Keyed
from accord_protocols.phases.prediction.branch import Branch
from accord_protocols.phases.prediction.climb import Climb
from accord_protocols.phases.prediction.descend import Descend
from accord_protocols.phases.prediction.pairs import Pair
from accord_protocols.phases.prediction.predict import Asked, Predict, Predicted
from accord_protocols.tasks.registry import Rows
from accord_schemas.agreement import Agreement
from accord_schemas.events import Complete
from accord_schemas.header import MAX_PARTIES

REQUESTER, SCORER = "requester", "scorer"


def _asked(known: Known) -> Asked:
    keyed = known.of(Keyed)
    return Asked(known.of(Aligned).rows, keyed.sizes, keyed.kappas, known.of(Brought).model)


PREDICT = Phase(
    "predict",
    Predict.kind,
    given=_asked,
    starts=(Branch.kind, Pair.kind, Climb.kind, Descend.kind),  # of boosted trees
    refuses=True,  # a policy on rows
)


def requester(roles: Mapping[str, str]) -> str:
    """Who gets the predictions."""
    return next(party for party, role in sorted(roles.items()) if role == REQUESTER)


def mismatched(agreement: Agreement) -> str:
    """Whose parts of the model are named that are no parties, or the other way round; or nothing."""
    terms = agreement.predict
    if terms is not None and set(terms.models) != set(agreement.parties):
        return f"predict.models names {', '.join(sorted(terms.models))}, where the parties are others"
    return ""


def _unable(agreement: Agreement) -> str:
    if agreement.predict is not None and agreement.predict.queries:
        return "predict.queries is for the job online"
    if agreement.predict is not None and agreement.predict.model != TREES and agreement.predict.protection != "shared":
        return f"predict.protection is for predict.model: {TREES}; scores of other models are summed under masks"
    return mismatched(agreement)


def about(agreement: Agreement) -> str:
    """What it does, in a few words."""
    terms = agreement.predict
    if terms is None:
        return "no prediction"
    level = f", protection {terms.protection}" if terms.protection != "shared" else ""
    return f"prediction by the {terms.model} model of {terms.of[:12]}{level}"


def _walked(learned: Learned) -> str | None:
    """The level of a prediction by trees."""
    terms = learned.agreement.predict
    return terms.protection if terms is not None and terms.model == TREES else None


def _reads(_agreement: Agreement, _party: str) -> Reads:
    return Reads()  # which columns, the party's own part of the model says


def _completed(said: Mapping[str, Any]) -> str:
    return f"completed with {said['rows']} predicted rows."


def _predictions(notes: Notes, rows: Rows) -> Iterator[list[str]]:
    for row, value in zip(notes["rows"].tolist(), notes["predictions"].tolist(), strict=True):
        yield [rows.ids[row], repr(value)]


JOB = Job(
    name="predict",
    plan=Plan((*alignment.PHASES, PREDICT), lambda known: Complete(rows=known.of(Predicted).rows)),
    machines=machines(*alignment.MACHINES, Predict, Branch, Pair, Climb, Descend),
    roles={REQUESTER: (1, 1), SCORER: (1, MAX_PARTIES - 1)},
    leader=requester,
    led_by=REQUESTER,
    sections=frozenset({"align", "predict"}),
    requires=frozenset({"predict"}),
    reads=_reads,
    facts=alignment.FACTS,
    completed=_completed,
    figures={
        **alignment.FIGURES,
        "predicted": noted("predicted"),
        "unmatched": noted("unmatched"),
        "model_digest": lambda learned: dict(learned.agreement.predict.models) if learned.agreement.predict else None,
        "protection": _walked,
        "predicted_by": lambda learned: learned.agreement.predict.of if learned.agreement.predict else None,
    },
    outputs=(
        alignment.INTERSECTION,
        table("predictions.csv", "predictions", ("id", "prediction"), _predictions),
    ),
    about=about,
    unable=_unable,
    learns=sentences.predicted,
)
