"""Vectors of the sender: a word per cell to the holder, and shares modulo 2^64 of their sums by bin.

A leaf's word is TMMO(leaf, τ), where τ follows from a secret of the sender, its history and the vector: another vector,
or another history, gets other words, so that a sender that was set back to an earlier state repeats no pad. The sender
adds up a cell's words and the row's number; the holder, which lacks the word at its bin, finds there the number and
that word together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.onehot.blocks import Permutation, block
from accord_protocols.primitives.onehot.halftree import Bins
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

    @property
    def permutations(self) -> tuple[Permutation, Permutation]:
        """For growing, and for hashing leaves."""
        return Permutation(self.sid, "grow", self.number), Permutation(self.sid, "leaf", self.number)


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
    cells = q.reshape(-1, place.depth, 2)
    return _by_row(loops().give(*place.permutations, cells, delta, block(nonce)), len(q))


def receive(place: Place, kept: Words, bins: Bins, told: Words, nonce: bytes) -> Words:
    """The holder's shares by bin, ``(rows, m, W)``.

    Args:
        place: Of these rows.
        kept: ``(rows, m · depth · 2)``.
        bins: ``(rows, m)``.
        told: ``(rows, m)``, what the sender told.
        nonce: τ.
    """
    cells, numbers = kept.reshape(-1, place.depth, 2), np.ascontiguousarray(told).reshape(-1)
    own = np.ascontiguousarray(bins).reshape(-1)
    return _by_row(loops().take(*place.permutations, cells, own, numbers, block(nonce)), len(kept))


def totals(pads: Words, rows: NDArray[np.int64], slots: Bins, count: int) -> Words:
    """Sums of some rows of ``(n, m, W)``, each added to the total of its slot: ``(count, m, W)``."""
    found = np.zeros((count, *pads.shape[1:]), np.uint64)
    loops().gather(pads, rows, slots, found)
    return found


def send_sums(place: Place, q: Words, delta: Words, nonces: Sequence[bytes]) -> tuple[Words, Words]:
    """The sender, of several vectors over the same cells: what is told of each cell but for the row's number,
    ``(rows, vectors, m)``, and its shares of the sums by bin, ``(vectors, m, W)``.

    Args:
        place: Of these rows.
        q: ``(rows, m · depth · 2)``.
        delta: ``(2,)``.
        nonces: τ of each vector.
    """
    told, sums = loops().give_sums(*place.permutations, _cells(q, place.depth), delta, _tweaks(nonces))
    return told, sums


def receive_sums(place: Place, kept: Words, bins: Bins, told: Words, nonces: Sequence[bytes]) -> Words:
    """The holder's shares of these sums, ``(vectors, m, W)``.

    Args:
        place: Of these rows.
        kept: ``(rows, m · depth · 2)``.
        bins: ``(rows, m)``.
        told: ``(rows, vectors, m)``, with what the holder has itself of the row's number added.
        nonces: τ of each vector.
    """
    cells, own, tweaks = _cells(kept, place.depth), np.ascontiguousarray(bins), _tweaks(nonces)
    sums: Words = loops().take_sums(*place.permutations, cells, own, np.ascontiguousarray(told), tweaks)
    return sums


def _cells(q: Words, depth: int) -> Words:
    return q.reshape(len(q), q.shape[1] // (2 * depth), depth, 2)


def _tweaks(nonces: Sequence[bytes]) -> Words:
    return np.stack([block(nonce) for nonce in nonces])


def _by_row(cells: Words, rows: int) -> Words:
    return cells.reshape(rows, len(cells) // max(rows, 1), cells.shape[1])
