"""Pads that were computed a moment ago, so that the levels of one tree do not grow all cells anew.

A worker's own, and no more than `MOST` bytes: what is not there any more, or was never here, is computed again and is
the same, because a pad follows from what it is kept under.
"""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

MOST = 128 << 20
Rows = NDArray[np.int64]
Pads = NDArray[np.uint64]


class Recent:
    """By key the rows and the pads of a block."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._size = most, 0
        self._kept: OrderedDict[bytes, tuple[Rows, Pads]] = OrderedDict()

    def find(self, key: bytes) -> tuple[Rows, Pads] | None:
        """What was kept under a key, if it is still there."""
        return self._kept.get(key)

    def keep(self, key: bytes, rows: Rows, pads: Pads) -> None:
        """Keep the pads ``(n, m, W)`` of these rows, in place of the oldest ones."""
        if key in self._kept or pads.nbytes > self._most:
            return
        self._kept[key] = rows, pads
        self._size += pads.nbytes
        while self._size > self._most:
            _, (_, old) = self._kept.popitem(last=False)
            self._size -= old.nbytes
