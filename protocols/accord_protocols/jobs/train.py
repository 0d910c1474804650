"""`job: train`: the parties align their rows and train one model on all their columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from accord_protocols.evaluation.significance import p_value
from accord_protocols.jobs import alignment, sentences
from accord_protocols.jobs.alignment import noted, own
from accord_protocols.jobs.base import Job, Learned, Reads, machines
from accord_protocols.jobs.outputs import Notes, document, table
from accord_protocols.kernel.plan import Known, Phase, Plan, Rounds
from accord_protocols.model.part import ModelPart
from accord_protocols.model.reasons import reasons
from accord_protocols.phases.alignment.star import Aligned
from accord_protocols.phases.binning.cut import Cut
from accord_protocols.phases.binning.weigh import Weigh
from accord_protocols.phases.boosting.edge import Edge
from accord_protocols.phases.keys import Keyed
from accord_protocols.phases.training.able import unable
from accord_protocols.phases.training.evaluate import Evaluate, Evaluated, Predicting
from accord_protocols.phases.training.levels import MACHINES
from accord_protocols.phases.training.prepare import Prepare, Ready
from accord_protocols.phases.training.states import Given, Trained
from accord_protocols.phases.training.training import Training
from accord_protocols.tasks.registry import Rows
from accord_schemas.agreement import FEATURE_HOLDER, LABEL_HOLDER, Agreement
from accord_schemas.events import Complete
from accord_schemas.header import MAX_PARTIES


def _given(known: Known) -> Given:
    keyed, ready = known.of(Keyed), known.of(Ready)
    return Given(keyed, ready.block, ready.announced)


PREPARE = Phase(
    "prepare",
    Prepare.kind,
    "prepared",
    "PREPARED",
    given=lambda known: known.of(Aligned),
    starts=(Cut.kind, Edge.kind, Weigh.kind),  # where columns become weights of evidence
    refuses=True,  # a policy on rows
)
TRAIN = Phase(
    "offline",
    Training.kind,
    "converged",
    "CONVERGED",
    given=_given,
    starts=tuple(machine.kind for machine in MACHINES),
    rounds=Rounds("train", "round", "TRAINING", count=lambda known: known.of(Trained).rounds),
    refuses=True,  # the same policy, while others were faster
)
EVALUATE = Phase(
    "evaluate", Evaluate.kind, given=lambda known: Predicting(given=_given(known), trained=known.of(Trained))
)


def _complete(known: Known) -> Complete:
    model, trained = known.of(Evaluated).digest, known.of(Trained)
    rows, few = known.of(Aligned).size, known.of(Ready).few
    return Complete(model=model, rows=rows, rounds=trained.rounds, converged=trained.converged, few=few)


def _completed(said: Mapping[str, Any]) -> str:
    few = (
        "; its TRAIN rows are few for its columns, so that what it learned tells more about each"
        if said.get("few")
        else ""
    )
    return f"completed with model {said['model']}, {said['rows']} common rows, {said['rounds']} rounds{few}."


def _reads(agreement: Agreement, party: str) -> Reads:
    train, one_hot = agreement.train, agreement.prepare.one_hot
    if train is None:
        return Reads()
    if party != agreement.label_holder:
        return Reads(train.model, one_hot=one_hot)
    return Reads(train.model, label=True, weights=train.weights, exposure=train.exposure, one_hot=one_hot)


def _about(agreement: Agreement) -> str:
    train = agreement.train
    return f"{train.model}, protection {train.protection}" if train else "no training"


def _leader(roles: Mapping[str, str]) -> str:
    return next(party for party, role in roles.items() if role == LABEL_HOLDER)


def _model(learned: Learned) -> dict[str, Any]:
    model: dict[str, Any] | None = learned.notes.get("model")
    return (learned.completed and model) or {}


def _coefficients(learned: Learned) -> dict[str, Any] | None:
    model = _model(learned)
    return {learned.me: model["coefficients"]} if model else None


def _per_unit(learned: Learned) -> dict[str, Any] | None:
    """What one unit of a column, as it stands in the file, adds to the score; of a category, to have it."""
    model = _model(learned)
    if not model:
        return None
    scales = {fit["name"]: fit["scale"] for fit in model["preparation"]["kept"]}
    return {learned.me: {name: b / scales[name] for name, b in model["coefficients"].items() if name in scales}}


def _errors(learned: Learned) -> dict[str, dict[str, float]] | None:
    found = learned.notes.get("standard_errors") if learned.completed else None
    return None if found is None else {learned.me: found}


def _p_values(learned: Learned) -> dict[str, dict[str, float | None]] | None:
    errors, model = (_errors(learned) or {}).get(learned.me), _model(learned)
    if errors is None or not model:
        return None
    freedom = learned.notes.get("freedom")
    return {learned.me: {name: p_value(model["coefficients"][name], errors[name], freedom) for name in errors}}


def _penalty(learned: Learned) -> float | None:
    """The one that was chosen, where several were tried."""
    train = learned.agreement.train
    found: float | None = learned.notes.get("l2", train.l2 if train else None)
    return found


def _reasons(notes: Notes, rows: Rows) -> Iterator[list[str]]:
    """What speaks most for and against each TEST row in the own columns."""
    part = ModelPart.model_validate(notes["model"])
    for row, column, value in reasons(part, rows, notes["tested"]):
        yield [rows.ids[row], column, repr(value)]


def _agreed(name: str) -> Callable[[Learned], Any]:
    return lambda learned: getattr(learned.agreement.train, name, None)


def _predictions(notes: Notes, rows: Rows) -> Iterator[list[str]]:
    assert rows.labels is not None
    for row, value in zip(notes["predicted_rows"].tolist(), notes["predictions"].tolist(), strict=True):
        yield [rows.ids[row], repr(float(rows.labels[row])), repr(value)]


JOB = Job(
    name="train",
    plan=Plan((*alignment.PHASES, PREPARE, TRAIN, EVALUATE), _complete),
    machines=machines(*alignment.MACHINES, Prepare, Cut, Edge, Weigh, Training, *MACHINES, Evaluate),
    roles={LABEL_HOLDER: (1, 1), FEATURE_HOLDER: (1, MAX_PARTIES - 1)},
    leader=_leader,
    sections=frozenset({"align", "prepare", "train", "test_rows"}),
    requires=frozenset({"train"}),
    reads=_reads,
    facts=alignment.FACTS,
    completed=_completed,
    models=True,
    led_by=LABEL_HOLDER,
    figures={
        **alignment.FIGURES,
        **{
            name: noted(name)
            for name in ("train_rows", "test_rows", "rounds", "converged", "loss", "unique", "constant_label")
        },
        "coefficients": _coefficients,
        "per_unit": _per_unit,
        "intercept": lambda learned: _model(learned).get("intercept"),
        "standard_errors": _errors,
        "intercept_error": noted("intercept_error"),
        "p_values": _p_values,
        "information_value": own("information_value"),
        "woe": own("woe"),
        "information_told": noted("information_told"),
        "l2": _penalty,
        "l2_path": noted("l2_path"),
        "metrics": noted("metrics"),
        "deciles": noted("deciles"),
        "stability": own("stability"),
        "model_digest": noted("model_digest"),
        "family": _agreed("model"),
        "engine": _agreed("engine"),
        "protection": _agreed("protection"),
        "columns": lambda learned: {learned.me: learned.notes.get("columns", [])},
    },
    later=frozenset({"per_unit", "family"}),
    outputs=(
        document("model.json", "model"),
        alignment.INTERSECTION,
        table("predictions.csv", "predictions", ("id", "label", "prediction"), _predictions, label=True),
        table("reasons.csv", "tested", ("id", "column", "contribution"), _reasons),
    ),
    about=_about,
    unable=lambda agreement: (
        unable(agreement.train, len(agreement.parties), agreement.prepare) if agreement.train else ""
    ),
    learns=sentences.trained,
)
