"""Pads that were computed a moment ago, so that the levels of one tree do not grow all cells anew.

A worker's own, and no more than `MOST` bytes: what is not there any more, or was never here, is computed again and is
the same, because a pad follows from what it is kept under. Every level of a tree goes through all blocks in order: if
the oldest made room for the next, none would be there when its turn comes again. So blocks of one vector stay until
another vector comes, and what finds no room beside them is not kept.
"""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

MOST = 128 << 20
Rows = NDArray[np.int64]
Pads = NDArray[np.uint64]


class Recent:
    """By key the rows and the pads of a block, and of which vector they are."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._size = most, 0
        self._kept: OrderedDict[bytes, tuple[bytes, Rows, Pads]] = OrderedDict()

    def find(self, key: bytes) -> tuple[Rows, Pads] | None:
        """What was kept under a key, if it is still there."""
        found = self._kept.get(key)
        return found[1:] if found else None

    def keep(self, key: bytes, vector: bytes, rows: Rows, pads: Pads) -> None:
        """Keep the pads ``(n, m, W)`` of these rows, in place of the oldest ones of other vectors."""
        old = [name for name, (other, _, _) in self._kept.items() if other != vector]
        room = self._most - self._size + sum(self._kept[name][2].nbytes for name in old)
        if key in self._kept or pads.nbytes > room:
            return
        for name in old:
            if self._size + pads.nbytes <= self._most:
                break
            self._size -= self._kept.pop(name)[2].nbytes
        self._kept[key] = vector, rows, pads
        self._size += pads.nbytes
