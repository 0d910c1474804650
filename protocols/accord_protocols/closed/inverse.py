"""The inverse of a shared matrix by Newton and Schulz, and products of shared matrices: one holder's part.

Y ← Y(2I − HY) from Y = αI converges where the eigenvalues of αH are in (0, 2), and doubles the digits each time
(Schulz, 1933). Both products of a step cross the holders; see `accord_protocols.primitives.lattice.matrices`. With Y
replaced by sY before a step, small eigenvalues of HY grow four times a step instead of twice (`scales`).
"""

from __future__ import annotations

import math

import numpy as np

from accord_protocols.closed.shape import W_BITS, Shape
from accord_protocols.closed.sums import empty
from accord_protocols.primitives import sharing
from accord_protocols.primitives.sharing import RING, Words
from accord_protocols.primitives.xof import Xof

_SCALE_BITS = 3
"""Fraction bits of what Y is multiplied with: a product's share grows by twice as many, and stays far from the ring's
size, where truncation fails."""


def scales(low: float, high: float, steps: int) -> tuple[float, ...]:
    """What Y is multiplied with before each of so many steps.

    A step makes sx(2 − sx) of an eigenvalue x of HY, and s = 2 / (low + high) brings the ends of their range nearest
    to 1. All up to low + high stay positive.

    Args:
        low: What the eigenvalues are at least; smaller ones need further steps.
        high: At most.
        steps: How many.
    """
    found = []
    for _ in range(steps):
        scale = math.floor(2 / (low + high) * 2**_SCALE_BITS) / 2**_SCALE_BITS
        found.append(scale)
        low, high = min(scale * x * (2 - scale * x) for x in (low, high)), 1.0
    return tuple(found)


def product(a: Words, b: Words, opened: Words, mask: Words) -> Words:
    """Share of A·B: own shares' product, the other's answer, and the mask of the own one."""
    return RING.add(RING.add(sharing.matmul(a, b), opened), mask)


def rounded(shape: Shape, value: Words, zero: Xof) -> Words:
    """A product of two numbers of 32 fraction bits, with as many."""
    return sharing.truncated(value, W_BITS, zero, first=shape.first)


def rest(shape: Shape, hy: Words, scale: float, zero: Xof) -> Words:
    """Share of s(2I − sHY), from that of HY with 64 fraction bits."""
    squared = sharing.scaled(hy, round(scale * scale * 4**_SCALE_BITS))
    total = RING.sub(np.zeros_like(hy), sharing.truncated(squared, W_BITS + 2 * _SCALE_BITS, zero, first=shape.first))
    if shape.first:
        total = RING.add(total, _diagonal(shape.m, round(scale * 2.0 ** (W_BITS + 1))))
    return total


def opening(shape: Shape, h: Words, alpha: float, zero: Xof) -> Words:
    """Share of Y after the first step, α(2I − αH): it needs no product."""
    factor = round(alpha * 2.0**W_BITS)
    residue = rest(shape, sharing.scaled(h, factor), 1.0, zero.fork("rest"))
    return rounded(shape, sharing.scaled(residue, factor), zero.fork("opening"))


def _diagonal(m: int, value: int) -> Words:
    out = empty(m, m)
    out[np.arange(m), np.arange(m)] = RING.from_ints([value])[0]
    return out
