"""Mean and variance that are the same on every machine."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def moments(column: NDArray[np.float64]) -> tuple[float, float]:
    """Mean and variance (ddof 0) of ``(n,)`` float64, n >= 1, from correctly rounded sums.

    `math.fsum` does not depend on the order of the terms, so neither the processor nor a version of numpy shows.
    """
    mean = math.fsum(column.tolist()) / len(column)
    deviations = column - mean
    return mean, math.fsum((deviations * deviations).tolist()) / len(column)
