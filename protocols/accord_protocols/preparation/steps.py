"""What each step of a preparation learns of one column, in numbers that have the same bits on every machine."""

from __future__ import annotations

import sys
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from accord_protocols.preparation.categories import LEAST
from accord_protocols.preparation.fitted import Step
from accord_protocols.preparation.moments import Moments, moments, shifted

Column = NDArray[np.float64]
MIN_ROWS_OFF_MODE = LEAST


def replacement(values: Column, how: Literal["mean", "median", "most_frequent"]) -> float:
    """What stands for a null; of equally frequent values the smallest.

    Args:
        values: ``(n,)``, n >= 1, of which none is a null.
        how: Which statistic.
    """
    if how == "mean":
        return moments(values).mean
    if how == "median":
        return float(np.median(values))
    levels, counts = np.unique(values, return_counts=True)
    return float(levels[counts.argmax()])


def reach(values: Column, deviations: float) -> tuple[float, float]:
    """Mean ± `deviations` standard deviations (ddof 0) of ``(n,)`` values."""
    found = moments(values)
    away = min(deviations * found.deviation, sys.float_info.max)
    return found.mean - away, found.mean + away


def objection(column: Column, found: Moments, unit: int, below: float, above: float | None) -> tuple[Step, str] | None:
    """Why a column is dropped, and by which step; None where it stays.

    A column that differs in a few rows only would hand its owner those rows' labels, and the label holder their score.

    Args:
        column: ``(n,)``, divided by 2^unit.
        found: Its moments.
        unit: See `column`.
        below: The least variance, in the column's own unit squared.
        above: The largest, or None.
    """
    variance = shifted(found.variance, 2 * unit)
    off = len(column) - int(np.unique(column, return_counts=True)[1].max())
    if off == 0:
        return "one value", "it is constant over the TRAIN rows"
    if variance < below:
        return "variance below", f"its variance {variance:.3g} is below {below:g}"
    if above is not None and variance > above:
        return "variance above", f"its variance {variance:.3g} is above {above:g}"
    if found.rounding or not shifted(found.deviation, unit):
        return "one value", "it is constant over the TRAIN rows but for rounding"
    if off < MIN_ROWS_OFF_MODE:
        why = f"only {off} TRAIN rows are off its most frequent value, {MIN_ROWS_OFF_MODE} are needed"
        return "few rows", why
    return None
