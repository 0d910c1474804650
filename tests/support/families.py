"""Tables for each family of models, and what their trainings must come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from tests.support.world import Rows, World, tables

from accord_protocols.links.registry import LINKS
from accord_protocols.primitives.psi.ids import is_test
from accord_schemas.parts import Train


def family(model: str, parties: int = 3, n: int = 120, columns: int = 3, **changes: Any) -> dict[str, Rows]:
    """The tables of `tables`, with labels of the family."""
    found = tables(parties, n=n, columns=columns, keep=1.0)
    bank = found["bank"]
    assert bank.labels is not None
    score = (bank.labels - bank.labels.mean()) / bank.labels.std()
    noise = np.array([int(i.split("-")[1]) * 0.618 % 1 for i in bank.ids])  # the same for a user in any order
    if model == "logistic":
        labels = (score + 1.5 * (noise - 0.5) > 0).astype(np.float64)
    elif model == "poisson":
        labels = np.floor(np.exp(0.6 * score + 1.0) + 2 * noise)
    else:
        labels = bank.labels
    return found | {"bank": replace(bank, labels=labels, **changes)}


def plaintext(train: Train, data: Mapping[str, Rows]) -> dict[str, float]:
    """Coefficients by name, and the intercept as ``1``."""
    return optimum(train, data)[0]


def plaintext_loss(train: Train, data: Mapping[str, Rows]) -> float:
    """The objective of these."""
    return optimum(train, data)[1]


def optimum(train: Train, data: Mapping[str, Rows]) -> tuple[dict[str, float], float]:
    """Newton's method on the joined rows."""
    bank = data["bank"]
    ids = [i for i in bank.ids if not is_test(i, 5, 0) and all(i in r.ids for r in data.values())]

    def of(values: np.ndarray, rows: Rows) -> np.ndarray:
        return np.asarray(values[[rows.ids.index(i) for i in ids]])

    raw = np.hstack([of(rows.values, rows) for rows in data.values()])
    X = np.hstack([(raw - raw.mean(axis=0)) / raw.std(axis=0), np.ones((len(ids), 1))])
    assert bank.labels is not None
    y = of(bank.labels, bank)
    v = np.ones(len(ids)) if bank.weights is None else of(bank.weights, bank)
    if train.class_weights == "balanced":
        v = v * np.where(y == 1, 1 / v[y == 1].sum(), 1 / v[y == 0].sum())
    v = v / v.mean()
    offset = np.zeros(len(ids)) if bank.exposure is None else np.log(of(bank.exposure, bank))
    penalty = np.append(np.full(X.shape[1] - 1, train.l2), 0.0)
    link, w = LINKS[train.model], np.zeros(X.shape[1])
    if train.model == "poisson":
        w[-1] = np.log((v * y).sum() / (v * np.exp(offset)).sum())
    for _ in range(100):
        u = X @ w + offset
        slope = {"linear": np.ones(len(u)), "poisson": np.exp(u), "logistic": np.exp(u) / (1 + np.exp(u)) ** 2}
        gradient = X.T @ (v * link.residual(u, y)) / len(ids) + penalty * w
        w = w - np.linalg.solve((X * (v * slope[train.model])[:, None]).T @ X / len(ids) + np.diag(penalty), gradient)
    names = [name for rows in data.values() for name in rows.columns]
    u = X @ w + offset
    objective = float(np.mean(v * link.loss(u, y)) + w @ (penalty * w) / 2)
    return dict(zip([*names, "1"], w.tolist(), strict=True)), objective


def error(world: World) -> float:
    """The largest difference between a world's coefficients and those in plaintext."""
    train = world.terms.train
    assert train is not None
    true = plaintext(train, {p: party.rows for p, party in world.parties.items()})
    models = [party.notes["model"] for party in world.parties.values()]
    found = {name: value for model in models for name, value in model["coefficients"].items()}
    found["1"] = next(model["intercept"] for model in models if model["intercept"] is not None)
    return float(max(abs(found[name] - value) for name, value in true.items()))
