"""What the label holder would reach without the others: the same model of its own columns, on the same rows.

Computed by it alone, of its own rows, when a training has ended: nothing of it is said to anybody. It is for people and
no part of the record: other processors give other last digits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_agents.intake.table import Table
from accord_protocols.evaluation.metrics import Metrics, metrics
from accord_protocols.links.registry import LINKS
from accord_protocols.model.part import ModelPart
from accord_protocols.phases.training.evaluate import WIDE
from accord_protocols.preparation.moments import magnitude
from accord_protocols.preparation.weighing import row_weights
from accord_schemas.agreement import Agreement
from accord_schemas.parts import Train

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
MOST = 200_000
"""TRAIN rows that are fitted; of more, these are spread evenly."""
_STEPS, _SETTLED = 60, 1e-9
_LEAST = 1e-12  # of a weight of Newton's method, so that a row whose class is certain divides nothing by 0


def figures(me: str, agreement: Agreement | None, notes: Mapping[str, Any], table: Table) -> dict[str, Metrics]:
    """Figures on TEST rows: `own` of the own columns, `baseline` of none; empty where there is nothing to compare.

    Args:
        me: The party.
        agreement: The terms.
        notes: What the party knows when it was completed.
        table: Its rows.
    """
    train = agreement.train if agreement is not None and me == agreement.label_holder else None
    tested = notes.get("predicted_rows")
    if train is None or table.labels is None or "model" not in notes or tested is None or not len(tested):
        return {}
    rows, testing = np.asarray(notes["rows"], np.int64), np.asarray(tested, np.int64)
    training = rows[~np.isin(rows, testing)]
    training = training[:: -(-len(training) // MOST)] if len(training) else training
    if not len(training):
        return {}
    prepared = ModelPart.model_validate(notes["model"]).preparation
    X, T = (prepared.apply(np.asarray(table.values[r]), table.categories) for r in (training, testing))
    return {
        name: _reached(train, table, training, testing, X[:, :width], T[:, :width])
        for name, width in (("own", X.shape[1]), ("baseline", 0))
    }


def _reached(train: Train, table: Table, training: Any, testing: Any, X: Matrix, T: Matrix) -> Metrics:
    assert table.labels is not None
    y, tests = (np.asarray(table.labels[r], np.float64) for r in (training, testing))
    given = None if table.weights is None else np.asarray(table.weights[training])
    found = row_weights(y, given, train.class_weights)
    weights = found if len(found) else np.ones(len(y))
    offsets = [
        np.zeros(len(r)) if table.exposure is None else np.log(np.asarray(table.exposure[r]))
        for r in (training, testing)
    ]
    fitted = fit(train.model, X, y, weights, offsets[0], train.l2)
    u = np.column_stack([np.ones(len(T)), T]) @ fitted + offsets[1]
    link = LINKS[train.model]
    return metrics(train.model, tests, u, link.predictions(u if link.quadratic else np.clip(u, -WIDE, WIDE), 0.0, 0))


def fit(model: str, X: Matrix, y: Vector, weights: Vector, offset: Vector, l2: float) -> Vector:
    """Intercept and weights ``(m + 1,)`` by Newton's method with halved steps; the intercept is not penalised.

    Args:
        model: ``linear``, ``logistic`` or ``poisson``.
        X: ``(n, m)`` prepared columns.
        y: ``(n,)`` labels.
        weights: ``(n,)`` of mean 1.
        offset: ``(n,)``, added to every score.
        l2: The penalty; half of it times the squared weights is added to the mean loss.
    """
    unit = magnitude(y) if model == "linear" else 0
    y, n = np.ldexp(y, -unit), len(y)
    A = np.column_stack([np.ones(n), X])
    penalty = np.full(A.shape[1], float(l2))
    penalty[0] = 0.0
    at = np.zeros(A.shape[1])
    at[0] = _start(model, y, weights, offset)
    loss = _loss(model, A @ at + offset, y, weights) + penalty @ (at * at) / 2
    for _ in range(_STEPS):
        mean, variance = _moments(model, A @ at + offset)
        gradient = A.T @ (weights * (mean - y)) / n + penalty * at
        H = (A * (weights * variance)[:, None]).T @ A / n + np.diag(penalty)
        step = np.linalg.lstsq(H, gradient, rcond=None)[0]
        size, next_loss = 1.0, np.inf
        while size > _SETTLED:
            next_loss = _loss(model, A @ (at - size * step) + offset, y, weights)
            next_loss += penalty @ ((at - size * step) ** 2) / 2
            if next_loss <= loss:
                break
            size /= 2
        if not next_loss < loss - _SETTLED * (1 + abs(loss)):
            at = at - size * step if next_loss <= loss else at
            break
        at, loss = at - size * step, next_loss
    return np.ldexp(at, unit)


def _start(model: str, y: Vector, weights: Vector, offset: Vector) -> float:
    share = float(np.average(y, weights=weights))
    if model == "logistic":
        share = min(max(share, 1e-6), 1 - 1e-6)
        return float(np.log(share / (1 - share)))
    if model == "poisson":
        return float(np.log(max(share, 1e-12) / np.average(np.exp(offset), weights=weights)))
    return share


def _moments(model: str, u: Vector) -> tuple[Vector, Vector]:
    """Expected labels and their variances, of scores."""
    u = u if model == "linear" else np.clip(u, -WIDE, WIDE)
    if model == "linear":
        return u, np.ones(len(u))
    if model == "logistic":
        mean = 1 / (1 + np.exp(-u))
        return mean, np.maximum(mean * (1 - mean), _LEAST)
    mean = np.exp(u)
    return mean, np.maximum(mean, _LEAST)


def _loss(model: str, u: Vector, y: Vector, weights: Vector) -> float:
    u = u if model == "linear" else np.clip(u, -WIDE, WIDE)
    if model == "linear":
        rows = (u - y) ** 2 / 2
    elif model == "logistic":
        rows = np.logaddexp(0, u) - y * u
    else:
        rows = np.exp(u) - y * u
    return float(np.average(rows, weights=weights))
