"""The inner loops, compiled by numba; `portable` has the same in numpy, with the same results.

Residues are below 2^30. A factor w that is used often is multiplied Shoup's way: with ``w' = floor(2^32·w / p)`` and
y < 2^32, ``y·w - floor(y·w' / 2^32)·p`` is ``y·w`` modulo p, below 2p. Others go Barrett's way. Between the stages of a
transform values stay below 4p (Harvey, "Faster arithmetic for number-theoretic transforms", J. Symb. Comp. 60, 2014).
All loops run along an axis of contiguous 32-bit numbers, so that the compiler makes vectors of them.

``min(v, v - p)`` on unsigned numbers is v modulo p for v < 2p: where v is smaller, the difference wraps around.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.compiling import kernel

Array = NDArray[Any]
U = np.uint64
U32 = np.uint32
_HALF = U(32)
_LOW = U(0xFFFFFFFF)
_TILE = 1024


@kernel
def _shoup(y: Any, w: Any, ws: Any, p: Any) -> Any:
    return y * w - ((y * ws) >> _HALF) * p


@kernel
def _less(v: Any, p: Any) -> Any:
    """v modulo p, for a 32-bit v < 2p."""
    return min(v, U32(v - p))


@kernel
def _barrett(z: Any, mu: Any, p: Any) -> Any:
    """z modulo p, for z < 2^61 and mu = floor(2^60 / p)."""
    r = U32(z - (((z >> U(29)) * mu) >> U(31)) * p)  # below 3p
    return _less(_less(r, U32(p + p)), U32(p))


@kernel
def _forth(x: Array, y: Array, w: Any, ws: Any, p: Any, p2: Any) -> None:
    for j in range(x.shape[0]):
        v = _less(x[j], p2)
        s = U32(_shoup(U(y[j]), w, ws, p))
        x[j] = U32(v + s)
        y[j] = U32(U32(v - s) + p2)


@kernel
def _forth_each(x: Array, y: Array, w: Array, ws: Array, p: Any, p2: Any) -> None:
    for j in range(x.shape[0]):
        v = _less(x[j], p2)
        s = U32(_shoup(U(y[j]), U(w[j]), U(ws[j]), p))
        x[j] = U32(v + s)
        y[j] = U32(U32(v - s) + p2)


@kernel
def forward(a: Array, out: Array, w: Array, ws: Array, prime: Any, first: int) -> None:
    """Transform `a`, ``(N,)``, which is overwritten, to `out`.

    `first`: the input consists of so many equal parts, of which a transform of zeros behind the first part would
    consist after ``log2(first)`` stages.
    """
    size = a.shape[0]
    p = U(prime)
    p2 = U32(p + p)
    m = first
    t = size // 2 // first
    while t >= 16:
        for i in range(m):
            _forth(a[2 * i * t : 2 * i * t + t], a[2 * i * t + t : 2 * i * t + 2 * t], U(w[m + i]), U(ws[m + i]), p, p2)
        t //= 2
        m *= 2
    columns = size // 16
    b = out.reshape(16, columns)
    for start in range(0, columns, 16):
        for r in range(16):
            for c in range(start, start + 16):
                b[r, c] = a[c * 16 + r]
    t = 8
    at = columns
    h = 1
    while t >= 1:
        for g in range(h):
            wg = w[at + g * columns : at + g * columns + columns]
            sg = ws[at + g * columns : at + g * columns + columns]
            for r in range(t):
                _forth_each(b[2 * g * t + r], b[2 * g * t + r + t], wg, sg, p, p2)
        at += h * columns
        h *= 2
        t //= 2
    for c in range(size):
        out[c] = _less(_less(out[c], p2), U32(p))


@kernel
def _back(x: Array, y: Array, w: Any, ws: Any, p: Any, p2: Any) -> None:
    for j in range(x.shape[0]):
        u = x[j]
        v = y[j]
        x[j] = _less(U32(u + v), p2)
        y[j] = U32(_shoup(U(U32(U32(u - v) + p2)), w, ws, p))


@kernel
def _back_each(x: Array, y: Array, w: Array, ws: Array, p: Any, p2: Any) -> None:
    for j in range(x.shape[0]):
        u = x[j]
        v = y[j]
        x[j] = _less(U32(u + v), p2)
        y[j] = U32(_shoup(U(U32(U32(u - v) + p2)), U(w[j]), U(ws[j]), p))


@kernel
def inverse(b: Array, out: Array, w: Array, ws: Array, scale: Any, scale_s: Any, prime: Any) -> None:
    """The inverse of `forward`; `b`, below p, is overwritten. `scale`: 1/N."""
    size = b.shape[0]
    columns = size // 16
    p = U(prime)
    p2 = U32(p + p)
    rows = b.reshape(16, columns)
    t = 1
    h = 8
    at = columns * 8
    while t <= 8:
        for g in range(h):
            wg = w[at + g * columns : at + g * columns + columns]
            sg = ws[at + g * columns : at + g * columns + columns]
            for r in range(t):
                _back_each(rows[2 * g * t + r], rows[2 * g * t + r + t], wg, sg, p, p2)
        h //= 2
        at -= h * columns
        t *= 2
    for start in range(0, columns, 16):
        for c in range(start, start + 16):
            for r in range(16):
                out[c * 16 + r] = rows[r, c]
    t = 16
    m = size // 32
    while m >= 1:
        for i in range(m):
            x = out[2 * i * t : 2 * i * t + t]
            _back(x, out[2 * i * t + t : 2 * i * t + 2 * t], U(w[m + i]), U(ws[m + i]), p, p2)
        t *= 2
        m //= 2
    n = U(scale)
    ns = U(scale_s)
    for j in range(size):
        out[j] = _less(U32(_shoup(U(out[j]), n, ns, p)), U32(p))


@kernel
def _add_row(out: Array, x: Array, w: Any, ws: Any, p: Any, p2: Any) -> None:
    for j in range(out.shape[0]):
        out[j] = _less(U32(out[j] + U32(_shoup(U(x[j]), w, ws, p))), p2)


@kernel
def combine(rows: Array, weights: Array, weights_s: Array, offset: Any, prime: Any, out: Array) -> None:
    """``out[i] = offset + Σ_r weights[r]·rows[r, i]`` modulo p; `rows` are any 32-bit numbers, ``(R, n)``."""
    p = U(prime)
    p2 = U32(p + p)
    first = U32(offset)
    for j in range(out.shape[0]):
        out[j] = first
    for r in range(rows.shape[0]):
        _add_row(out, rows[r], U(weights[r]), U(weights_s[r]), p, p2)
    for j in range(out.shape[0]):
        out[j] = _less(out[j], U32(p))


@kernel
def multiply(x: Array, y: Array, prime: Any, mu: Any, out: Array) -> None:
    """``out = x·y`` modulo p, all ``(n,)``."""
    p = U(prime)
    m = U(mu)
    for j in range(out.shape[0]):
        out[j] = _barrett(U(x[j]) * U(y[j]), m, p)


@kernel
def accumulate(sums: Array, x: Array, y: Array, i: int, prime: Any, mu: Any) -> None:
    """``sums[k, i] += Σ_b x[b, k, i]·y[b, i]`` modulo p: ``(K, L, N)``, ``(B, K, L, N)``, ``(B, L, N)``, B <= 14."""
    p = U(prime)
    m = U(mu)
    shift = (U(1) << _HALF) % p
    total = np.empty(_TILE, np.uint64)
    size = sums.shape[2]
    for k in range(sums.shape[0]):
        for start in range(0, size, _TILE):
            tile = min(_TILE, size - start)
            z = sums[k, i, start : start + tile]
            for j in range(tile):
                total[j] = U(z[j])
            for b in range(x.shape[0]):
                xs = x[b, k, i, start : start + tile]
                ys = y[b, i, start : start + tile]
                for j in range(tile):
                    total[j] += U(xs[j]) * U(ys[j])
            for j in range(tile):
                v = total[j]
                v = (v >> _HALF) * shift + (v & _LOW)
                v = (v >> _HALF) * shift + (v & _LOW)
                z[j] = _barrett(v, m, p)


@kernel
def _divide(x: Array, u: Array, a: Array, b: Array, wrap: Any, half: Any, q: Any, q2: Any) -> None:
    a0, a1, b0, b1 = U(a[0]), U(a[1]), U(b[0]), U(b[1])
    for j in range(x.shape[0]):
        y = u[j]
        v = U32(_shoup(U(x[j]), a0, a1, q) + _shoup(U(y), b0, b1, q))
        v = U32(_less(v, q2) + (wrap if y > half else U32(0)))
        x[j] = _less(_less(v, q2), U32(q))


@kernel
def switch(c: Array, kept: int, primes: Array, unit: Array, keep: Array, take: Array, wrap: Array) -> None:
    """Divide ``c (L, n)`` by its last primes, down to `kept` of them, in place; see `switching.Switch`."""
    for last in range(c.shape[0] - 1, kept - 1, -1):
        p = U(primes[last])
        u = c[last]
        w, ws = U(unit[last, 0]), U(unit[last, 1])
        for j in range(u.shape[0]):
            u[j] = _less(U32(_shoup(U(u[j]), w, ws, p)), U32(p))
        for i in range(last):
            q = U(primes[i])
            _divide(c[i], u, keep[last, i], take[last, i], wrap[last, i], U32(p >> U(1)), q, U32(q + q))


@kernel
def accept(raw: Array, prime: Any, out: Array) -> int:
    """The first 30-bit numbers of `raw` that are below p, into `out`; returns how many there were."""
    p = U32(prime)
    found = 0
    i = 0
    while found < out.shape[0] and i < raw.shape[0]:
        v = raw[i] & U32(0x3FFFFFFF)
        out[found] = v  # the next one overwrites it, unless it counts
        found += v < p
        i += 1
    return found


@kernel
def pack(groups: Array, words: Array) -> None:
    """Sixteen 30-bit numbers of each row of `groups` to fifteen 32-bit words."""
    for g in range(groups.shape[0]):
        for i in range(15):
            words[g, i] = U32((groups[g, i] >> U32(2 * i)) | (groups[g, i + 1] << U32(30 - 2 * i)))


@kernel
def unpack(words: Array, groups: Array) -> None:
    """The inverse of `pack`."""
    mask = U32(0x3FFFFFFF)
    for g in range(words.shape[0]):
        groups[g, 0] = words[g, 0] & mask
        for i in range(1, 15):
            groups[g, i] = U32((words[g, i - 1] >> U32(32 - 2 * i)) | (words[g, i] << U32(2 * i))) & mask
        groups[g, 15] = words[g, 14] >> U32(2)
