"""A party's weighted adjacency in integers, and its product with a vector of ring elements."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from accord_protocols.graph.edges import Edges
from accord_protocols.primitives.sharing import Words, carried

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Adjacency:
    """A symmetric matrix, row by row; its diagonal is zero.

    Attributes:
        starts: ``(n+1,)``, where each row begins.
        columns: ``(2m,)``, ascending within a row.
        weights: ``(2m,)``, above 0; a row's add up to less than 2^36, so that doubles add products with limbs exactly.
    """

    starts: Ints = field(repr=False)
    columns: Ints = field(repr=False)
    weights: Ints = field(repr=False)

    @staticmethod
    def of(edges: Edges, vertices: int, weights: Ints | None) -> Adjacency:
        """Parallel edges add up; without weights they are one, of weight 1."""
        counts = np.ones(len(edges.sources), np.int64) if weights is None else weights
        ends = edges.sources.astype(np.int64), edges.targets.astype(np.int64)
        places = np.concatenate([ends[0] * vertices + ends[1], ends[1] * vertices + ends[0]])
        found, inverse = np.unique(places, return_inverse=True)
        summed = np.zeros(len(found), np.int64)
        np.add.at(summed, inverse, np.concatenate([counts, counts]))
        kept = summed > 0  # weights too small to count
        found, summed = found[kept], summed[kept] if weights is not None else np.ones(len(found), np.int64)
        starts = np.searchsorted(found, np.arange(vertices + 1, dtype=np.int64) * vertices)
        return Adjacency(starts, found % vertices, summed)

    @cached_property
    def twos(self) -> int:
        """How often 2 divides every weight."""
        every = int(np.bitwise_or.reduce(self.weights, initial=0))
        return (every & -every).bit_length() - 1 if every else 0

    def times(self, vector: Words) -> Words:
        """``A·v`` modulo 2^128, of ``(n, 2) uint64``."""
        vertices = len(self.starts) - 1
        rows = np.repeat(np.arange(vertices), np.diff(self.starts))
        limbs = np.ascontiguousarray(vector, "<u8").view("<u2")
        weights, sums = self.weights.astype(np.float64), np.zeros((limbs.shape[1], vertices), np.int64)
        for limb in range(limbs.shape[1]):
            sums[limb] = np.bincount(rows, weights=limbs[self.columns, limb] * weights, minlength=vertices)
        return carried(sums)
