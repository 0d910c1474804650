"""Cells from their transfers to their words, in numpy; `compiled` has the same, with the same bytes.

Nodes of a level come before cells: ``(nodes, cells, 2)``, all left children of a level before all right ones, so that a
node's place is its number with the bits turned round.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.onehot.blocks import Blocks, Permutation, hashed

Words = NDArray[np.uint64]
Bins = NDArray[np.uint8]
Places = NDArray[np.int64]
CELLS = 256
"""Cells that are grown at a time, so that all of them stay in the cache."""


def orthomorphism(x: Words) -> Words:
    """σ(low ‖ high) = high ‖ low ⊕ high of every block: what Δ is added to never meets its own image."""
    return np.stack([x[..., 1], x[..., 0] ^ x[..., 1]], axis=-1)


def places(depth: int) -> Places:
    """Where the nodes of a level are: a number with its bits turned round."""
    found = np.zeros(1, np.int64)
    for level in range(depth):
        found = np.stack([found, found + (1 << level)], axis=1).reshape(-1)
    return found


def grow(permutation: Permutation, q: Blocks, delta: Words) -> Blocks:
    """See `halftree.grow`."""
    told = np.empty((len(q), q.shape[1] - 1, 2), np.uint64)
    for span in spans(len(q)):
        x = _roots(q[span], delta)
        for level in range(1, q.shape[1]):
            x = _parted(permutation, x)
            told[span, level - 1] = np.bitwise_xor.reduce(x[: len(x) // 2], axis=0) ^ q[span, level]
    return told


def siblings(permutation: Permutation, t: Blocks, told: Blocks, bins: Bins) -> Blocks:
    """See `halftree.siblings`."""
    kept = t.copy()
    kept[:, 1:] ^= told
    for span in spans(len(t)):
        own, known = bins[span], kept[span]
        cells, x = np.arange(len(own)), np.zeros((2, len(own), 2), np.uint64)
        for level in range(t.shape[1]):
            path, beside = _where(own, t.shape[1], level)
            if level:
                x = _parted(permutation, x)
                sides = np.bitwise_xor.reduce(x.reshape(2, len(x) // 2, len(own), 2), axis=1)
                known[:, level] ^= sides[(beside >= len(x) // 2).astype(np.int64), cells] ^ x[beside, cells]
            x[path, cells], x[beside, cells] = 0, known[:, level]
    return kept


def give(growing: Permutation, hashing: Permutation, q: Blocks, delta: Words, tweak: Words) -> Words:
    """The sender's words by bin ``(cells, W)``, of cells ``(cells, depth, 2)``."""
    out = np.empty((len(q), 1 << q.shape[1]), np.uint64)
    for span in spans(len(q)):
        out[span] = _words(hashing, leaves(growing, q[span], delta), tweak)
    return out


def take(growing: Permutation, hashing: Permutation, kept: Blocks, bins: Bins, told: Words, tweak: Words) -> Words:
    """The holder's: the same, but at each cell's bin what is told ``(cells,)`` less the others."""
    out = np.empty((len(kept), 1 << kept.shape[1]), np.uint64)
    for span in spans(len(kept)):
        out[span] = _words(hashing, others(growing, kept[span], bins[span]), tweak)
    at = bins.astype(np.int64)[:, None]
    np.put_along_axis(out, at, np.uint64(0), axis=1)
    np.put_along_axis(out, at, (told - out.sum(axis=1, dtype=np.uint64))[:, None], axis=1)
    return out


def give_sums(
    growing: Permutation, hashing: Permutation, q: Blocks, delta: Words, tweaks: Words
) -> tuple[Words, Words]:
    """Sender, of several vectors with tweaks ``(vectors, 2)`` over cells ``(rows, m, depth, 2)``: sums of every cell's
    words, ``(rows, vectors, m)``, and of all words by bin, negated, ``(vectors, m, W)``.
    """
    rows, columns, depth, _ = q.shape
    told = np.empty((rows, len(tweaks), columns), np.uint64)
    sums = np.zeros((len(tweaks), columns, 1 << depth), np.uint64)
    for span in spans(rows, columns):
        x = leaves(growing, q[span].reshape(-1, depth, 2), delta)
        for vector, tweak in enumerate(tweaks):
            words = _words(hashing, x, tweak).reshape(-1, columns, 1 << depth)
            told[span, vector] = words.sum(axis=2, dtype=np.uint64)
            sums[vector] -= words.sum(axis=0, dtype=np.uint64)
    return told, sums


def take_sums(
    growing: Permutation, hashing: Permutation, kept: Blocks, bins: Bins, told: Words, tweaks: Words
) -> Words:
    """Holder: sums of all words by bin, that at each cell's bin being what is told ``(rows, vectors, m)`` less the
    others.
    """
    rows, columns, depth, _ = kept.shape
    sums = np.zeros((len(tweaks), columns, 1 << depth), np.uint64)
    for span in spans(rows, columns):
        own = bins[span, :, None] == np.arange(1 << depth)
        x = others(growing, kept[span].reshape(-1, depth, 2), bins[span].reshape(-1))
        for vector, tweak in enumerate(tweaks):
            words = np.where(own, np.uint64(0), _words(hashing, x, tweak).reshape(own.shape))
            rest = told[span, vector] - words.sum(axis=2, dtype=np.uint64)
            sums[vector] += np.where(own, rest[:, :, None], words).sum(axis=0, dtype=np.uint64)
    return sums


def gather(pads: Words, rows: Places, slots: Bins, totals: Words) -> None:
    """Rows of ``(n, m, W)`` added to the totals ``(slots, m, W)`` of their slots."""
    for slot, total in enumerate(totals):
        total += pads[rows[slots == slot]].sum(axis=0, dtype=np.uint64)


def leaves(permutation: Permutation, q: Blocks, delta: Words) -> Blocks:
    """All leaves of the sender's cells ``(cells, depth, 2)``, ``(W, cells, 2)`` by their `places`."""
    x = _roots(q, delta)
    for _ in range(1, q.shape[1]):
        x = _parted(permutation, x)
    return x


def others(permutation: Permutation, kept: Blocks, bins: Bins) -> Blocks:
    """All leaves of the holder's cells but that at its bin, which is 0."""
    cells, x = np.arange(len(kept)), np.zeros((2, len(kept), 2), np.uint64)
    for level in range(kept.shape[1]):
        x = _parted(permutation, x) if level else x
        path, beside = _where(bins, kept.shape[1], level)
        x[path, cells], x[beside, cells] = 0, kept[:, level]
    return x


def spans(rows: int, columns: int = 1) -> Iterator[slice]:
    """Rows, about as many cells as stay in the cache."""
    step = max(1, CELLS // max(columns, 1))
    return (slice(start, min(rows, start + step)) for start in range(0, rows, step))


def _roots(q: Blocks, delta: Words) -> Blocks:
    return np.stack([q[:, 0], q[:, 0] ^ delta])


def _parted(permutation: Permutation, x: Blocks) -> Blocks:
    """Children of every node."""
    turned = orthomorphism(x)
    left = permutation(turned) ^ turned
    return np.concatenate([left, x ^ left])


def _where(bins: Bins, depth: int, level: int) -> tuple[Places, Places]:
    """Places of the nodes on the paths, and beside them."""
    here, found = bins.astype(np.int64) >> (depth - 1 - level), places(level + 1)
    return found[here], found[here ^ 1]


def _words(hashing: Permutation, x: Blocks, tweak: Words) -> Words:
    """Of every leaf, ``(cells, W)`` in the order of bins."""
    words: Words = hashed(hashing, x, tweak.tobytes())[..., 0][places(len(x).bit_length() - 1)].T
    return words
