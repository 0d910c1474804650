"""Rows that are many, read some at a time by a task that takes them as they are."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.psi.tags import as_items
from accord_protocols.tasks.registry import some
from accord_schemas.blob import Blob

PIECE = 1 << 18
"""Rows that are read at a time."""
Numbers = NDArray[np.uint8] | Blob


def pieces(value: Numbers) -> Iterator[NDArray[np.uint8]]:
    """All rows, in order."""
    return (some(value, slice(start, start + PIECE)) for start in range(0, len(value), PIECE))


def rows_of(value: Numbers, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
    """``value[rows]``, with no more in memory than a piece and these."""
    order, found = np.argsort(rows), np.empty((len(rows), value.shape[1]), np.uint8)
    ascending, target = rows[order], as_items(found)
    for number, piece in enumerate(pieces(value)):
        low, high = np.searchsorted(ascending, (number * PIECE, number * PIECE + len(piece)))
        target[order[low:high]] = as_items(piece).take(ascending[low:high] - number * PIECE)
    return found
