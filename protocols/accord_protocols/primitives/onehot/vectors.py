"""Several vectors of one sender over the same cells: leaves are grown once for all of them, a word of each is hashed.

The same words and sums as `words` has for each vector alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from accord_protocols.primitives.onehot.blocks import Blocks, Permutation, block
from accord_protocols.primitives.onehot.halftree import CELLS, Bins, Grower, places
from accord_protocols.primitives.onehot.loops import loops
from accord_protocols.primitives.onehot.words import Place, Words


def send(place: Place, q: Words, delta: Words, nonces: Sequence[bytes]) -> tuple[Words, Words]:
    """The sender: what is told of each cell but for the row's number, ``(vectors, rows, m)``, and its shares of the
    sums by bin, ``(vectors, m, W)``.

    Args:
        place: Of these rows.
        q: ``(rows, m · depth · 2)``.
        delta: ``(2,)``.
        nonces: τ of each vector.
    """
    cells, columns, width = _cells(q, place.depth)
    pads, told = _Pads(place, nonces), np.empty((len(nonces), len(q), columns), np.uint64)
    sums = np.zeros((len(nonces), width, columns), np.uint64)
    for rows in _spans(len(q), columns):
        x = pads.grower.leaves(cells[rows.start * columns : rows.stop * columns], delta)
        pads.begin(x)
        for vector in range(len(nonces)):
            loops().give_sums(*pads.words(vector), pads.order, told[vector, rows], sums[vector])
    return told, np.ascontiguousarray(sums.swapaxes(1, 2))


def receive(place: Place, kept: Words, bins: Bins, told: Words, nonces: Sequence[bytes]) -> Words:
    """The holder's shares of the sums by bin, ``(vectors, m, W)``.

    Args:
        place: Of these rows.
        kept: ``(rows, m · depth · 2)``.
        bins: ``(rows, m)``.
        told: ``(vectors, rows, m)``, with what the holder has itself of the row's number added.
        nonces: τ of each vector.
    """
    cells, columns, width = _cells(kept, place.depth)
    pads, numbers = _Pads(place, nonces), np.array(told, np.uint64, order="C")
    sums = np.zeros((len(nonces), width, columns), np.uint64)
    for rows in _spans(len(kept), columns):
        own = bins[rows]
        x = pads.grower.regrow(cells[rows.start * columns : rows.stop * columns], own.reshape(-1))
        pads.begin(x)
        for vector in range(len(nonces)):
            loops().take_sums(*pads.words(vector), pads.order, own, numbers[vector, rows], sums[vector])
    return np.ascontiguousarray(sums.swapaxes(1, 2))


class _Pads:
    """Words of some cells, but for the last XOR: y = π(leaf) is every vector's, z = π(y ⊕ τ) its own."""

    def __init__(self, place: Place, nonces: Sequence[bytes]) -> None:
        self.grower = Grower(Permutation(place.sid, "grow", place.number), place.depth)
        self.order = places(place.depth)
        self._first, self._second = (Permutation(place.sid, "leaf", place.number) for _ in range(2))
        self._tweaks = [block(nonce) for nonce in nonces]
        self._y = self._turned = np.empty((0, 0, 2), np.uint64)

    def begin(self, leaves: Blocks) -> None:
        self._y = self._first(leaves)
        if self._turned.shape != self._y.shape:
            self._turned = np.empty_like(self._y)

    def words(self, vector: int) -> tuple[Blocks, Blocks]:
        loops().tweak(self._y, self._tweaks[vector], self._turned)
        return self._second(self._turned), self._y


def _cells(q: Words, depth: int) -> tuple[Words, int, int]:
    """Cells ``(cells, depth, 2)``, their columns, and how many bins there are."""
    cells = q.reshape(-1, depth, 2)
    return cells, len(cells) // max(len(q), 1), 1 << depth


def _spans(rows: int, columns: int) -> list[slice]:
    """Rows, about as many cells as stay in the cache."""
    step = max(1, CELLS // max(columns, 1))
    return [slice(start, min(rows, start + step)) for start in range(0, rows, step)]
