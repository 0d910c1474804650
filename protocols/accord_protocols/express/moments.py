"""Shares of second moments by fold, and of the systems of equations that they give.

A TRAIN row belongs to the fold (its place in the common order) mod k. The first holder's columns and labels stand in
Z₀, the second's columns in X₁ (see `accord_protocols.closed.shape.Shape`); Z₀ᵀZ₀ and X₁ᵀX₁ each knows alone, Z₀ᵀX₁ is
the one product that crosses. All moments are over 2^s, the power of two that is at least the number of rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accord_protocols.closed.shape import W_BITS, X_BITS, Shape
from accord_protocols.closed.sums import empty, own_sums
from accord_protocols.primitives import sharing
from accord_protocols.primitives.lattice import Layout
from accord_protocols.primitives.sharing import RING, Factor, Words
from accord_protocols.primitives.xof import Xof

FACTOR_BITS = 30
"""Fraction bits of a penalty over the largest one that is tried."""


def layout(shape: Shape, folds: int) -> Layout:
    """How one fold of the first holder's columns and labels lies in polynomials; all folds are as long."""
    return Layout("sums", -(-shape.rows // folds), shape.width(own=shape.first) + 1)


def row_bytes() -> int:
    """Of a row of the first holder's columns, encrypted, sixteen columns at a time."""
    one = Layout("sums", 1, 16)
    return one.width * one.group // one.plain.degree.size


def quantised(label: NDArray[np.float64]) -> NDArray[np.int64]:
    """Labels as integers, ``(n,)``, with the fraction bits of columns."""
    return np.ascontiguousarray(RING.from_fixed(label, X_BITS)[:, 0]).view(np.int64)


def folded(block: Factor, label: NDArray[np.float64], folds: int) -> Factor:
    """Columns, and labels if there are any, by fold: ``(k, ⌈n/k⌉, c)`` or ``(…, c, 2)``, rows of zeros at the end."""
    if len(label):
        y = quantised(label)[:, None]
        block = np.concatenate([block, sharing.elements(y) if block.dtype == np.uint64 else y], axis=1)
    missing = -len(block) % folds
    padded = np.concatenate([block, np.zeros((missing, *block.shape[1:]), block.dtype)])
    return np.ascontiguousarray(padded.reshape(-1, folds, *block.shape[1:]).swapaxes(0, 1))


def own_moments(parts: Factor) -> Words:
    """Of each fold's own columns, ``(k, c, c, 2)``."""
    return np.stack([own_sums(part, sharing.elements(part)) for part in parts])


@dataclass(frozen=True, slots=True, repr=False)
class Moments:
    """Shares by fold: XᵀX ``(k, m, m, 2)`` and Xᵀy ``(k, m, 2)``, 32 fraction bits, over 2^s."""

    gram: Words
    right: Words


def assembled(shape: Shape, own: Words, cross: Words, zero: Xof) -> Moments:
    """Moments of all columns.

    Args:
        shape: Sizes.
        own: See `own_moments`.
        cross: Shares of Z₀ᵀX₁, ``(k, c₀, c₁, 2)``, the labels' row last.
        zero: Common to both holders.
    """
    k, m, first, second = len(own), shape.m, shape.places(first=True), shape.places(first=False)
    gram, right, mine = empty(k, m, m), empty(k, m), shape.mine
    width = mine.stop - mine.start
    gram[:, mine, mine] = own[:, :width, :width]
    across = cross[:, :-1]
    gram[:, first, second] = RING.add(gram[:, first, second], across)
    gram[:, second, first] = RING.add(gram[:, second, first], np.ascontiguousarray(across.swapaxes(1, 2)))
    if shape.first:
        right[:, first] = own[:, :width, width]
    right[:, second] = RING.add(right[:, second], cross[:, -1])
    bits = 2 * X_BITS + shape.mean_bits - W_BITS
    return Moments(
        sharing.truncated(gram, bits, zero.fork("gram"), first=shape.first),
        sharing.truncated(right, bits, zero.fork("right"), first=shape.first),
    )


@dataclass(frozen=True, slots=True, repr=False)
class Systems:
    """What is solved, and what the solutions are measured on.

    Args:
        matrices: ``(t · p, m, m, 2)``: for each of t sets of rows one per penalty.
        right: ``(t, m, 2)``, that of each set.
        tests: Moments of the rows that it is measured on.
    """

    matrices: Words
    right: Words
    tests: Moments


def systems(
    shape: Shape, moments: Moments, penalty: Factor, penalties: tuple[float, ...], zero: Xof, *, left_out: bool
) -> Systems:
    """The equations of all rows; or, with `left_out`, of all rows but one fold's, measured on these.

    Args:
        shape: Sizes.
        moments: By fold.
        penalty: The own penalty's matrix, n times that of the largest of `penalties`, 16 fraction bits.
        penalties: On the scale of the mean loss.
        zero: Common to both holders.
        left_out: See above.
    """
    gram, right = (sharing.summed(part) for part in (moments.gram, moments.right))
    folds = len(moments.gram)
    tests = moments if left_out else Moments(gram[None], right[None])
    grams, rights = (gram[None], right[None])
    if left_out:
        grams, rights = RING.sub(grams, moments.gram), RING.sub(rights, moments.right)
    sizes = [shape.rows - len(range(f, shape.rows, folds)) for f in range(folds)] if left_out else [shape.rows]
    own, largest = empty(shape.m, shape.m), max(penalties)
    own[shape.mine, shape.mine] = sharing.elements(penalty)
    found = []
    for t, size in enumerate(sizes):
        for number, value in enumerate(penalties):
            share = value / largest * (size / shape.rows) if largest else 0.0
            scaled = sharing.scaled(own, round(share * 2.0**FACTOR_BITS))
            bits = X_BITS + FACTOR_BITS + shape.mean_bits - W_BITS
            ridge = sharing.truncated(scaled, bits, zero.fork("penalty", t, number), first=shape.first)
            found.append(RING.add(grams[t], ridge))
    return Systems(np.stack(found), rights, tests)
