"""exp, log, log1p and the logistic function with the same bits everywhere.

numpy's give other last bits with and without AVX-512, and what a training says follows from them. These are made of
element-wise ``+ - * /``, of rounding, and of scaling by powers of two, in a fixed order: reduction to a short range,
and there the Taylor series (Muller, Elementary Functions, 3rd ed., chapters 3 and 11). The error is below 2 units of
the last place.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

LOG2 = math.log(2.0)
_HIGH, _LOW = float.fromhex("0x1.62e42fep-1"), float.fromhex("0x1.f473de6af278fp-30")
"""log 2 = high + low; k times the first part, 28 bits, is exact for every exponent k."""
_EXP = tuple(1.0 / math.factorial(k) for k in range(14, -1, -1))
"""|r| <= log(2)/2: the next term is below 2^-62."""
_ATANH = tuple(1.0 / (2 * k + 1) for k in range(17, -1, -1))
"""|s| <= 1/3: the next term is below 2^-58."""
_LARGEST = 709.0


def exp(x: Vector) -> Vector:
    """e^x of ``(n,)``, for x <= 709; what is below -709 counts as -709.

    Raises:
        OverflowError: A value is larger, or no number.
    """
    if not np.all(x <= _LARGEST):
        raise OverflowError("an exponent is too large")
    x = np.maximum(x, -_LARGEST)
    k = np.rint(x * (1.0 / LOG2))
    r = (x - k * _HIGH) - k * _LOW
    return np.ldexp(_horner(_EXP, r), k.astype(np.int64))


def log(x: Vector) -> Vector:
    """Natural logarithm of ``(n,)`` normal numbers above 0.

    Raises:
        ValueError: A value is not above 0, or not finite.
    """
    if not np.all((x > 0) & (x < np.inf)):
        raise ValueError("a logarithm is of numbers above 0")
    mantissa, exponent = np.frexp(x)
    low = mantissa < math.sqrt(0.5)
    mantissa, k = np.where(low, 2.0 * mantissa, mantissa), (exponent - low).astype(np.float64)
    return k * _HIGH + (_logarithm((mantissa - 1.0) / (mantissa + 1.0)) + k * _LOW)


def log1p(x: Vector) -> Vector:
    """log(1 + x) of ``(n,)`` in [0, 1]."""
    return _logarithm(x / (2.0 + x))


def logistic(u: Vector) -> Vector:
    """1 / (1 + e^-u) of ``(n,)``; never overflows."""
    t = exp(-np.abs(u))
    return np.asarray(np.where(u >= 0, 1.0, t) / (1.0 + t))


def softplus(u: Vector) -> Vector:
    """log(1 + e^u) of ``(n,)``; never overflows."""
    return np.maximum(u, 0.0) + log1p(exp(-np.abs(u)))


def _logarithm(s: Vector) -> Vector:
    """log((1 + s) / (1 - s)) = 2 artanh s for |s| <= 1/3."""
    return 2.0 * (s * _horner(_ATANH, s * s))


def _horner(coefficients: tuple[float, ...], x: Vector) -> Vector:
    total = np.full(x.shape, coefficients[0])
    for coefficient in coefficients[1:]:
        total = total * x + coefficient
    return total
