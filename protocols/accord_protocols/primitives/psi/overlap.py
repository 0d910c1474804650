"""The overlap gate's decision, in fractions: how alike two sets are, and how sure a sample makes us."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from accord_protocols.primitives.psi.cardinality import SAMPLE, is_sampled
from accord_schemas.agreement import Denominator
from accord_schemas.errors import ProtocolError

_UNIT = 10**6


@dataclass(frozen=True)
class Overlap:
    """An overlap as `matches` of `base` ids, all of them or a sample."""

    matches: int
    base: int
    sampled: bool

    @property
    def value(self) -> Fraction:
        """The overlap, 0 to 1; two empty sets have none."""
        return Fraction(self.matches, self.base) if self.base else Fraction(0)

    @property
    def margin(self) -> Fraction:
        """Three standard deviations of a sampled value, rounded up to a millionth (0.02 at 0.9); 0 if not sampled."""
        if not self.sampled or not self.base:
            return Fraction(0)
        variance = Fraction(self.matches * (self.base - self.matches), self.base**3)
        return Fraction(math.isqrt(math.floor(9 * variance * _UNIT**2)) + 1, _UNIT)

    def refused(self, threshold: Fraction) -> bool:
        """The decision: whether the value exceeds `threshold` (``Fraction(str(0.9))``, as written in the agreement)."""
        return self.value > threshold

    def in_dead_band(self, threshold: Fraction) -> bool:
        """Whether another sample might have decided otherwise: `threshold` within `margin` of a sampled value.

        For the owner's report; the decision stays that of `refused`, as asking again would reveal more.
        """
        return self.sampled and abs(self.value - threshold) <= self.margin


def dead_band(threshold: Fraction, sizes: tuple[int, int]) -> Fraction:
    """How far from the bound a sample decides surely: what follows for an overlap of `threshold` from agreed sizes.

    Three standard deviations of a sample of `SAMPLE` ids (0.0202 at 0.9); 0 where sets are compared whole.
    """
    at = Overlap(round(threshold * SAMPLE), SAMPLE, is_sampled(sizes))
    return at.margin


def overlap(matches: int, counts: tuple[int, int], sizes: tuple[int, int], denominator: Denominator) -> Overlap:
    """The overlap of two sets.

    Args:
        matches: Common ids among those that took part.
        counts: Ids of each set that took part.
        sizes: Announced sizes, in the same order. They, not the counts, say which set is the smaller one: taking the
            smaller count would bias the estimate upwards.
        denominator: The base: the smaller set, the first, the second, or the union.

    Raises:
        ProtocolError: Counts that contradict the announced sizes.
    """
    sampled = is_sampled(sizes)
    possible = all(c <= s if sampled else c == s for c, s in zip(counts, sizes, strict=True))
    if not possible or not 0 <= matches <= min(counts):
        raise ProtocolError("the overlap's counts contradict the announced sizes")
    mine, yours = counts
    smaller = mine if sizes[0] <= sizes[1] else yours
    base = {"min": smaller, "mine": mine, "yours": yours, "union": mine + yours - matches}[denominator]
    return Overlap(matches, base, sampled)
