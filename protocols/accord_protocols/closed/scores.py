"""Shares of every row's score, of the residual, and of the loss."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accord_protocols.closed.shape import LOSS_BITS, U_BITS, W_BITS, WAVE_BITS, X_BITS, Shape
from accord_protocols.primitives import sharing
from accord_protocols.primitives.elementary import exp
from accord_protocols.primitives.fourier import LOG_2, table
from accord_protocols.primitives.sharing import RING, Factor, Words
from accord_protocols.primitives.xof import Xof

Floats = NDArray[np.float64]
LOSS_UNIT = WAVE_BITS + LOSS_BITS
"""Fraction bits of the link's part of the loss."""


@dataclass(frozen=True, slots=True, repr=False)
class Rows:
    """What the first holder knows of each row; at the second one all is empty.

    Args:
        y: Labels, ``(n,)``.
        offset: What is added to scores, ``(n,)``, or empty.
        weights: With mean 1, ``(n,)``, or empty where rows count alike.
    """

    y: Floats
    offset: Floats
    weights: Floats

    def weigh(self, values: Floats) -> Floats:
        """Values ``(n,)`` times weights."""
        return values * self.weights if len(self.weights) else values

    def total(self, value: float, bits: int) -> list[int]:
        """A value of each row, the same for all, with weights and added up: an integer of so many fraction bits."""
        one = round(value * 2.0**bits)
        return [one * len(self.y)] if not len(self.weights) else [round(one * math.fsum(self.weights.tolist()))]


def scores(
    shape: Shape, rows: Factor, w: Words, mask: Words, opened: Words, offset: Floats, zero: Xof
) -> tuple[Words, Words]:
    """Shares of the scores ``(n, 2)`` with 24 fraction bits, and of the penalty's gradient ``(m, 2)`` with 48.

    Args:
        shape: Sizes.
        rows: The own columns, and the own penalty below them, ``(n + k, k)``.
        w: The own share of all weights, ``(m, 2)``.
        mask: Of the answer to the other holder, ``(n + l, 2)``.
        opened: The other's answer, ``(n + k, 2)``.
        offset: What is added to each score, at the first holder; else empty.
        zero: Common to both.
    """
    n = shape.rows
    own = RING.add(sharing.matmul(rows, w[shape.mine][:, None])[:, 0], opened)
    u = sharing.truncated(RING.add(own[:n], mask[:n]), X_BITS + W_BITS - U_BITS, zero, first=shape.first)
    if len(offset):
        u = RING.add(u, RING.from_fixed(offset, U_BITS))
    penalty = np.zeros((shape.m, 2), np.uint64)
    penalty[shape.mine] = own[n:]
    penalty[shape.theirs] = RING.add(penalty[shape.theirs], mask[n:])
    return u, penalty


def affine(shape: Shape, u: Words, rows: Rows, zero: Xof) -> Words:
    """Share of the residual ``(n, 2)`` where it is affine in the score, or in what weights make of it, `u`."""
    if shape.family == "tangent":
        u = sharing.truncated(u, 2, zero, first=shape.first)
    return RING.add(u, at_zero(shape, rows)) if shape.first else u


def at_zero(shape: Shape, rows: Rows) -> Words:
    """What labels add to the residual, which the first holder knows: ``(n, 2)``.

    It is the residual at the score 0, but for Poisson's with weights: of e^u − u in the loss, e^u alone is weighed.
    """
    if shape.family == "poisson":
        return RING.from_fixed(1.0 - rows.weigh(rows.y), U_BITS)
    return RING.from_fixed(rows.weigh(shape.start - rows.y), U_BITS)


@dataclass(frozen=True, slots=True, repr=False)
class Linked:
    """Shares of what the link gives.

    Args:
        residual: ``(n, 2)``, 24 fraction bits; in the first round ``(n, 2, 2)``, the second one that of the score 0.
        slope: The loss's second derivative by the score, ``(n, 2)``, likewise, where it is wanted.
        loss: The sum over rows of the link's part of the loss, ``(1, 2)``, `LOSS_UNIT` fraction bits.
    """

    residual: Words
    slope: Words
    loss: Words


def begun(shape: Shape, rows: Rows) -> Linked:
    """At w = 0, where a score is its offset, which the first holder knows; the second holder's shares are zero."""
    n = shape.rows
    if not shape.first:
        return Linked(np.zeros((n, 2, 2), np.uint64), np.zeros((n, 2), np.uint64), np.zeros((1, 2), np.uint64))
    label = at_zero(shape, rows)
    if len(rows.offset):
        expected = exp(rows.offset)
        residual = RING.from_fixed(rows.weigh(expected - rows.y), U_BITS)
        loss = sharing.summed(RING.from_fixed(rows.weigh(expected) - rows.offset, U_BITS))[None]
        slope = RING.from_fixed(rows.weigh(expected), U_BITS)
        return Linked(np.stack([residual, label], axis=1), slope, sharing.raised(loss, LOSS_UNIT - U_BITS))
    residual = RING.from_fixed(rows.weigh(shape.start - rows.y), U_BITS)
    slope = RING.from_fixed(shape.curvature * rows.weights, U_BITS)
    value = {"logistic": LOG_2, "poisson": 1.0}.get(shape.family, 0.0)
    return Linked(np.stack([residual, label], axis=1), slope, RING.from_ints(rows.total(value, LOSS_UNIT)))


def waves(shape: Shape, u: Words, weights: Floats) -> NDArray[np.int64]:
    """What the first holder encrypts: of its shares ``(n, 2J)``, times the row's weight, so that all sums have it.

    Where the residual is affine in the score, the weight alone, ``(n, 1)``.
    """
    if shape.quadratic:
        return table(weights[:, None], WAVE_BITS)
    series = shape.series[0]
    spokes = series.spokes(series.phases(u))
    return table(spokes * weights[:, None] if shape.uneven else spokes, WAVE_BITS)


def factors(shape: Shape, u: Words, which: Sequence[int]) -> NDArray[np.int64] | Words:
    """What the second holder multiplies these with, for some of the series: ``(len(which), n, 2J)``.

    Where the residual is affine in the score, the own share of it, ``(1, n, 1, 2)``.
    """
    if shape.quadratic:
        return u[None, :, None]
    circle = shape.series[0].waves(shape.series[0].phases(u))  # the same for all of them
    each = ((shape.series[k], shape.series_bits[k]) for k in which)
    return np.stack([table(series.turned(*circle), bits) for series, bits in each])


def linked(shape: Shape, u: Words, sums: Mapping[int, Words], rows: Rows, zero: Xof) -> Linked:
    """From the shares of the series' sums, ``(rows, 2)`` by the series' number.

    Slopes are those of as many rows as there are. With the first series alone there is neither slope nor loss: that of
    a logistic model is 0 then. Where the residual is affine in the score, the one sum is the weight times the second
    holder's share of it.
    """
    if shape.quadratic:
        whole = sums[0]
        if shape.first:
            whole = RING.add(whole, sharing.multiplied(RING.from_fixed(rows.weights, WAVE_BITS), u))
        weighed = sharing.truncated(whole, WAVE_BITS, zero.fork("weighed"), first=shape.first)
        residual = affine(shape, weighed, rows, zero.fork("affine"))
        return Linked(residual, np.zeros((0, 2), np.uint64), np.zeros((1, 2), np.uint64))
    found = {
        shape.series_names[k]: _valued(
            shape, part, shape.series_bits[k], shape.series[k].constant, rows, zero.fork("series", k)
        )
        for k, part in sums.items()
        if shape.series_names[k] != "loss"  # it is opened as a sum
    }
    label = found["label"]
    residual = RING.sub(label, RING.from_fixed(rows.weigh(rows.y), U_BITS)) if shape.first else label
    if shape.family == "poisson":  # e^u − u; the labels' part has the labels' residual at 0
        loss = sharing.raised(sharing.summed(RING.sub(label, u))[None], LOSS_UNIT - U_BITS)
    elif (last := len(shape.series) - 1) not in sums:
        loss = np.zeros((1, 2), np.uint64)
    else:
        loss = sharing.summed(sums[last])[None]
        if shape.first:
            loss = RING.add(loss, RING.from_ints(rows.total(shape.series[-1].constant, LOSS_UNIT)))
    return Linked(residual, found.get("slope", label), loss)


def _valued(shape: Shape, part: Words, bits: int, constant: float, rows: Rows, zero: Xof) -> Words:
    """A series' value with 24 fraction bits."""
    value = sharing.truncated(part, bits + WAVE_BITS - U_BITS, zero, first=shape.first)
    if not shape.first or not constant:
        return value
    if len(rows.weights):
        return RING.add(value, RING.from_fixed(constant * rows.weights, U_BITS))
    return RING.add(value, RING.from_ints([round(constant * 2.0**U_BITS)]))
