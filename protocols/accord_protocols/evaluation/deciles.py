"""TEST rows in tenths of their predictions: what calibration and lift are read from."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_protocols.evaluation.metrics import mean

Vector = NDArray[np.float64]
TENTHS = 10


def deciles(y: Vector, predictions: Vector) -> list[dict[str, Any]]:
    """The rows from the highest prediction to the lowest, in ten parts of sizes that differ by at most one.

    Rows of equal predictions stay in their order. Of each part: `rows`; `predicted` and `observed`, the means of
    predictions and labels, which agree where a model is calibrated; and where labels are 0 or more, not all 0,
    `lift`, the observed mean over that of all rows, and `captured`, the share of all labels in this part and those
    before.

    Args:
        y: ``(n,)`` labels.
        predictions: ``(n,)``.

    Returns:
        At most ten parts, none empty; none where there is no row.
    """
    parts, found = min(TENTHS, len(y)), list[dict[str, Any]]()
    if not parts:
        return found
    order = np.argsort(-predictions, kind="stable")
    overall, seen = mean(y), 0.0
    counts = overall > 0 and bool((y >= 0).all())
    for k in range(parts):
        rows = order[len(y) * k // parts : len(y) * (k + 1) // parts]
        observed = mean(y[rows])
        part: dict[str, Any] = {"rows": len(rows), "predicted": mean(predictions[rows]), "observed": observed}
        if counts:
            seen += observed * len(rows)
            part |= {"lift": observed / overall, "captured": min(seen / (overall * len(y)), 1.0)}
        found.append(part)
    return found
