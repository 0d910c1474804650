"""How much each row counts, and what its exposure adds to its score."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.elementary import log
from accord_schemas.errors import UsageError

Vector = NDArray[np.float64]


def row_weights(labels: Vector, weights: Vector | None, class_weights: str | Sequence[float] | None) -> Vector:
    """``(n,)`` with mean 1, or ``(0,)`` where rows count alike.

    Balanced classes count alike, half of all rows each: every row of class c counts W / (2·W_c) times, where W is the
    weight of all rows and W_c that of its class; without weights that is n / (2·n_c).

    Args:
        labels: ``(n,)`` of the TRAIN rows; 0 and 1 where there are class weights.
        weights: ``(n,)`` above 0, in any unit.
        class_weights: ``balanced``, or a weight for label 0 and one for label 1.
    """
    if weights is None and class_weights is None:
        return np.zeros(0)
    found = np.ones(len(labels)) if weights is None else weights / _mean(weights)
    if class_weights is not None:
        classes = [labels == c for c in (0.0, 1.0)]
        if isinstance(class_weights, str):
            sums = [math.fsum(found[rows].tolist()) for rows in classes]
            class_weights = [math.fsum(sums) / (2 * total) if total else 1.0 for total in sums]
        for rows, weight in zip(classes, class_weights, strict=True):
            found = np.where(rows, found * weight, found)
    return found / _mean(found)


def offsets(exposure: Vector | None) -> Vector:
    """What exposures above 0, ``(n,)``, add to scores of a Poisson model: their logarithms; ``(0,)`` without any."""
    return np.zeros(0) if exposure is None else log(np.asarray(exposure))


def tells(model: str, labels: Vector) -> None:
    """See to it that a model can learn from the labels of the TRAIN rows, ``(n,)``.

    Raises:
        UsageError: All are alike, where a model needs more; or there is none.
    """
    if not len(labels):
        raise UsageError("there is no TRAIN row.", hint="Align more users or test on fewer.")
    needs = {"logistic": "rows of both classes, 0 and 1", "poisson": "rows that count something"}.get(model, "")
    alike = labels.min() == labels.max()
    if needs and alike and (model == "logistic" or not labels[0]):
        message = f"the label is {labels[0]:g} in every TRAIN row; a {model} model needs {needs}."
        raise UsageError(message, hint="Align more users, or test on others.")


def _mean(numbers: Vector) -> float:
    return math.fsum(numbers.tolist()) / len(numbers)
