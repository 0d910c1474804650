"""The inner loops in numpy, where numba is not there: the same results, slower. See `compiled`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def forward(a: Array, out: Array, w: Array, ws: Array, prime: int, first: int) -> None:
    """Transform `a`, ``(N,)``, of which `first` equal parts are there, to `out`."""
    p, m, columns = np.uint64(prime), first, len(a) // 16
    v: Array = a.astype(np.uint64)
    while m < columns:
        v = _stage(v.reshape(m, 2, -1), w[m : 2 * m, None].astype(np.uint64), p).reshape(-1)
        m *= 2
    v, at = np.ascontiguousarray(v.reshape(columns, 16).T), columns
    for h in (1, 2, 4, 8):
        factors = w[at : at + h * columns].reshape(h, 1, columns).astype(np.uint64)
        v = _stage(v.reshape(h, 2, -1, columns), factors, p)
        at += h * columns
    out[:] = v.reshape(-1)


def _stage(v: Array, factors: Array, p: np.uint64) -> Array:
    x, y = v[:, 0], v[:, 1] * factors % p
    return np.stack([(x + y) % p, (x + p - y) % p], axis=1)


def inverse(b: Array, out: Array, w: Array, ws: Array, scale: int, scale_s: int, prime: int) -> None:
    """The inverse of `forward`. `scale`: 1/N."""
    p, columns = np.uint64(prime), len(b) // 16
    at = columns * 8
    v: Array = b.astype(np.uint64).reshape(16, columns)
    for h in (8, 4, 2, 1):
        factors = w[at : at + h * columns].reshape(h, 1, columns).astype(np.uint64)
        v = _unstage(v.reshape(h, 2, -1, columns), factors, p)
        at -= (h // 2) * columns
    v, m = np.ascontiguousarray(v.reshape(16, columns).T).reshape(-1), columns // 2
    while m >= 1:
        v = _unstage(v.reshape(m, 2, -1), w[m : 2 * m, None].astype(np.uint64), p).reshape(-1)
        m //= 2
    out[:] = v * np.uint64(scale) % p


def _unstage(v: Array, factors: Array, p: np.uint64) -> Array:
    x, y = v[:, 0], v[:, 1]
    return np.stack([(x + y) % p, (x + p - y) * factors % p], axis=1)


def combine(rows: Array, weights: Array, weights_s: Array, offset: int, prime: int, out: Array) -> None:
    """``out[i] = offset + Σ_r weights[r]·rows[r, i]`` modulo p."""
    p = np.uint64(prime)
    products = rows.astype(np.uint64) * weights.astype(np.uint64)[:, None] % p
    out[:] = (products.sum(axis=0) + np.uint64(offset)) % p


def multiply(x: Array, y: Array, prime: int, mu: int, out: Array) -> None:
    """``out = x·y`` modulo p."""
    out[:] = x.astype(np.uint64) * y % np.uint64(prime)


def accumulate(sums: Array, x: Array, y: Array, i: int, prime: int, mu: int) -> None:
    """``sums[k, i] += Σ_b x[b, k, i]·y[b, i]`` modulo p."""
    p = np.uint64(prime)
    for b in range(len(x)):
        sums[:, i] = (x[b, :, i].astype(np.uint64) * y[b, i] + sums[:, i]) % p


def switch(c: Array, kept: int, primes: Array, unit: Array, keep: Array, take: Array, wrap: Array) -> None:
    """Divide ``c (L, n)`` by its last primes, down to `kept` of them, in place."""
    for last in range(len(c) - 1, kept - 1, -1):
        p = np.uint64(primes[last])
        u = c[last].astype(np.uint64) * np.uint64(unit[last, 0]) % p
        for i in range(last):
            wrapped = np.where(u > p >> np.uint64(1), np.uint64(wrap[last, i]), np.uint64(0))
            total = c[i].astype(np.uint64) * np.uint64(keep[last, i, 0]) + u * np.uint64(take[last, i, 0]) + wrapped
            c[i] = total % np.uint64(primes[i])


def accept(raw: Array, prime: int, out: Array) -> int:
    """The first 30-bit numbers of `raw` that are below p, into `out`; returns how many there were."""
    values = raw & np.uint32(0x3FFFFFFF)
    found: Array = values[values < prime][: len(out)]
    out[: len(found)] = found
    return len(found)


def pack(groups: Array, words: Array) -> None:
    """Sixteen 30-bit numbers of each row of `groups` to fifteen 32-bit words."""
    for i in range(15):  # word i: the last 30 - 2i bits of number i, then the first 2i + 2 of the next
        words[:, i] = groups[:, i] >> np.uint32(2 * i) | groups[:, i + 1] << np.uint32(30 - 2 * i)


def unpack(words: Array, groups: Array) -> None:
    """The inverse of `pack`."""
    mask = np.uint32((1 << 30) - 1)
    groups[:, 0] = words[:, 0] & mask
    for i in range(1, 15):
        groups[:, i] = (words[:, i - 1] >> np.uint32(32 - 2 * i) | words[:, i] << np.uint32(2 * i)) & mask
    groups[:, 15] = words[:, 14] >> np.uint32(2)
