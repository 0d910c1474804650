"""The inner loops in numpy; `compiled` has the same, with the same bytes.

Nodes of a level come before cells: ``(nodes, cells, 2)``, all left children of a level before all right ones, so that a
node's place is its number with the bits turned round.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Bins = NDArray[np.uint8]
Places = NDArray[np.int64]


def orthomorphism(x: Words, out: Words) -> None:
    """σ(low ‖ high) = high ‖ low ⊕ high of every block: what Δ is added to never meets its own image."""
    out[..., 0] = x[..., 1]
    np.bitwise_xor(x[..., 0], x[..., 1], out=out[..., 1])


def spread(x: Words, s: Words, e: Words, out: Words, sums: Words) -> None:
    """Children of every node, left = π(σ(x)) ⊕ σ(x) and right = x ⊕ left; and the sums of every cell's left and right
    ones, ``(2, cells, 2)``."""
    half = len(x)
    np.bitwise_xor(s, e, out=out[:half])
    np.bitwise_xor(x, out[:half], out=out[half:])
    np.bitwise_xor.reduce(out[:half], axis=0, out=sums[0])
    np.bitwise_xor.reduce(out[half:], axis=0, out=sums[1])


def split(x: Words, s: Words, e: Words, out: Words) -> None:
    """Children of every node as `spread` makes them, without their sums."""
    half = len(x)
    np.bitwise_xor(s, e, out=out[:half])
    np.bitwise_xor(x, out[:half], out=out[half:])


def put(x: Words, path: Places, beside: Places, known: Words) -> None:
    """Set the node beside the path of every cell; the node on the path becomes 0."""
    cells = np.arange(len(path))
    x[path, cells] = 0
    x[beside, cells] = known


def fill(x: Words, path: Places, beside: Places, sums: Words, known: Words) -> None:
    """Set the node beside the path of every cell, from what its side sums to; the node on the path becomes 0."""
    cells = np.arange(len(path))
    right = (beside >= len(x) // 2).astype(np.int64)
    found = known ^ sums[right, cells] ^ x[beside, cells]
    x[path, cells] = 0
    x[beside, cells] = found


def tweak(y: Words, t: Words, out: Words) -> None:
    """Every block with the tweak."""
    np.bitwise_xor(y, t, out=out)


def give(z: Words, y: Words, order: Places, out: Words) -> None:
    """Sender: every cell's words by bin, ``(cells, W)``."""
    out[:] = (z[..., 0] ^ y[..., 0])[order].T


def take(z: Words, y: Words, order: Places, bins: Bins, told: Words, out: Words) -> None:
    """Holder: the same, but at each cell's bin what is told less the others."""
    give(z, y, order, out)
    at = bins.astype(np.int64)[:, None]
    np.put_along_axis(out, at, np.uint64(0), axis=1)
    np.put_along_axis(out, at, (told - out.sum(axis=1, dtype=np.uint64))[:, None], axis=1)


def give_sums(z: Words, y: Words, order: Places, told: Words, sums: Words) -> None:
    """Sender: sums of every cell's words to `told` ``(rows, m)``; all words by bin, subtracted from `sums`
    ``(W, m)``."""
    words = (z[..., 0] ^ y[..., 0])[order].reshape(len(order), *told.shape)
    told[:] = words.sum(axis=0, dtype=np.uint64)
    sums -= words.sum(axis=1, dtype=np.uint64)


def take_sums(z: Words, y: Words, order: Places, bins: Bins, told: Words, sums: Words) -> None:
    """Holder: all words by bin added to `sums` ``(W, m)``, that at each cell's bin being what is told ``(rows, m)``
    less the others; `told` is overwritten."""
    words = (z[..., 0] ^ y[..., 0])[order].reshape(len(order), *told.shape)
    own = np.arange(len(order))[:, None, None] == bins
    words[own] = np.uint64(0)
    told -= words.sum(axis=0, dtype=np.uint64)
    words += np.where(own, told, np.uint64(0))
    sums += words.sum(axis=1, dtype=np.uint64)


def gather(pads: Words, rows: Places, slots: Bins, totals: Words) -> None:
    """Rows of ``(n, m, W)`` added to the totals ``(slots, m, W)`` of their slots."""
    for slot, total in enumerate(totals):
        total += pads[rows[slots == slot]].sum(axis=0, dtype=np.uint64)
