"""Shares of the gradient and of the Hessian: sums over rows of the columns of both holders.

With X = X₀ + X₁, where holder q knows X_q (columns that are the other's are 0 in it; those of a party that holds no
shares are a share in both), Xᵀd = Σ_q X_qᵀd₀ + X_qᵀd₁, and XᵀhX has the blocks X₀ᵀh_qX₁ and their transposes, for which
q knows two of three factors, and X_pᵀh_qX_p, in which the products of two columns of p are columns of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from accord_protocols.closed.shape import U_BITS, W_BITS, X_BITS, Shape
from accord_protocols.primitives import sharing
from accord_protocols.primitives.sharing import RING, Factor, Words
from accord_protocols.primitives.xof import Xof

_SCALE_BITS = 14
"""Fraction bits of the public factor that the Hessian is multiplied with."""


def empty(*shape: int) -> Words:
    """Zeros, ``(*shape, 2)``."""
    return np.zeros((*shape, 2), np.uint64)


def column_pairs(x: Factor) -> Factor:
    """Products of two columns each, ``(n, k)`` to ``(n, k(k+1)/2)``, in the order of the upper triangle."""
    left, right = np.triu_indices(x.shape[1])
    if x.dtype == np.uint64:
        return sharing.multiplied(x[:, left], x[:, right])
    return x[:, left] * x[:, right]


def symmetric(entries: Words, width: int) -> Words:
    """The matrix of an upper triangle, ``(k(k+1)/2, 2)`` to ``(k, k, 2)``."""
    out = empty(width, width)
    left, right = np.triu_indices(width)
    out[left, right] = entries
    out[right, left] = entries
    return out


def weighed(x: Factor, slope: Words) -> Words:
    """h∘X, ``(n, k, 2)``."""
    return sharing.multiplied(sharing.elements(x), slope[:, None])


def own_sums(x: Factor, vectors: Words) -> Words:
    """Xᵀd of own columns and shares: ``(n, k)`` and ``(n, c, 2)`` to ``(k, c, 2)``."""
    return sharing.matmul(sharing.transposed(x), vectors)


@dataclass(frozen=True, slots=True, repr=False)
class Parts:
    """Shares of blocks, by whose columns they are summed over; an absent one has no rows.

    Args:
        sums: Xᵀd, ``(k, c, 2)``.
        cross: Xᵀh·(the other's columns), ``(k, l, 2)``.
        pairs: XᵀhX by its upper triangle, ``(k(k+1)/2, 2)``.
    """

    sums: Words
    cross: Words
    pairs: Words


def gradients(shape: Shape, own: Words, opened: Words, mask: Words) -> Words:
    """Shares of Xᵀd, ``(m, c, 2)``, 40 fraction bits.

    Args:
        shape: Sizes.
        own: Of own columns and the own shares of d, ``(k, c, 2)``.
        opened: Of own columns and the other's shares.
        mask: Of the other's columns and the own shares, ``(l, c, 2)``.
    """
    total = empty(shape.m, own.shape[1])
    total[shape.mine] = RING.add(own, opened)
    total[shape.theirs] = RING.add(total[shape.theirs], mask)
    return total


def hessian(shape: Shape, own: Words, opened: Parts, mask: Parts, penalty: Factor, zero: Xof) -> Words:
    """Shares of the Hessian ``(m, m, 2)`` with 32 fraction bits, over 2^s.

    Args:
        shape: Sizes.
        own: XᵀhX of own columns and the own shares of h, ``(k, k, 2)``; XᵀX in the first round, where h is a constant.
        opened: The other's answers; their rows are own columns.
        mask: Of the own answers; their rows are the other's columns.
        penalty: The own penalty, ``(k, k)``.
        zero: Common to both.
    """
    mine, theirs = shape.mine, shape.theirs
    total = empty(shape.m, shape.m)
    total[mine, mine] = own
    for parts, rows, columns in ((opened, mine, theirs), (mask, theirs, mine)):
        if len(parts.pairs):
            matrix = symmetric(parts.pairs, rows.stop - rows.start)
            total[rows, rows] = RING.add(total[rows, rows], matrix)
        if len(parts.cross):
            total[rows, columns] = RING.add(total[rows, columns], parts.cross)
            flipped = np.ascontiguousarray(parts.cross.swapaxes(0, 1))
            total[columns, rows] = RING.add(total[columns, rows], flipped)
    flat = not (len(opened.pairs) or len(mask.pairs))
    factor = shape.curvature if flat else shape.rows / shape.head
    bits = 2 * X_BITS + _SCALE_BITS + shape.mean_bits - W_BITS + (0 if flat else U_BITS)
    whole = sharing.scaled(total, round(factor * 2.0**_SCALE_BITS))
    scaled = sharing.truncated(whole, bits, zero.fork("hessian"), first=shape.first)
    ridge = empty(shape.m, shape.m)
    ridge[mine, mine] = sharing.raised(sharing.elements(penalty), W_BITS - X_BITS)
    ridge = sharing.truncated(ridge, shape.mean_bits, zero.fork("penalty"), first=shape.first)
    return RING.add(scaled, ridge)


def mean(shape: Shape, gradient: Words, penalty: Words, zero: Xof) -> Words:
    """Shares ``(m, 2)`` of the gradient with 32 fraction bits, over 2^s.

    Args:
        shape: Sizes.
        gradient: Xᵀd, ``(m, 2)``, 40 fraction bits.
        penalty: Its penalty's part, 48 fraction bits; see `accord_protocols.closed.scores.scores`.
        zero: Common to both.
    """
    fine = W_BITS - U_BITS
    rest = sharing.truncated(penalty, fine, zero.fork("fine"), first=shape.first)
    whole = RING.add(gradient, rest)
    return sharing.truncated(whole, X_BITS + U_BITS + shape.mean_bits - W_BITS, zero.fork("mean"), first=shape.first)


def padded(shape: Shape, columns: Words) -> Words:
    """With columns of zeros, as many as `Shape.inner` has: ``(m, c, 2)``."""
    out = empty(shape.m, shape.inner.columns)
    out[:, : columns.shape[1]] = columns
    return out
