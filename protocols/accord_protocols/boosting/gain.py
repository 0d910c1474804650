"""The best split of a node, by exact integers: every machine picks the same, whatever its floating point does.

With a = H_left + λ and T = H + 2λ the gain of a split is (G_left·T − G·a)² / (a·(T − a)·T) plus what is the same for
all splits of the node, so that splits are compared by cross products. Floats only leave out what certainly loses.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from accord_protocols.boosting.groups import Ends
from accord_protocols.boosting.objective import Words, unpacked

_ROUNDING = 2.0**-50  # more than double rounding does to a numerator
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rule:
    """What a split needs, in the fraction bits of the derivatives.

    Attributes:
        l2: λ, above 0.
        weight: Least sum of second derivatives of a child.
        gain: What the gain must be above.
    """

    l2: int
    weight: int
    gain: Fraction

    @classmethod
    def of(cls, l2: float, weight: float, gain: float, bits: int) -> Rule:
        """From the agreement's decimals."""
        unit = Fraction(2) ** bits
        return cls(max(1, int(exactly(l2) * unit)), max(1, int(exactly(weight) * unit)), exactly(gain) * unit)


@dataclass(frozen=True, slots=True)
class Split:
    """A candidate: left are the bins up to `last`, without that of missing values unless they go left.

    Attributes:
        numerator: (G_left·T − G·a)².
        denominator: a·(T − a).
        column: Its number.
        last: Last bin of the left side.
        missing: Whether missing values go left.
    """

    numerator: int
    denominator: int
    column: int
    last: int
    missing: bool

    def above(self, other: Split | None) -> bool:
        """Whether it gains more than another one of the same node."""
        return other is None or self.numerator * other.denominator > other.numerator * self.denominator

    def gain(self, g: int, h: int, l2: int) -> Fraction:
        """In the unit of the derivatives."""
        whole = h + 2 * l2
        return Fraction(self.numerator, self.denominator * whole) + Fraction(g * g, whole) - Fraction(g * g, h + l2)


def exactly(number: float) -> Fraction:
    """The decimal that a number of the agreement is written as."""
    return Fraction(repr(number))


def best(sums: Words, ends: Ends, columns: Ints, g: int, h: int, rule: Rule, *, filtered: bool = True) -> Split | None:
    """The best split of a node in one party's columns; of equal ones the first column, missing left, the lowest bin.

    Args:
        sums: ``(m, W + 1)``, words of all bins below each end; anything where no group ends.
        ends: ``(m, W)``.
        columns: ``(m,)``, the columns' numbers.
        g: Sum of first derivatives of the node.
        h: Of second ones.
        rule: What a split needs.
        filtered: Whether floats leave out what certainly loses; the result is the same.
    """
    found = _candidates(sums, ends)
    found = found[:, (found[4] >= rule.weight) & (h - found[4] >= rule.weight)]
    if not found.shape[1]:
        return None
    left, a = found[3], found[4] + rule.l2
    whole = h + 2 * rule.l2
    top: Split | None = None
    for k in _promising(left, a, g, whole) if filtered else range(found.shape[1]):
        column, last, missing, g_left, h_left = (int(v) for v in found[:, k])
        shifted = h_left + rule.l2
        split = Split(
            (g_left * whole - g * shifted) ** 2,
            shifted * (whole - shifted),
            int(columns[column]),
            last,
            bool(missing),
        )
        if split.above(top):
            top = split
    return top


def _candidates(sums: Words, ends: Ends) -> Ints:
    """Column, last bin, missing left, g and h of the left side, ``(5, k)``, in the order of ties."""
    found = []
    for column, (words, groups) in enumerate(zip(sums, ends, strict=True)):
        last = np.flatnonzero(groups[:-1]).astype(np.int64)
        g, h = unpacked(words[last + 1])
        one = np.ones_like(last)
        found.append(np.stack([one * column, last, one, g, h]))
        if len(last) > 1 and last[0] == 0 and h[0]:  # missing values are a group of their own
            rest = one[1:]
            found.append(np.stack([rest * column, last[1:], 0 * rest, g[1:] - g[0], h[1:] - h[0]]))
    return np.concatenate(found, axis=1) if found else np.zeros((5, 0), np.int64)


def _promising(left: Ints, a: Ints, g: int, whole: int) -> list[int]:
    """Those that may be the best, by bounds in floating point."""
    g_left, shifted, h = left.astype(np.float64), a.astype(np.float64), float(whole)
    u = np.abs(g_left * h - shifted * g)
    error = (np.abs(g_left) * h + shifted * abs(g)) * _ROUNDING
    below = shifted * (h - shifted)
    high, low = (u + error) ** 2 / below * (1 + 1e-9), np.maximum(u - error, 0) ** 2 / below * (1 - 1e-9)
    return [int(k) for k in np.flatnonzero(high >= low.max())]
