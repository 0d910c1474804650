"""The inverse link of a family as a Fourier series, which holders of shares of a score can compute."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.fourier import (
    EXP_PERIOD,
    LOSS_BITS,
    TABLE_BITS,
    Series,
    exponential,
    logistic_loss,
    sigmoid,
)
from accord_protocols.primitives.xof import Xof


def series_of(model: str, period: int) -> Series:
    """The expected label by the score: of a ``logistic`` or ``poisson`` model in its scaled unit."""
    return exponential() if model == "poisson" else sigmoid(period)


LOST_BITS = 16
"""Fraction bits of the factors of a loss that is opened as a sum: its coefficients are larger."""


def loss_of(model: str, period: int) -> Series | None:
    """The part of the loss that takes a series of its own: a Poisson model's follows from the expected labels."""
    return logistic_loss(period) if model == "logistic" else None


def table_bits(model: str) -> int:
    """Fraction bits of the waves that are multiplied: an exponential's coefficients are larger, and so its rounding."""
    return LOSS_BITS if model == "poisson" else TABLE_BITS


def period_of(model: str, period: int) -> int:
    """The period that a model's series has."""
    return EXP_PERIOD if model == "poisson" else period


def masks(seed: bytes, series: Series, rows: int) -> NDArray[np.uint64]:
    """A holder's masks of the phases of its share, ``(n,)``."""
    drawn: NDArray[np.uint64] = Xof(seed, "phases").words(rows) & low(series)
    return drawn


def low(series: Series) -> np.uint64:
    """The bits of a phase."""
    return np.uint64((1 << series.phase_bits) - 1)
