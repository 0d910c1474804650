"""What in a party's own columns speaks for and against each row: local to the party, no event leaves.

A score is a sum, so that column j's share in what sets a row apart is exactly w_j·(x_j − mean_j), x_j the prepared
value and mean_j its mean over the TRAIN rows: positive where it raises the score. The shares of all columns of all
parties add up to the row's score less that of an average row.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from accord_protocols.model.part import ModelPart
from accord_protocols.tasks.registry import Rows

TOP = 3
_ROWS = 4096  # prepared at a time


def contributions(part: ModelPart, rows: Rows, which: NDArray[np.int64]) -> NDArray[np.float64]:
    """``(k, m)`` by row and prepared column.

    Args:
        part: The party's part of a model.
        rows: Its rows, with the columns that the preparation expects.
        which: ``(k,)`` of them.
    """
    averages = np.array([column.average for column in part.preparation.kept])
    prepared = part.preparation.apply(rows.values[which], rows.categories)
    found: NDArray[np.float64] = (prepared - averages) * part.weights
    return found


def reasons(part: ModelPart, rows: Rows, which: NDArray[np.int64], top: int = TOP) -> Iterator[tuple[int, str, float]]:
    """Of each row its `top` largest contributions, the largest first: (row, column, contribution)."""
    names = part.preparation.names
    for first in range(0, len(which), _ROWS):
        some = which[first : first + _ROWS]
        found = contributions(part, rows, some)
        order = np.argsort(-np.abs(found), axis=1, kind="stable")[:, :top]
        for row, own, best in zip(some.tolist(), found.tolist(), order.tolist(), strict=True):
            yield from ((row, names[column], own[column]) for column in best)
