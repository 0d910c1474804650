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
    pads = _Pads(place, nonces)
    told = np.empty((len(nonces), len(cells)), np.uint64)
    sums = np.zeros((len(nonces), columns, width), np.uint64)
    for span in _spans(len(cells), columns):
        x, _ = pads.grower.grow(cells[span], delta)
        pads.begin(x)
        for vector in range(len(nonces)):
            out = pads.give(vector)
            told[vector, span] = out.sum(axis=1, dtype=np.uint64)
            sums[vector] -= out.reshape(-1, columns, width).sum(axis=0, dtype=np.uint64)
    return told.reshape(len(nonces), len(q), columns), sums


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
    pads, own = _Pads(place, nonces), bins.reshape(-1)
    numbers = np.ascontiguousarray(told).reshape(len(nonces), -1)
    sums = np.zeros((len(nonces), columns, width), np.uint64)
    for span in _spans(len(cells), columns):
        pads.begin(pads.grower.regrow(cells[span], own[span]))
        for vector in range(len(nonces)):
            out = pads.take(vector, own[span], numbers[vector, span])
            sums[vector] += out.reshape(-1, columns, width).sum(axis=0, dtype=np.uint64)
    return sums


class _Pads:
    """Words of some cells: y = π(leaf) is every vector's, z = π(y ⊕ τ) its own."""

    def __init__(self, place: Place, nonces: Sequence[bytes]) -> None:
        self.grower = Grower(Permutation(place.sid, "grow", place.number), place.depth)
        self._first, self._second = (Permutation(place.sid, "leaf", place.number) for _ in range(2))
        self._tweaks, self._order = [block(nonce) for nonce in nonces], places(place.depth)
        self._y = self._turned = np.empty((0, 0, 2), np.uint64)
        self._out = np.empty((0, 0), np.uint64)

    def begin(self, leaves: Blocks) -> None:
        self._y = self._first(leaves)
        if self._turned.shape != self._y.shape:
            self._turned = np.empty_like(self._y)
            self._out = np.empty((self._y.shape[1], len(self._order)), np.uint64)

    def _hashed(self, vector: int) -> Blocks:
        loops().tweak(self._y, self._tweaks[vector], self._turned)
        return self._second(self._turned)

    def give(self, vector: int) -> Words:
        loops().give(self._hashed(vector), self._y, self._order, self._out)
        return self._out

    def take(self, vector: int, bins: Bins, told: Words) -> Words:
        loops().take(self._hashed(vector), self._y, self._order, bins, told, self._out)
        return self._out


def _cells(q: Words, depth: int) -> tuple[Words, int, int]:
    """Cells ``(cells, depth, 2)``, their columns, and how many bins there are."""
    cells = q.reshape(-1, depth, 2)
    return cells, len(cells) // max(len(q), 1), 1 << depth


def _spans(cells: int, columns: int) -> list[slice]:
    """Whole rows, about as many cells as stay in the cache."""
    step = max(1, CELLS // max(columns, 1)) * columns
    return [slice(start, start + step) for start in range(0, cells, step)] if cells else []
