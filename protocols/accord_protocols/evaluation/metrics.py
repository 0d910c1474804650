"""Figures of predictions on TEST rows, by family of models.

What can be counted is counted in integers, what is summed is summed by `math.fsum`, and logarithms are our own, so that
a replay on any machine gives the same bits; tests hold each figure against scikit-learn's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from accord_protocols.preparation.moments import magnitude, moments
from accord_protocols.primitives.elementary import log, softplus

Vector = NDArray[np.float64]
Metrics = dict[str, float | None]


def metrics(model: str, y: Vector, scores: Vector, predictions: Vector) -> Metrics:
    """The figures of a model's family; None where the rows do not determine one. No row, no figure.

    Args:
        model: ``linear``, ``logistic`` or ``poisson``.
        y: ``(n,)`` labels.
        scores: ``(n,)``, before the link.
        predictions: ``(n,)``, what is expected of the labels.
    """
    if not len(y):
        return {}
    if model == "logistic":
        return classification(y, scores)
    if model == "poisson":
        return {"rmse": regression(y, predictions)["rmse"], "deviance": deviance(y, predictions)}
    return regression(y, predictions)


def regression(y: Vector, predictions: Vector) -> Metrics:
    """rmse, mae and r2, taken in a unit of a power of two, so that no square overflows or vanishes."""
    unit = magnitude(y)
    y, predictions = np.ldexp(y, -unit), np.ldexp(predictions, -unit)
    errors, spread = predictions - y, y - mean(y)
    square, total = math.fsum((errors * errors).tolist()), math.fsum((spread * spread).tolist())
    return {
        "rmse": math.ldexp(math.sqrt(square / len(y)), unit),
        "mae": math.ldexp(mean(np.abs(errors)), unit),
        "r2": None if moments(y).rounding else 1 - square / total,
    }


def classification(y: Vector, scores: Vector) -> Metrics:
    """auc and ks of labels 0 and 1, from counts; log_loss from scores, which never is infinite.

    AUC is the share of pairs of a 1 and a 0 of which the 1 has the higher score, ties counted half (Mann-Whitney); KS
    the largest difference of the two classes' distributions of scores.
    """
    positive, negative = _by_score(y, scores)
    ones, zeros = int(positive.sum()), int(negative.sum())
    found: Metrics = {"auc": None, "ks": None, "log_loss": mean(softplus(scores) - y * scores)}
    if ones and zeros:
        below, above = np.cumsum(negative), np.cumsum(positive)
        doubled = int((positive * (2 * below - negative)).sum())
        found |= {
            "auc": doubled / (2 * ones * zeros),
            "ks": int(np.abs(below * ones - above * zeros).max()) / (ones * zeros),
        }
    return found


def deviance(y: Vector, predictions: Vector) -> float:
    """Mean Poisson deviance, 2/n Σ (y·ln(y/μ) − y + μ), of ``(n,)`` counts and predictions μ > 0."""
    some = y > 0
    terms = np.zeros_like(y)
    terms[some] = y[some] * (log(y[some]) - log(np.maximum(predictions[some], np.finfo(float).tiny)))
    return 2 * mean(terms - y + predictions)


def mean(values: Vector) -> float:
    """Of ``(n,)``, n >= 1."""
    return math.fsum(values.tolist()) / len(values)


def told(metrics: Mapping[str, float | None]) -> dict[str, float]:
    """The figures that there are."""
    return {name: value for name, value in metrics.items() if value is not None}


def _by_score(y: Vector, scores: Vector) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many rows of label 1 and of label 0 have each score, in ascending order of scores."""
    order = np.argsort(scores, kind="stable")
    at = np.flatnonzero(np.concatenate([[True], np.diff(scores[order]) != 0]))
    ones = (y[order] > 0.5).astype(np.int64)
    positive = np.add.reduceat(ones, at)
    return positive, np.diff(np.append(at, len(y))) - positive
