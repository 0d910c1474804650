"""Arithmetic on additive shares of two holders in Z_2^128: each computes on its own share alone.

A share is an array ``(..., 2) uint64``; see `accord_protocols.primitives.ring.Ring`. Sums, products by public integers
and truncation need no message; products of two shared values are the engine's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.ring import Ring
from accord_protocols.primitives.xof import Xof

Words = NDArray[np.uint64]
Factor = NDArray[Any]
"""A matrix ``(a, b) int64`` of small numbers, or of ring elements ``(a, b, 2) uint64``."""

RING = Ring(128)
_LIMB = 16
_LIMBS = 8
_EXACT_BITS = 52
"""Sums of products stay below 2^52: then doubles add them exactly, in whatever order a library does."""
_BLOCK = 4096
"""Of the summed dimension at once, so that memory does not grow with rows."""
_UNCARRIED = 32
"""Blocks whose sums stay below 2^62 together."""
_HALF = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)


def share(values: Words, xof: Xof) -> tuple[Words, Words]:
    """Two shares of ring elements ``(..., 2)``: the first is uniform."""
    first = RING.random(xof, *values.shape[:-1])
    return first, RING.sub(values, first)


def refreshed(own: Words, zero: Xof, *, first: bool) -> Words:
    """The own share plus the own half of a sharing of zero that both holders draw from a common key.

    Two holders who both do this hold shares that are uniform, whatever they were.
    """
    half = RING.random(zero, *own.shape[:-1])
    return RING.add(own, half) if first else RING.sub(own, half)


def truncated(own: Words, bits: int, zero: Xof, *, first: bool) -> Words:
    """Share of the value over 2^bits, rounded down or up by one unit (SecureML, IEEE S&P 2017, section 4.1).

    It fails with probability ``|value| / 2^127`` an element, which needs uniform shares: a trivial one, (v, 0), would
    fail with certainty where v is negative. So both are refreshed first.

    Args:
        own: ``(..., 2)``.
        bits: From 0 to 127.
        zero: Common to both holders, used for nothing else.
        first: Whether this is the first holder.
    """
    fresh = refreshed(own, zero, first=first)
    if first:
        return _down(fresh, bits)
    return RING.sub(np.zeros_like(fresh), _down(RING.sub(np.zeros_like(fresh), fresh), bits))


def scaled(own: Words, factor: int) -> Words:
    """The share times a public integer below 2^127 in absolute value."""
    return multiplied(own, RING.from_ints([factor]))


def raised(own: Words, bits: int) -> Words:
    """The share times 2^bits, bits from 0 to 127."""
    return scaled(own, 1 << bits)


def multiplied(a: Words, b: Words) -> Words:
    """Element by element, ``(..., 2)`` broadcast."""
    a0, a1, b0, b1 = a[..., 0], a[..., 1], b[..., 0], b[..., 1]
    al, ah, bl, bh = a0 & _LOW, a0 >> _HALF, b0 & _LOW, b0 >> _HALF
    low, cross, other = al * bl, ah * bl, al * bh
    middle = (low >> _HALF) + (cross & _LOW) + (other & _LOW)  # below 3 · 2^32
    top = ah * bh + (cross >> _HALF) + (other >> _HALF) + (middle >> _HALF) + a0 * b1 + a1 * b0
    return np.stack([a0 * b0, top], axis=-1)


def summed(values: Words) -> Words:
    """The sum along the first axis, ``(n, ..., 2)`` to ``(..., 2)``."""
    halves = np.stack([values[..., 0] & _LOW, values[..., 0] >> _HALF, values[..., 1]])
    low, high, top = halves.sum(axis=1, dtype=np.uint64)  # below 2^32 rows nothing wraps but the top
    middle = (low >> _HALF) + high
    with np.errstate(over="ignore"):  # which numpy warns of where these are scalars
        return np.stack([(middle << _HALF) | (low & _LOW), top + (middle >> _HALF)], axis=-1)


def matmul(a: Factor, b: Words) -> Words:
    """``A·B`` of ``(r, k)`` and ``(k, c, 2)``, exact modulo 2^128.

    Both are split into limbs of 16 bits, whose products doubles add exactly: BLAS does the work, and gives the same
    bits in any order of summation.
    """
    rows, inner, columns = len(a), a.shape[1], b.shape[1]
    largest = int(np.abs(a).max(initial=0)) if a.dtype != np.uint64 else (1 << _LIMB) - 1
    step = max(1, min(_BLOCK, 1 << (_EXACT_BITS - _LIMB - largest.bit_length())))
    total = np.zeros((rows, columns, 2), np.uint64)
    for first in range(0, inner, step * _UNCARRIED):
        sums = np.zeros((_LIMBS, rows, columns), np.int64)  # by weight, of every block up to eight below 2^53
        for start in range(first, min(inner, first + step * _UNCARRIED), step):
            span = slice(start, start + step)
            right = _limbs(b[span])
            for i, limb in enumerate(_limbs(a[:, span])):
                many = _LIMBS - i
                found = (limb @ np.concatenate(right[:many], axis=1)).astype(np.int64).reshape(rows, many, columns)
                sums[i:] += found.swapaxes(0, 1)
        total = RING.add(total, carried(sums))
    return total


def carried(sums: NDArray[np.int64]) -> Words:
    """The sum of signed integers times 2^16i, ``(8, ...)`` to ``(..., 2)``; each below 2^62 in absolute value."""
    limbs = np.empty((*sums.shape[1:], _LIMBS), "<u2")
    above = np.zeros_like(sums[0])
    for i, value in enumerate(sums):
        whole = value + above
        limbs[..., i] = (whole & 0xFFFF).astype(np.uint16)
        above = whole >> _LIMB  # rounded down, of a negative number too
    return limbs.view("<u8").astype(np.uint64, copy=False)


def transposed(a: Factor) -> Factor:
    """Aᵀ."""
    return np.ascontiguousarray(a.swapaxes(0, 1))


def elements(a: Factor) -> Words:
    """Numbers as ring elements."""
    return a if a.dtype == np.uint64 else RING.from_int64(a.astype(np.int64, copy=False))


def _limbs(a: Factor) -> list[NDArray[np.float64]]:
    """Limbs of weight 2^16i, as doubles: one with its sign for small numbers, else eight."""
    if a.dtype != np.uint64:
        return [a.astype(np.float64)]
    cut = np.ascontiguousarray(a, "<u8").view("<u2")
    return [cut[..., i].astype(np.float64) for i in range(_LIMBS)]


def _down(a: Words, bits: int) -> Words:
    """The unsigned element over 2^bits, rounded down."""
    low, high = a[..., 0], a[..., 1]
    if bits >= 64:
        return np.stack([high >> np.uint64(bits - 64), np.zeros_like(high)], axis=-1)
    if not bits:
        return a
    down, rest = np.uint64(bits), np.uint64(64 - bits)
    return np.stack([(low >> down) | (high << rest), high >> down], axis=-1)
