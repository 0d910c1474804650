"""Half-trees: of every cell the sender grows W leaves, the holder all of them but the one at its bin.

Guo, Yang, Wang, Zhang, Xie, Liu and Zhao (EUROCRYPT 2023): left = π(σ(x)) ⊕ σ(x), right = x ⊕ left, so that every level
sums to Δ and one block a level, from the second on, tells the holder the node beside its path. The correlated transfers
of a cell choose the complement of its bin, top bit first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.onehot.blocks import BLOCK, Blocks, Permutation
from accord_protocols.primitives.onehot.loops import loops

CELLS = 256
"""Cells that are grown at a time, so that all of them stay in the cache."""
Bins = NDArray[np.uint8]


def depth_of(bins: int) -> int:
    """Levels of a half-tree with so many leaves, a power of two from 4 to 64.

    Raises:
        ValueError: Another number.
    """
    depth = bins.bit_length() - 1
    if bins != 1 << depth or not 2 <= depth <= 6:
        raise ValueError(f"{bins} is no number of bins; 4, 8, 16, 32 and 64 are")
    return depth


def cell_bytes(bins: int) -> int:
    """What the sender tells of a cell."""
    return BLOCK * (depth_of(bins) - 1)


def choices(bins: Bins, depth: int) -> NDArray[np.uint8]:
    """What the holder chooses for its cells ``(cells,)``: ``(cells, depth)`` bits."""
    shifts = np.arange(depth - 1, -1, -1, dtype=np.uint8)
    return (1 - ((bins[:, None] >> shifts) & 1)).astype(np.uint8)


def places(depth: int) -> NDArray[np.int64]:
    """Where the nodes of a level are: a number with its bits turned round, see `portable`."""
    found = np.zeros(1, np.int64)
    for level in range(depth):
        found = np.stack([found, found + (1 << level)], axis=1).reshape(-1)
    return found


class Grower:
    """Grows cells of one block of rows, some at a time. What a call returns is overwritten by the next one.

    Args:
        permutation: For growing.
        depth: Levels.
    """

    def __init__(self, permutation: Permutation, depth: int) -> None:
        self._permutation, self._depth, self._fast = permutation, depth, loops()
        self._places = [places(level) for level in range(depth + 1)]
        self._room: list[tuple[Blocks, Blocks]] = []
        self._sums = np.empty((2, 0, 2), np.uint64)

    def grow(self, q: Blocks, delta: NDArray[np.uint64]) -> tuple[Blocks, Blocks]:
        """The sender's leaves ``(W, cells, 2)``, see `places`, and what it tells, ``(cells, depth - 1, 2)``.

        Args:
            q: ``(cells, depth, 2)``.
            delta: ``(2,)``, to which the leaves of a cell sum.
        """
        x, told = self._begin(len(q)), np.empty((len(q), self._depth - 1, 2), np.uint64)
        x[0], x[1] = q[:, 0], q[:, 0] ^ delta
        for level in range(1, self._depth):
            x = self._level(x, level)
            np.bitwise_xor(self._sums[0], q[:, level], out=told[:, level - 1])
        return x, told

    def leaves(self, q: Blocks, delta: NDArray[np.uint64]) -> Blocks:
        """The sender's leaves alone, as `grow` gives them."""
        x = self._begin(len(q))
        x[0], x[1] = q[:, 0], q[:, 0] ^ delta
        for level in range(1, self._depth):
            x = self._split(x, level)
        return x

    def siblings(self, t: Blocks, told: Blocks, bins: Bins) -> Blocks:
        """What the holder keeps of its cells ``(cells, depth, 2)``: the node beside its path on every level.

        Args:
            t: ``(cells, depth, 2)``.
            told: ``(cells, depth - 1, 2)``, what the sender told.
            bins: ``(cells,)``.
        """
        known = t.copy()
        known[:, 1:] ^= told
        x, found, cells = self._begin(len(t)), np.empty_like(known), np.arange(len(t))
        x[:], self._sums[:] = 0, 0
        for level in range(self._depth):
            x = self._level(x, level) if level else x
            path, beside = self._where(bins, level)
            self._fast.fill(x, path, beside, self._sums, known[:, level])
            found[:, level] = x[beside, cells]
        return found

    def regrow(self, kept: Blocks, bins: Bins) -> Blocks:
        """The holder's leaves ``(W, cells, 2)``, zeros at its bin.

        Args:
            kept: ``(cells, depth, 2)``, see `siblings`.
            bins: ``(cells,)``.
        """
        x = self._begin(len(kept))
        for level in range(self._depth):
            x = self._split(x, level) if level else x
            self._fast.put(x, *self._where(bins, level), kept[:, level])
        return x

    def _where(self, bins: Bins, level: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Places of the nodes on the paths, and beside them."""
        here = bins.astype(np.int64) >> (self._depth - 1 - level)
        found = self._places[level + 1]
        return found[here], found[here ^ 1]

    def _begin(self, cells: int) -> Blocks:
        if self._sums.shape[1] != cells:
            pairs = ((2 << level, cells, 2) for level in range(self._depth))
            self._room = [(np.empty(shape, np.uint64), np.empty(shape, np.uint64)) for shape in pairs]
            self._sums = np.empty((2, cells, 2), np.uint64)
        return self._room[0][0]

    def _level(self, x: Blocks, level: int) -> Blocks:
        turned, out = self._room[level - 1][1], self._room[level][0]
        self._fast.orthomorphism(x, turned)
        self._fast.spread(x, turned, self._permutation(turned), out, self._sums)
        return out

    def _split(self, x: Blocks, level: int) -> Blocks:
        turned, out = self._room[level - 1][1], self._room[level][0]
        self._fast.orthomorphism(x, turned)
        self._fast.split(x, turned, self._permutation(turned), out)
        return out
