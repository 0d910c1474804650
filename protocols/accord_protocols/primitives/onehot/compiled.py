"""The inner loops, compiled by numba; `portable` says what each does."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.compiling import kernel

Array = NDArray[Any]
U = np.uint64


@kernel
def orthomorphism(x: Array, out: Array) -> None:
    """See `portable.orthomorphism`."""
    source, target = x.reshape(-1), out.reshape(-1)
    for i in range(0, source.shape[0], 2):
        low, high = source[i], source[i + 1]
        target[i] = high
        target[i + 1] = low ^ high


@kernel
def spread(x: Array, s: Array, e: Array, out: Array, sums: Array) -> None:
    """See `portable.spread`."""
    nodes, size = x.shape[0], 2 * x.shape[1]
    parents, turned, hashed = x.reshape(nodes, size), s.reshape(nodes, size), e.reshape(nodes, size)
    children, totals = out.reshape(2 * nodes, size), sums.reshape(2, size)
    totals[:] = U(0)
    for k in range(nodes):
        for i in range(size):
            left = turned[k, i] ^ hashed[k, i]
            right = parents[k, i] ^ left
            children[k, i] = left
            children[nodes + k, i] = right
            totals[0, i] ^= left
            totals[1, i] ^= right


@kernel
def split(x: Array, s: Array, e: Array, out: Array) -> None:
    """See `portable.split`."""
    nodes, size = x.shape[0], 2 * x.shape[1]
    parents, turned, hashed = x.reshape(nodes, size), s.reshape(nodes, size), e.reshape(nodes, size)
    children = out.reshape(2 * nodes, size)
    for k in range(nodes):
        parent, t, h = parents[k], turned[k], hashed[k]
        left, right = children[k], children[nodes + k]
        for i in range(size):
            word = t[i] ^ h[i]
            left[i] = word
            right[i] = parent[i] ^ word


@kernel
def put(x: Array, path: Array, beside: Array, known: Array) -> None:
    """See `portable.put`."""
    for i in range(path.shape[0]):
        for w in range(2):
            x[path[i], i, w] = U(0)
            x[beside[i], i, w] = known[i, w]


@kernel
def fill(x: Array, path: Array, beside: Array, sums: Array, known: Array) -> None:
    """See `portable.fill`."""
    half = x.shape[0] // 2
    for i in range(path.shape[0]):
        at = beside[i]
        side = 1 if at >= half else 0
        for w in range(2):
            x[path[i], i, w] = U(0)
            x[at, i, w] ^= known[i, w] ^ sums[side, i, w]


@kernel
def tweak(y: Array, t: Array, out: Array) -> None:
    """See `portable.tweak`."""
    source, target = y.reshape(-1), out.reshape(-1)
    low, high = t[0], t[1]
    for i in range(0, source.shape[0], 2):
        target[i] = source[i] ^ low
        target[i + 1] = source[i + 1] ^ high


@kernel
def give(z: Array, y: Array, order: Array, out: Array) -> None:
    """See `portable.give`."""
    for j in range(out.shape[1]):
        at = order[j]
        for i in range(out.shape[0]):
            out[i, j] = z[at, i, 0] ^ y[at, i, 0]


@kernel
def take(z: Array, y: Array, order: Array, bins: Array, told: Array, out: Array) -> None:
    """See `portable.take`."""
    give(z, y, order, out)
    for i in range(out.shape[0]):
        own, rest = np.int64(bins[i]), told[i]
        out[i, own] = U(0)
        for j in range(out.shape[1]):
            rest -= out[i, j]
        out[i, own] = rest


@kernel
def give_sums(z: Array, y: Array, order: Array, told: Array, sums: Array) -> None:
    """See `portable.give_sums`."""
    rows, columns = told.shape
    told[:] = U(0)
    for j in range(order.shape[0]):
        at = order[j]
        for row in range(rows):
            first = row * columns
            for k in range(columns):
                word = z[at, first + k, 0] ^ y[at, first + k, 0]
                told[row, k] += word
                sums[j, k] -= word


@kernel
def take_sums(z: Array, y: Array, order: Array, bins: Array, told: Array, sums: Array) -> None:
    """See `portable.take_sums`."""
    rows, columns = told.shape
    for j in range(order.shape[0]):
        at = order[j]
        for row in range(rows):
            first = row * columns
            for k in range(columns):
                word = z[at, first + k, 0] ^ y[at, first + k, 0] if bins[row, k] != j else U(0)
                told[row, k] -= word
                sums[j, k] += word
    for row in range(rows):
        for k in range(columns):
            sums[np.int64(bins[row, k]), k] += told[row, k]


@kernel
def gather(pads: Array, rows: Array, slots: Array, totals: Array) -> None:
    """See `portable.gather`."""
    size = pads.shape[1] * pads.shape[2]
    source, target = pads.reshape(pads.shape[0], size), totals.reshape(totals.shape[0], size)
    for k in range(rows.shape[0]):
        row, slot = rows[k], np.int64(slots[k])
        for i in range(size):
            target[slot, i] += source[row, i]
