"""How probable a coefficient as far from 0 is, if its column tells nothing: two-sided p-values, bits alike everywhere.

Of the normal distribution by the series and the continued fraction of erfc (Abramowitz and Stegun 7.1.6 and 7.1.14), of
Student's by the continued fraction of the incomplete beta function (26.5.8, 26.7.1).
"""

from __future__ import annotations

import math

import numpy as np

from accord_protocols.primitives.elementary import exp, log, log1p

_ROOT_PI = 1.7724538509055159
_SERIES = 2.5
"""Below this erfc comes from the series, above from the continued fraction."""
_TERMS, _FAR, _SMALL = 300, 26.0, 1e-300
_EXACT = 2000
"""Degrees of freedom up to which a ratio of gamma functions is multiplied out; beyond, five terms are exact."""


def p_value(value: float, error: float, freedom: int | None = None) -> float | None:
    """Of a coefficient and its standard error; None where that is not above 0.

    Args:
        value: The coefficient.
        error: Its standard error.
        freedom: Degrees of freedom of Student's distribution, where the spread was estimated; None for the normal one.
    """
    if not error > 0 or not math.isfinite(value / error) or (freedom is not None and freedom < 1):
        return None
    t = abs(value / error)
    return _normal(t) if freedom is None else _student(t, freedom)


def _normal(z: float) -> float:
    """erfc(z / √2)."""
    x = z / math.sqrt(2.0)
    if x > _FAR:
        return 0.0
    square = x * x
    density = _exp(-square) / _ROOT_PI
    if x < _SERIES:
        term = total = x
        for n in range(1, _TERMS):
            term *= 2 * square / (2 * n + 1)
            total += term
        return max(0.0, 1.0 - 2 * density * total)
    fraction = x
    for n in range(_TERMS, 0, -1):
        fraction = x + 0.5 * n / fraction
    return density / fraction


def _student(t: float, freedom: int) -> float:
    """I_x(ν/2, 1/2) with x = ν / (ν + t²)."""
    a, ratio = freedom / 2, t * t / freedom
    x, rest = 1 / (1 + ratio), ratio / (1 + ratio)
    if not rest:
        return 1.0
    logarithm = -_log1p(ratio)  # of x
    front = _exp(max(a * logarithm + 0.5 * _log(rest), -700.0)) * _gammas(freedom) / _ROOT_PI
    if x < (a + 1) / (a + 2.5):
        return front * _beta(a, 0.5, x) / a
    return max(0.0, 1.0 - front * _beta(0.5, a, rest) / 0.5)


def _beta(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function, by Lentz's method."""
    c, d = 1.0, 1 / _off_zero(1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, _TERMS):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _off_zero(1 + step * d)
            c = _off_zero(1 + step / c)
            found *= c * d
        if abs(c * d - 1) < 2.0**-52:
            break
    return found


def _gammas(freedom: int) -> float:
    """Γ((ν + 1) / 2) / Γ(ν / 2)."""
    if freedom > _EXACT:
        r = 2 / freedom
        return math.sqrt(1 / r) * (1 + r * (-1 / 8 + r * (1 / 128 + r * (5 / 1024 - r * 21 / 32768))))
    odd = freedom % 2
    found = 1 / _ROOT_PI if odd else _ROOT_PI / 2
    for n in range(1 if odd else 2, freedom, 2):
        found *= (n + 1) / n
    return found


def _off_zero(value: float) -> float:
    return value if abs(value) > _SMALL else _SMALL


def _exp(x: float) -> float:
    return float(exp(np.array([x]))[0])


def _log(x: float) -> float:
    return float(log(np.array([x]))[0])


def _log1p(x: float) -> float:
    return float(log1p(np.array([x]))[0]) if x <= 1 else _log(1 + x)
