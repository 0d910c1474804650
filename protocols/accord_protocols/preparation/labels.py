"""The label holder's labels brought to order 1."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from accord_protocols.preparation.moments import moments
from accord_schemas.errors import UsageError


def scale_labels(y: NDArray[np.float64]) -> tuple[float, int, NDArray[np.float64]]:
    """Centre and scale labels for linear regression: scaled = (y − center) / 2^shift.

    The power of two lies above the standard deviation σ, σ < 2^shift <= 2σ (for labels that differ by rounding alone,
    or not at all: above their absolute value), so that scaling is exact and only the shift need be announced. The
    center is the mean rounded to a multiple of it. A model of the scaled labels becomes one of y by u ↦ u · 2^shift +
    center.

    Args:
        y: ``(n,)`` float64, n >= 1, of the TRAIN rows.

    Returns:
        center: In the unit of y.
        shift: An exponent, possibly negative.
        scaled: ``(n,)`` float64 with a mean within ±½ and a standard deviation in [½, 1), or 0.

    Raises:
        UsageError: There are no labels.
    """
    if not len(y):
        raise UsageError("there is no TRAIN row.", hint="Align more users or test on fewer.")
    found = moments(y)
    shift = math.frexp(abs(float(y[0])) if found.rounding else found.deviation)[1]
    center = math.ldexp(round(math.ldexp(found.mean, -shift)), shift)
    return center, shift, np.ldexp(y - center, -shift)
