"""How large scores may get in a training, and when the range is doubled.

At `shared` a link is a series that is right on a range only, and nobody sees a score: every party says how far its own
ones go, in sixteenths of the range. Of a logistic model these must add up to the whole at most, so that no sum leaves
it; of a Poisson model every party may use all of it, since most of its spread is often one party's.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from accord_protocols.links.registry import link_of
from accord_protocols.primitives.fourier import EXP_HIGH, EXP_LOW, PERIODS
from accord_protocols.primitives.vectors import Vector
from accord_schemas.parts import Train

RANGE_BITS = 20
"""A party's score stays below 2^20 in the label's scaled unit, far from where the larger ring wraps."""
PARTS, BEYOND = 16, 17
_EDGE = 13 / 32
"""Of a period: `fourier.sigmoid` is the logistic function up to there."""


@dataclass(frozen=True, slots=True)
class Range:
    """Of scores.

    Args:
        low: The least that a party's own may be.
        high: The largest.
        searched: Whether leaving it halves the step, instead of ending the training.
        common: Whether the parties share it, and say how much of it they use.
    """

    low: float
    high: float
    searched: bool = True
    common: bool = False

    def reach(self, z: Vector) -> int:
        """How far scores ``(n,)`` go, in sixteenths, where that is said; `BEYOND` where they leave it, or are none."""
        if not (z.min(initial=0.0) >= self.low and z.max(initial=0.0) <= self.high):
            return BEYOND
        return math.ceil(PARTS * float(np.abs(z).max(initial=0.0)) / self.high) if self.common else 0

    def left(self, reaches: Iterable[int]) -> bool:
        """Whether scores that reach so far, a party each, may have left it."""
        found = list(reaches)
        return BEYOND in found or (self.common and sum(found) > PARTS)


def range_of(train: Train, widenings: int) -> Range:
    """The range of each party's scores after the range was doubled so often."""
    link = link_of(train)
    if train.protection == "shared" and link.name == "logistic":
        high = _EDGE * (train.period << widenings)
        return Range(-high, high, common=True)
    if train.protection == "shared" and link.name == "poisson":
        return Range(EXP_LOW, EXP_HIGH)
    if link.range < 2.0**RANGE_BITS:
        return Range(-link.range, link.range)
    return Range(-(2.0**RANGE_BITS), 2.0**RANGE_BITS, searched=False)


def can_widen(train: Train, widenings: int) -> bool:
    """Whether the range may be doubled once more."""
    series = train.protection == "shared" and link_of(train).name == "logistic"
    return series and train.period << widenings < max(PERIODS)
