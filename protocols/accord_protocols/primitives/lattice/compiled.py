"""The inner loops, compiled by numba; `portable` has the same in numpy, with the same results.

Residues are below 2^30. A factor w that is used often is multiplied Shoup's way: with ``w' = floor(2^32·w / p)`` and
y < 2^32, ``y·w - floor(y·w' / 2^32)·p`` is ``y·w`` modulo p, below 2p. Others go Barrett's way. Between the stages of a
transform values stay below 4p (Harvey, "Faster arithmetic for number-theoretic transforms", J. Symb. Comp. 60, 2014).
All loops run along an axis of contiguous 32-bit numbers, so that the compiler makes vectors of them.

``min(v, v - p)`` on unsigned numbers is v modulo p for v < 2p: where v is smaller, the difference wraps around.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

F = TypeVar("F", bound=Callable[..., Any])
Array = NDArray[Any]
U = np.uint64
U32 = np.uint32
_HALF = U(32)
_LOW = U(0xFFFFFFFF)
_TILE = 1024


def kernel(function: F) -> F:
    """Compile when first called, and keep it on disk where there is a place for it."""
    try:
        return cast(F, numba.njit(nogil=True, cache=True)(function))
    except RuntimeError:  # no folder can be written: each process compiles anew
        return cast(F, numba.njit(nogil=True)(function))


@kernel
def _shoup(y: Any, w: Any, ws: Any, p: Any) -> Any:
    return y * w - ((y * ws) >> _HALF) * p


@kernel
def _barrett(z: Any, mu: Any, p: Any) -> Any:
    """z modulo p, for z < 2^61 and mu = floor(2^60 / p)."""
    r = z - (((z >> U(29)) * mu) >> U(31)) * p
    r = min(r, r - p - p)
    return min(r, r - p)


@kernel
def forward(a: Array, out: Array, w: Array, ws: Array, prime: Any, first: int) -> None:
    """Transform `a`, ``(N,)``, which is overwritten, to `out`.

    `first`: the input consists of so many equal parts, of which a transform of zeros behind the first part would
    consist after ``log2(first)`` stages.
    """
    size = a.shape[0]
    p = U(prime)
    p2 = p + p
    m = first
    t = size // 2 // first
    while t >= 16:
        for i in range(m):
            wi = U(w[m + i])
            si = U(ws[m + i])
            x = a[2 * i * t : 2 * i * t + t]
            y = a[2 * i * t + t : 2 * i * t + 2 * t]
            for j in range(t):
                v = U(x[j])
                v = min(v, v - p2)
                s = _shoup(U(y[j]), wi, si, p)
                x[j] = U32(v + s)
                y[j] = U32(v - s + p2)
        t //= 2
        m *= 2
    columns = size // 16
    b = out.reshape(16, columns)
    for c in range(columns):
        for r in range(16):
            b[r, c] = a[c * 16 + r]
    t = 8
    at = columns
    h = 1
    while t >= 1:
        for g in range(h):
            wg = w[at + g * columns : at + g * columns + columns]
            sg = ws[at + g * columns : at + g * columns + columns]
            for r in range(t):
                x = b[2 * g * t + r]
                y = b[2 * g * t + r + t]
                for c in range(columns):
                    v = U(x[c])
                    v = min(v, v - p2)
                    s = _shoup(U(y[c]), U(wg[c]), U(sg[c]), p)
                    x[c] = U32(v + s)
                    y[c] = U32(v - s + p2)
        at += h * columns
        h *= 2
        t //= 2
    for c in range(size):
        v = U(out[c])
        v = min(v, v - p2)
        out[c] = U32(min(v, v - p))


@kernel
def inverse(b: Array, out: Array, w: Array, ws: Array, scale: Any, scale_s: Any, prime: Any) -> None:
    """The inverse of `forward`; `b`, below p, is overwritten. `scale`: 1/N."""
    size = b.shape[0]
    columns = size // 16
    p = U(prime)
    p2 = p + p
    rows = b.reshape(16, columns)
    t = 1
    h = 8
    at = columns * 8
    while t <= 8:
        for g in range(h):
            wg = w[at + g * columns : at + g * columns + columns]
            sg = ws[at + g * columns : at + g * columns + columns]
            for r in range(t):
                x = rows[2 * g * t + r]
                y = rows[2 * g * t + r + t]
                for c in range(columns):
                    u = U(x[c])
                    v = U(y[c])
                    s = u + v
                    x[c] = U32(min(s, s - p2))
                    y[c] = U32(_shoup(u - v + p2, U(wg[c]), U(sg[c]), p))
        h //= 2
        at -= h * columns
        t *= 2
    for c in range(columns):
        for r in range(16):
            out[c * 16 + r] = rows[r, c]
    t = 16
    m = size // 32
    while m >= 1:
        for i in range(m):
            wi = U(w[m + i])
            si = U(ws[m + i])
            x = out[2 * i * t : 2 * i * t + t]
            y = out[2 * i * t + t : 2 * i * t + 2 * t]
            for j in range(t):
                u = U(x[j])
                v = U(y[j])
                s = u + v
                x[j] = U32(min(s, s - p2))
                y[j] = U32(_shoup(u - v + p2, wi, si, p))
        t *= 2
        m //= 2
    n = U(scale)
    ns = U(scale_s)
    for j in range(size):
        v = _shoup(U(out[j]), n, ns, p)
        out[j] = U32(min(v, v - p))


@kernel
def combine(rows: Array, weights: Array, weights_s: Array, offset: Any, prime: Any, out: Array) -> None:
    """``out[i] = offset + Σ_r weights[r]·rows[r, i]`` modulo p; `rows` are any 32-bit numbers, ``(R, n)``."""
    p = U(prime)
    p2 = p + p
    first = U(offset)
    for j in range(out.shape[0]):
        out[j] = U32(first)
    for r in range(rows.shape[0]):
        x = rows[r]
        w = U(weights[r])
        s = U(weights_s[r])
        for j in range(out.shape[0]):
            v = U(out[j]) + _shoup(U(x[j]), w, s, p)
            out[j] = U32(min(v, v - p2))
    for j in range(out.shape[0]):
        v = U(out[j])
        out[j] = U32(min(v, v - p))


@kernel
def multiply(x: Array, y: Array, prime: Any, mu: Any, out: Array) -> None:
    """``out = x·y`` modulo p, all ``(n,)``."""
    p = U(prime)
    m = U(mu)
    for j in range(out.shape[0]):
        out[j] = U32(_barrett(U(x[j]) * U(y[j]), m, p))


@kernel
def accumulate(sums: Array, x: Array, y: Array, prime: Any, mu: Any) -> None:
    """``sums[k] += Σ_b x[b, k]·y[b]`` modulo p: ``(K, N)``, ``(B, K, N)`` and ``(B, N)``, B at most 14."""
    p = U(prime)
    m = U(mu)
    shift = (U(1) << _HALF) % p
    total = np.empty(_TILE, np.uint64)
    size = sums.shape[1]
    for k in range(sums.shape[0]):
        for start in range(0, size, _TILE):
            tile = min(_TILE, size - start)
            z = sums[k, start : start + tile]
            for j in range(tile):
                total[j] = U(z[j])
            for b in range(x.shape[0]):
                xs = x[b, k, start : start + tile]
                ys = y[b, start : start + tile]
                for j in range(tile):
                    total[j] += U(xs[j]) * U(ys[j])
            for j in range(tile):
                v = total[j]
                v = (v >> _HALF) * shift + (v & _LOW)
                v = (v >> _HALF) * shift + (v & _LOW)
                z[j] = U32(_barrett(v, m, p))


@kernel
def switch(c: Array, kept: int, primes: Array, unit: Array, keep: Array, take: Array, wrap: Array) -> None:
    """Divide ``c (L, n)`` by its last primes, down to `kept` of them, in place; see `switching.Switch`."""
    n = c.shape[1]
    for last in range(c.shape[0] - 1, kept - 1, -1):
        p = U(primes[last])
        half = p >> U(1)
        u = c[last]
        for j in range(n):
            v = _shoup(U(u[j]), U(unit[last, 0]), U(unit[last, 1]), p)
            u[j] = U32(min(v, v - p))
        for i in range(last):
            q = U(primes[i])
            q2 = q + q
            a0 = U(keep[last, i, 0])
            a1 = U(keep[last, i, 1])
            b0 = U(take[last, i, 0])
            b1 = U(take[last, i, 1])
            w = U(wrap[last, i])
            x = c[i]
            for j in range(n):
                y = U(u[j])
                v = _shoup(U(x[j]), a0, a1, q) + _shoup(y, b0, b1, q)
                v = min(v, v - q2) + (w if y > half else U(0))
                v = min(v, v - q2)
                x[j] = U32(min(v, v - q))


@kernel
def accept(raw: Array, prime: Any, out: Array) -> int:
    """The first 30-bit numbers of `raw` that are below p, into `out`; returns how many there were."""
    p = U32(prime)
    found = 0
    for i in range(raw.shape[0]):
        v = raw[i] & U32(0x3FFFFFFF)
        if found < out.shape[0] and v < p:
            out[found] = v
            found += 1
    return found
