"""One vector of the sender: a word per cell to the holder, and shares modulo 2^64 of its sums by bin.

A leaf's word is TMMO(leaf, τ), where τ follows from a secret of the sender, its history and the vector: another vector,
or another history, gets other words, so that a sender that was set back to an earlier state repeats no pad. The sender
adds up a cell's words and the row's number; the holder, which lacks the word at its bin, finds there the number and
that word together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.onehot.blocks import Blocks, Permutation, block
from accord_protocols.primitives.onehot.halftree import CELLS, Bins, Grower, places
from accord_protocols.primitives.onehot.loops import loops

Words = NDArray[np.uint64]


@dataclass(frozen=True)
class Place:
    """Where rows of an edge are.

    Attributes:
        sid: 32 bytes, of the edge and its direction.
        number: Of their block of rows.
        depth: Levels of a cell's half-tree.
    """

    sid: bytes
    number: int
    depth: int


def send(place: Place, q: Words, delta: Words, nonce: bytes) -> Words:
    """The sender's words by bin, ``(rows, m, W)``.

    Their sum over a cell, added to the row's number, is what the holder is told; their negatives add up to the sender's
    shares.

    Args:
        place: Of these rows.
        q: ``(rows, m · depth · 2)``.
        delta: ``(2,)``.
        nonce: τ of the vector, 16 bytes.
    """
    cells, out, order = _cells(q, place.depth)
    hashed, grower = _Hash(place, nonce), _grower(place)
    for span in _spans(cells):
        x = grower.leaves(cells[span], delta)
        loops().give(*hashed(x), order, out[span])
    return out.reshape(len(q), -1, len(order))


def receive(place: Place, kept: Words, bins: Bins, told: Words, nonce: bytes) -> Words:
    """The holder's shares by bin, ``(rows, m, W)``.

    Args:
        place: Of these rows.
        kept: ``(rows, m · depth · 2)``.
        bins: ``(rows, m)``.
        told: ``(rows, m)``, what the sender told.
        nonce: τ.
    """
    cells, out, order = _cells(kept, place.depth)
    hashed, grower = _Hash(place, nonce), _grower(place)
    own, numbers = bins.reshape(-1), np.ascontiguousarray(told).reshape(-1)
    for span in _spans(cells):
        x = grower.regrow(cells[span], own[span])
        loops().take(*hashed(x), order, own[span], numbers[span], out[span])
    return out.reshape(len(kept), -1, len(order))


def totals(pads: Words, rows: NDArray[np.int64], slots: Bins, count: int) -> Words:
    """Sums of some rows of ``(n, m, W)``, each added to the total of its slot: ``(count, m, W)``."""
    found = np.zeros((count, *pads.shape[1:]), np.uint64)
    loops().gather(pads, rows, slots, found)
    return found


class _Hash:
    """TMMO of leaves, but for the last XOR: z = π(y ⊕ τ) and y = π(leaf), in the leaves' shape."""

    def __init__(self, place: Place, nonce: bytes) -> None:
        self._first, self._second = (Permutation(place.sid, "leaf", place.number) for _ in range(2))
        self._tweak, self._turned = block(nonce), np.empty((0, 0, 2), np.uint64)

    def __call__(self, leaves: Blocks) -> tuple[Blocks, Blocks]:
        y = self._first(leaves)
        if self._turned.shape != y.shape:
            self._turned = np.empty_like(y)
        loops().tweak(y, self._tweak, self._turned)
        return self._second(self._turned), y


def _grower(place: Place) -> Grower:
    return Grower(Permutation(place.sid, "grow", place.number), place.depth)


def _cells(q: Words, depth: int) -> tuple[Words, Words, NDArray[np.int64]]:
    """Cells ``(cells, depth, 2)``, room for their words ``(cells, W)``, and where a leaf is."""
    cells = q.reshape(-1, depth, 2)
    return cells, np.empty((len(cells), 1 << depth), np.uint64), places(depth)


def _spans(cells: Words) -> list[slice]:
    return [slice(start, start + CELLS) for start in range(0, len(cells), CELLS)]
