"""Large integers as residues: numbers given by rows of 32-bit words, each row with its weight.

Every operand of this engine comes this way: plaintexts with their errors, ring vectors, masks with their flooding.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.lattice import loops

Rows = NDArray[np.uint32]


@dataclass(frozen=True, eq=False)
class Integers:
    """``offset + Σ_r weights[r]·rows[r]``, element by element.

    Args:
        rows: ``(R, count) uint32``.
        weights: R integers of any size and sign.
        offset: Added to every element.
    """

    rows: Rows
    weights: tuple[int, ...]
    offset: int = 0

    def modulo(self, prime: int) -> Rows:
        """The residues, ``(count,)``."""
        weights = [weight % prime for weight in self.weights]
        shoup = np.array([(weight << 32) // prime for weight in weights], np.uint32)
        out = np.empty(self.rows.shape[1], np.uint32)
        loops.combine(self.rows, np.array(weights, np.uint32), shoup, self.offset % prime, prime, out)
        return out

    def plus(self, other: Integers) -> Integers:
        """The sums of two that are equally many."""
        rows = np.concatenate([self.rows, other.rows])
        return Integers(rows, (*self.weights, *other.weights), self.offset + other.offset)

    def times(self, factor: int) -> Integers:
        """All multiplied by one integer."""
        return Integers(self.rows, tuple(factor * weight for weight in self.weights), factor * self.offset)


def signed(values: NDArray[Any]) -> Integers:
    """Signed integers: ``(n,) int64``, or two's complement ``(n, words) uint64``."""
    words = np.ascontiguousarray(values).reshape(len(values), -1).astype("<i8", copy=False).view("<u4")
    rows = np.empty((words.shape[1] + 1, len(words)), np.uint32)
    rows[:-1] = words.T
    rows[-1] = rows[-2] >> np.uint32(31)
    return Integers(rows, (*powers(len(rows) - 1), -(1 << (32 * (len(rows) - 1)))))


def unsigned(rows: Rows) -> Integers:
    """Integers by their words, ``(words, n)``, the least significant first."""
    return Integers(rows, tuple(powers(len(rows))))


def powers(count: int) -> Iterable[int]:
    """The weights of that many words."""
    return (1 << (32 * r) for r in range(count))


def scattered(integers: Integers, positions: NDArray[np.int64] | slice, size: int) -> Integers:
    """The same as coefficients of a polynomial of `size`; zero elsewhere, so without an offset."""
    assert not integers.offset
    rows = np.zeros((len(integers.rows), size), np.uint32)
    rows[:, positions] = integers.rows
    return Integers(rows, integers.weights)
