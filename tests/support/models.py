"""Models that nobody had to train: a part for each table, and agreements to predict by them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from tests.support.world import NAMES, Rows, World, agreement

from accord_protocols.jobs.registry import JOBS
from accord_protocols.model.part import LINKS, ModelPart
from accord_protocols.preparation.fitted import ColumnFit, Dropped, Fitted
from accord_schemas.address import SELF, Address
from accord_schemas.agreement import Agreement, Align, Member
from accord_schemas.parts import Predict

OF = "0123456789abcdef0123456789abcdef"
"""The collaboration that is said to have trained them."""
Parts = dict[str, ModelPart]


def part(
    party: str, columns: tuple[str, ...], model: Literal["linear", "logistic", "poisson"] = "linear", **more: Any
) -> ModelPart:
    """A part, the bank's with the intercept; every other column is clipped, and of three the second was dropped."""
    rng = np.random.default_rng([*party.encode()])
    kept = [name for k, name in enumerate(columns) if k != 1 or len(columns) < 3]
    fits = tuple(
        ColumnFit(
            name=name,
            impute=0.25,
            low=-1.5 if k % 2 else None,
            high=1.5 if k % 2 else None,
            mean=0.1,
            scale=2.0,
            nulls=0,
            clipped=0,
        )
        for k, name in enumerate(kept)
    )
    constant = Dropped(step="one value", reason="it is the same in every TRAIN row")
    dropped = {name: constant for name in columns if name not in kept}
    fields: dict[str, Any] = {
        "salt": bytes(32).hex(),
        "party": party,
        "model": model,
        "link": LINKS[model],
        "protection": "shared",
        "shift": 3 if model == "linear" else 0,
        "coefficients": {name: float(rng.normal()) for name in kept},
        "intercept": 90.5 if party == "bank" else None,
        "preparation": Fitted(columns=columns, kept=fits, dropped=dropped),
    }
    if model != "linear" and party == "bank":
        fields["intercept"] = -0.5
    return ModelPart(**fields | more)


def parts(data: dict[str, Rows], model: Literal["linear", "logistic", "poisson"] = "linear") -> Parts:
    """One for each party."""
    return {party: part(party, rows.columns, model) for party, rows in data.items()}


def prediction(of: Parts, requester: str = "bank", bits: int = 2048, gate: float | None = None) -> Agreement:
    """An agreement to predict by these parts."""
    job, first = JOBS["predict"], next(iter(of.values()))
    roles = {p: Member(role="requester" if p == requester else "scorer", identity=p) for p in NAMES[: len(of)]}
    terms = agreement(len(of), 2048, gate).model_copy(
        update={
            "job": job.name,
            "parties": roles,
            "leads": requester,
            "train": None,
            "test_rows": None,
            "versions": job.versions,
            "predict": Predict(of=OF, model=first.model, models={p: m.digest for p, m in of.items()}),
        }
    )
    return job.told(terms.model_copy(update={"key_bits": bits}))


def online(of: Parts, queries: int, requester: str = "bank", bits: int = 2048) -> Agreement:
    """An agreement to predict by these parts as rows are asked for."""
    job, batch = JOBS["online"], prediction(of, requester, bits)
    assert batch.predict is not None
    predict = batch.predict.model_copy(update={"queries": queries})
    update = {"job": job.name, "align": Align(), "versions": job.versions, "predict": predict}
    return job.told(batch.model_copy(update=update))


def asking(world: World, requests: Sequence[Sequence[str]], *, last: bool = True) -> World:
    """Have the requester's people ask, and say that it was the last; nothing is delivered yet."""
    leader = world.terms.leader
    for number, ids in enumerate(requests):
        world.own(leader, Address("online", f"own.{number}", SELF), {"name": str(number), "ids": list(ids)})
    if last:
        world.own(leader, Address("online", f"stop.{len(requests)}", SELF), {"name": "last", "ids": []})
    return world


def brought(of: Parts) -> dict[str, dict[str, Any]]:
    """What each party says when it accepts, besides its rows."""
    return {party: {"model": one.encode()} for party, one in of.items()}


def scores(of: Parts, data: dict[str, Rows], identifier: str) -> dict[str, float]:
    """Each party's part of a row's score, by the definition: column by column, in plain Python."""
    found = {}
    for party, rows in data.items():
        row, one = rows.ids.index(identifier), of[party]
        total = one.intercept or 0.0
        for fit in one.preparation.kept:
            x = float(rows.values[row, rows.columns.index(fit.name)])
            x = fit.impute if np.isnan(x) else x
            x = x if fit.low is None or fit.high is None else min(max(x, fit.low), fit.high)
            total += one.coefficients[fit.name] * min(max((x - fit.mean) / fit.scale, -32.0), 32.0)
        found[party] = total
    return found
