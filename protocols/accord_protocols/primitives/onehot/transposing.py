"""Bit columns as rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_SIDE = 64
_MASKS = tuple(np.uint64((2**64 - 1) // ((1 << (1 << i)) + 1)) for i in reversed(range(6)))
_STEPS = tuple(zip((32, 16, 8, 4, 2, 1), _MASKS, strict=True))


def transpose(columns: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """``(128, k)`` words of columns, low bits first, to ``(64·k, 2)`` rows: bit j of row i is bit i of column j.

    Blocks of 64 x 64 bits by swapping ever smaller squares (Warren, Hacker's Delight, section 7-3), k at a time.
    """
    rows = np.empty((columns.shape[1] * _SIDE, 2), np.uint64)
    for half in (0, 1):
        square = np.ascontiguousarray(columns[_SIDE * half : _SIDE * (half + 1)])
        for side, mask in _STEPS:
            pairs = square.reshape(_SIDE // (2 * side), 2, side, -1)
            upper, lower, shift = pairs[:, 0], pairs[:, 1], np.uint64(side)
            swapped = ((upper >> shift) ^ lower) & mask
            lower ^= swapped
            upper ^= swapped << shift
        rows[:, half] = square.T.ravel()
    return rows
