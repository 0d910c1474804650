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


def grow(permutation: Permutation, q: Blocks, delta: NDArray[np.uint64]) -> Blocks:
    """What the sender tells of its cells, ``(cells, depth - 1, 2)``.

    Args:
        permutation: For growing.
        q: ``(cells, depth, 2)``.
        delta: ``(2,)``, to which the leaves of a cell sum.
    """
    told: Blocks = loops().grow(permutation, q, delta)
    return told


def siblings(permutation: Permutation, t: Blocks, told: Blocks, bins: Bins) -> Blocks:
    """What the holder keeps of its cells ``(cells, depth, 2)``: the node beside its path on every level.

    Args:
        permutation: For growing.
        t: ``(cells, depth, 2)``.
        told: ``(cells, depth - 1, 2)``, what the sender told.
        bins: ``(cells,)``.
    """
    kept: Blocks = loops().siblings(permutation, t, told, bins)
    return kept
