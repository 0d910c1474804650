"""`job: online`: one party gets a trained model's predictions of rows that it asks for by their ids, one request after
another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from accord_protocols.jobs import alignment, predict, sentences
from accord_protocols.jobs.base import Job, machines
from accord_protocols.jobs.outputs import Notes, table
from accord_protocols.kernel.plan import Brought, Known, Phase, Plan
from accord_protocols.phases.keys import Keyed, Keys
from accord_protocols.phases.prediction.branch import Branch
from accord_protocols.phases.prediction.climb import Climb
from accord_protocols.phases.prediction.online import Online, Open
from accord_protocols.phases.prediction.pairs import Pair
from accord_protocols.phases.prediction.predict import Predicted
from accord_protocols.tasks.registry import Rows
from accord_schemas.agreement import ONLINE, Agreement
from accord_schemas.events import Complete


def _opened(known: Known) -> Open:
    return Open(known.of(Keyed).kappas, known.of(Brought).model)


def _completed(said: Mapping[str, Any]) -> str:
    return f"completed after requests for {said['rows']} ids."


def _unable(agreement: Agreement) -> str:
    if agreement.predict is not None and not agreement.predict.queries:
        return "predict.queries is missing: how many ids may be asked for"
    if agreement.predict is not None and agreement.predict.protection != "shared":
        return "predict.protection: paths is for the job predict: rows that are asked for one by one are in shares"
    return predict.mismatched(agreement)


def _about(agreement: Agreement) -> str:
    queries = agreement.predict.queries if agreement.predict else 0
    return f"online {predict.about(agreement)}, up to {queries} ids"


def _predictions(notes: Notes, _rows: Rows) -> Iterator[list[str]]:
    for identifier, value in zip(notes["answered"], notes["predictions"].tolist(), strict=True):
        yield [identifier, repr(value)]


SERVE = Phase(
    "serve",
    Online.kind,
    given=_opened,
    starts=(Branch.kind, Pair.kind, Climb.kind),  # of boosted trees
    refuses=True,  # a policy on rows
)
JOB = Job(
    name=ONLINE,
    plan=Plan(
        (alignment.KEYS, SERVE),
        lambda known: Complete(rows=known.of(Predicted).rows),
    ),
    machines=machines(Keys, Online, Branch, Pair, Climb),
    roles=predict.JOB.roles,
    leader=predict.requester,
    led_by=predict.REQUESTER,
    sections=frozenset({"predict"}),
    requires=frozenset({"predict"}),
    reads=predict.JOB.reads,
    asks=Online.kind,
    facts={name: alignment.FACTS[name] for name in ("commitments", "keys")},
    completed=_completed,
    figures={name: figure for name, figure in predict.JOB.figures.items() if name not in alignment.FIGURES},
    outputs=(table("predictions.csv", "predictions", ("id", "prediction"), _predictions),),
    about=_about,
    unable=_unable,
    learns=sentences.asked,
)
