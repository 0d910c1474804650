"""How large a party's own scores may get in a training, and when the range is doubled.

At `shared` a link is a series that is right on a range only, and nobody sees a score: every party keeps its part of the
range, and says where it would leave it. The logistic function's range is split evenly, so that the sum stays in it; a
count's is not, since most of a Poisson model's spread is often one party's.
"""

from __future__ import annotations

from dataclasses import dataclass

from accord_protocols.links.registry import link_of
from accord_protocols.primitives.fourier import EXP_HIGH, EXP_LOW, PERIODS
from accord_schemas.agreement import Train

RANGE_BITS = 20
"""A party's score stays below 2^20 in the label's scaled unit, far from where the larger ring wraps."""
_EDGE = 13 / 32
"""Of a period: `fourier.sigmoid` is the logistic function up to there."""


@dataclass(frozen=True, slots=True)
class Range:
    """Of one party's scores.

    Args:
        low: The least.
        high: The largest.
        searched: Whether leaving it halves the step, instead of ending the training.
    """

    low: float
    high: float
    searched: bool = True


def range_of(train: Train, parties: int, widenings: int) -> Range:
    """The range of each party's scores after the range was doubled so often."""
    link = link_of(train)
    if train.protection == "shared" and link.name == "logistic":
        high = _EDGE * (train.period << widenings) / parties
        return Range(-high, high)
    if train.protection == "shared" and link.name == "poisson":
        return Range(EXP_LOW, EXP_HIGH)
    if link.range < 2.0**RANGE_BITS:
        return Range(-link.range, link.range)
    return Range(-(2.0**RANGE_BITS), 2.0**RANGE_BITS, searched=False)


def can_widen(train: Train, widenings: int) -> bool:
    """Whether the range may be doubled once more."""
    series = train.protection == "shared" and link_of(train).name == "logistic"
    return series and train.period << widenings < max(PERIODS)
