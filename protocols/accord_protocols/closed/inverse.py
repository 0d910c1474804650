"""The inverse of a shared matrix by Newton and Schulz, and products of shared matrices: one holder's part.

Y ← Y(2I − HY) from Y = αI converges where the eigenvalues of αH are in (0, 2), and doubles the digits each time
(Schulz, 1933). Both products of a step cross the holders; see `accord_protocols.primitives.lattice.matrices`.
"""

from __future__ import annotations

import numpy as np

from accord_protocols.closed.shape import W_BITS, Shape
from accord_protocols.closed.sums import empty
from accord_protocols.primitives import sharing
from accord_protocols.primitives.sharing import RING, Words
from accord_protocols.primitives.xof import Xof


def product(a: Words, b: Words, opened: Words, mask: Words) -> Words:
    """Share of A·B: own shares' product, the other's answer, and the mask of the own one."""
    return RING.add(RING.add(sharing.matmul(a, b), opened), mask)


def rounded(shape: Shape, value: Words, zero: Xof) -> Words:
    """A product of two numbers of 32 fraction bits, with as many."""
    return sharing.truncated(value, W_BITS, zero, first=shape.first)


def rest(shape: Shape, hy: Words, zero: Xof) -> Words:
    """Share of 2I − HY, from that of HY with 64 fraction bits."""
    total = RING.sub(np.zeros_like(hy), rounded(shape, hy, zero))
    if shape.first:
        total = RING.add(total, _diagonal(shape.m, 2 << W_BITS))
    return total


def opening(shape: Shape, h: Words, alpha: float, zero: Xof) -> Words:
    """Share of Y after the first step, α(2I − αH): it needs no product."""
    factor = round(alpha * 2.0**W_BITS)
    residue = rest(shape, sharing.scaled(h, factor), zero.fork("rest"))
    return rounded(shape, sharing.scaled(residue, factor), zero.fork("opening"))


def _diagonal(m: int, value: int) -> Words:
    out = empty(m, m)
    out[np.arange(m), np.arange(m)] = RING.from_ints([value])[0]
    return out
