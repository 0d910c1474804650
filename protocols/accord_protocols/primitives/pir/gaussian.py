"""Discrete Gaussian numbers by inversion of their distribution, from 64 random bits each."""

from __future__ import annotations

import functools
from decimal import Decimal, localcontext

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.pir.parameters import SIGMA
from accord_protocols.primitives.xof import Xof

TAIL = 64
"""No number is larger: beyond it lies 2^-72 of the distribution."""
_BITS = 63


@functools.cache
def _table() -> NDArray[np.uint64]:
    """Of the absolute value: entry x is 2^63 times the probability of at most x, the same on every machine."""
    with localcontext() as context:
        context.prec = 60
        sigma = Decimal(str(SIGMA))
        weights = [(-Decimal(x * x) / (2 * sigma * sigma)).exp() * (2 if x else 1) for x in range(TAIL + 1)]
        total, below, found = sum(weights), Decimal(0), list[int]()
        for weight in weights[:-1]:
            below += weight
            found.append(int(below / total * (1 << _BITS)))
    return np.array(found, np.uint64)


def gaussian(count: int, xof: Xof) -> NDArray[np.int64]:
    """`count` independent numbers of standard deviation `SIGMA` around 0.

    A word gives a sign and 63 bits of the distribution's absolute value: the statistical distance of one number is
    below 2^-57. The time to look one up depends on it; it is looked up at home.
    """
    words = xof.words(count)
    size = np.searchsorted(_table(), words >> np.uint64(1), side="right").astype(np.int64)
    return np.where(words & np.uint64(1), -size, size)
