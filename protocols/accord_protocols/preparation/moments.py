"""Mean and spread that are the same on every machine, and right in every unit."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

_ROUNDING = 2.0**-52
"""What spreads by no more than this share of its largest value differs by rounding alone."""


class Moments(NamedTuple):
    """Of one column, ddof 0, in its own unit; a variance beyond what a float holds is 0 or inf."""

    mean: float
    deviation: float
    variance: float
    rounding: bool
    """Whether the values differ by rounding alone, or not at all."""


def magnitude(values: Vector) -> int:
    """The least exponent e with every |x| < 2^e; 0 where all are 0.

    Divided by 2^e, which is exact, values have no unit: no square of theirs overflows, nor does a variance vanish.
    """
    return math.frexp(float(np.max(np.abs(values), initial=0.0)))[1]


def moments(values: Vector) -> Moments:
    """Moments of ``(n,)`` float64, n >= 1, from correctly rounded sums.

    `math.fsum` does not depend on the order of the terms, so neither the processor nor a version of numpy shows.
    """
    unit = magnitude(values)
    small = np.ldexp(values, -unit)
    mean = math.fsum(small.tolist()) / len(small)
    deviations = small - mean
    variance = math.fsum((deviations * deviations).tolist()) / len(small)
    deviation = math.sqrt(variance)
    return Moments(
        math.ldexp(mean, unit), math.ldexp(deviation, unit), shifted(variance, 2 * unit), deviation <= _ROUNDING
    )


def shifted(value: float, exponent: int) -> float:
    """value · 2^exponent; ±inf where no float is so large."""
    try:
        return math.ldexp(value, exponent)
    except OverflowError:
        return math.copysign(math.inf, value)
