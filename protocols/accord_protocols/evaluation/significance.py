"""Whether a coefficient differs from 0, by its standard error."""

from __future__ import annotations

import math


def p_value(coefficient: float, error: float, freedom: int | None) -> float | None:
    """Two-sided: how often chance alone would give a coefficient as far from 0.

    Args:
        coefficient: As estimated.
        error: Its standard error.
        freedom: Of the residuals, where their variance was estimated (Student's t); None for the normal distribution.

    Returns:
        None where the error says nothing.
    """
    if not error > 0 or not math.isfinite(coefficient / error):
        return None
    ratio = abs(coefficient / error)
    if freedom is None:
        return math.erfc(ratio / math.sqrt(2))
    from scipy.special import stdtr

    return float(2 * stdtr(freedom, -ratio))
