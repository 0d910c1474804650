"""Cells from their transfers to their words, compiled by numba; `portable` says what each does, and gives the same.

The nodes of a cell stay where the processor has them at once, see `rounds`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.compiling import kernel
from accord_protocols.primitives.onehot import rounds
from accord_protocols.primitives.onehot.blocks import Permutation

if not rounds.THERE:
    raise ImportError("this processor has no instructions for AES")

Array = NDArray[Any]
U = np.uint64
_FOUR = rounds.FOUR
_parted, _parted_four, _permuted, _words = rounds.parted, rounds.parted_four, rounds.permuted, rounds.words


def grow(permutation: Permutation, q: Array, delta: Array) -> Array:
    """See `portable.grow`."""
    told = np.empty((len(q), q.shape[1] - 1, 2), np.uint64)
    _grow(_keys(permutation), q, delta, told)
    return told


def siblings(permutation: Permutation, t: Array, told: Array, bins: Array) -> Array:
    """See `portable.siblings`."""
    kept = t.copy()
    kept[:, 1:] ^= told
    _siblings(_keys(permutation), bins, kept)
    return kept


def give(growing: Permutation, hashing: Permutation, q: Array, delta: Array, tweak: Array) -> Array:
    """See `portable.give`."""
    out = np.empty((len(q), 1 << q.shape[1]), np.uint64)
    _give(_keys(growing), _keys(hashing), q, delta, tweak, out)
    return out


def take(growing: Permutation, hashing: Permutation, kept: Array, bins: Array, told: Array, tweak: Array) -> Array:
    """See `portable.take`."""
    out = np.empty((len(kept), 1 << kept.shape[1]), np.uint64)
    _take(_keys(growing), _keys(hashing), kept, bins, told, tweak, out)
    return out


def give_sums(growing: Permutation, hashing: Permutation, q: Array, delta: Array, tweaks: Array) -> tuple[Array, Array]:
    """See `portable.give_sums`."""
    rows, columns, depth, _ = q.shape
    told = np.empty((rows, len(tweaks), columns), np.uint64)
    sums = np.zeros((len(tweaks), columns, 1 << depth), np.uint64)
    _give_sums(_keys(growing), _keys(hashing), q, delta, tweaks.reshape(-1), told, sums)
    return told, sums


def take_sums(
    growing: Permutation, hashing: Permutation, kept: Array, bins: Array, told: Array, tweaks: Array
) -> Array:
    """See `portable.take_sums`."""
    _, columns, depth, _ = kept.shape
    sums = np.zeros((len(tweaks), columns, 1 << depth), np.uint64)
    _take_sums(_keys(growing), _keys(hashing), kept, bins, told, tweaks.reshape(-1), sums)
    return sums


def _keys(permutation: Permutation) -> Array:
    keys: Array = rounds.expanded(np.frombuffer(permutation.key, np.uint64))
    return keys


@kernel
def _children(keys: Array, x: Array, nodes: int) -> None:
    """Of so many nodes, in their place: from behind, so that none is overwritten before its turn."""
    if nodes < _FOUR:
        for node in range(nodes - 1, -1, -1):
            _parted(keys, x, node)
    else:
        for group in range(nodes // _FOUR - 1, -1, -1):
            _parted_four(keys, x, group)


@kernel
def _hashed(keys: Array, x: Array) -> None:
    for group in range(len(x) // (2 * _FOUR)):
        _permuted(keys, x, group)


@kernel
def _tweaked(keys: Array, x: Array, tweaks: Array, vector: int, out: Array) -> None:
    """The words of hashed leaves ``(W,)``, for one vector."""
    for group in range(len(out) // _FOUR):
        _words(keys, x, group, tweaks, vector, out)


@kernel
def _leaves(keys: Array, q: Array, delta: Array, x: Array) -> None:
    """All leaves of a cell ``(depth, 2)``, in their order."""
    for w in range(2):
        x[w], x[2 + w] = q[0, w], q[0, w] ^ delta[w]
    for level in range(1, q.shape[0]):
        _children(keys, x, 1 << level)


@kernel
def _others(keys: Array, kept: Array, own: Any, x: Array) -> None:
    """All leaves of a cell but its own, which becomes 0."""
    depth = kept.shape[0]
    for level in range(depth):
        if level:
            _children(keys, x, 1 << level)
        path = own >> (depth - 1 - level)
        for w in range(2):
            x[2 * path + w], x[2 * (path ^ 1) + w] = U(0), kept[level, w]


@kernel
def _grow(keys: Array, q: Array, delta: Array, told: Array) -> None:
    depth = q.shape[1]
    x = np.empty(2 << depth, np.uint64)
    for cell in range(q.shape[0]):
        for w in range(2):
            x[w], x[2 + w] = q[cell, 0, w], q[cell, 0, w] ^ delta[w]
        for level in range(1, depth):
            _children(keys, x, 1 << level)
            low, high = q[cell, level, 0], q[cell, level, 1]
            for node in range(1 << level):
                low ^= x[4 * node]
                high ^= x[4 * node + 1]
            told[cell, level - 1, 0], told[cell, level - 1, 1] = low, high


@kernel
def _siblings(keys: Array, bins: Array, kept: Array) -> None:
    depth = kept.shape[1]
    x = np.empty(2 << depth, np.uint64)
    for cell in range(kept.shape[0]):
        own = np.int64(bins[cell])
        for level in range(depth):
            path = own >> (depth - 1 - level)
            beside = path ^ 1
            if level:
                _children(keys, x, 1 << level)
                side = beside & 1
                for node in range(1 << level):
                    if 2 * node + side != beside:
                        kept[cell, level, 0] ^= x[4 * node + 2 * side]
                        kept[cell, level, 1] ^= x[4 * node + 2 * side + 1]
            for w in range(2):
                x[2 * path + w], x[2 * beside + w] = U(0), kept[cell, level, w]


@kernel
def _give(growing: Array, hashing: Array, q: Array, delta: Array, tweak: Array, out: Array) -> None:
    width = out.shape[1]
    x = np.empty(2 * width, np.uint64)
    for cell in range(q.shape[0]):
        _leaves(growing, q[cell], delta, x)
        _hashed(hashing, x)
        _tweaked(hashing, x, tweak, 0, out[cell])


@kernel
def _take(growing: Array, hashing: Array, kept: Array, bins: Array, told: Array, tweak: Array, out: Array) -> None:
    width = out.shape[1]
    x = np.empty(2 * width, np.uint64)
    for cell in range(kept.shape[0]):
        own, rest = np.int64(bins[cell]), told[cell]
        _others(growing, kept[cell], own, x)
        _hashed(hashing, x)
        _tweaked(hashing, x, tweak, 0, out[cell])
        out[cell, own] = U(0)
        for leaf in range(width):
            rest -= out[cell, leaf]
        out[cell, own] = rest


@kernel
def _give_sums(growing: Array, hashing: Array, q: Array, delta: Array, tweaks: Array, told: Array, sums: Array) -> None:
    vectors, columns, width = sums.shape
    x, one = np.empty(2 * width, np.uint64), np.empty(width, np.uint64)
    for row in range(q.shape[0]):
        for column in range(columns):
            _leaves(growing, q[row, column], delta, x)
            _hashed(hashing, x)
            for vector in range(vectors):
                whole, totals = U(0), sums[vector, column]
                _tweaked(hashing, x, tweaks, vector, one)
                for leaf in range(width):
                    whole += one[leaf]
                    totals[leaf] -= one[leaf]
                told[row, vector, column] = whole


@kernel
def _take_sums(
    growing: Array, hashing: Array, kept: Array, bins: Array, told: Array, tweaks: Array, sums: Array
) -> None:
    vectors, columns, width = sums.shape
    x, one = np.empty(2 * width, np.uint64), np.empty(width, np.uint64)
    for row in range(kept.shape[0]):
        for column in range(columns):
            own = np.int64(bins[row, column])
            _others(growing, kept[row, column], own, x)
            _hashed(hashing, x)
            for vector in range(vectors):
                rest, totals = told[row, vector, column], sums[vector, column]
                _tweaked(hashing, x, tweaks, vector, one)
                for leaf in range(width):
                    rest -= one[leaf]
                    totals[leaf] += one[leaf]
                totals[own] += rest


@kernel
def gather(pads: Array, rows: Array, slots: Array, totals: Array) -> None:
    """See `portable.gather`."""
    size = pads.shape[1] * pads.shape[2]
    source, target = pads.reshape(pads.shape[0], size), totals.reshape(totals.shape[0], size)
    for k in range(rows.shape[0]):
        row, slot = rows[k], np.int64(slots[k])
        for i in range(size):
            target[slot, i] += source[row, i]
