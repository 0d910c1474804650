"""The two transformers that scikit-learn lacks. Imported inside `fit` only: scikit-learn costs about a second."""

from __future__ import annotations

import sys
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from accord_protocols.preparation.categories import LEAST
from accord_protocols.preparation.fitted import Step
from accord_protocols.preparation.moments import moments, shifted

Matrix = NDArray[np.float64]
MIN_ROWS_OFF_MODE = LEAST


class Winsoriser(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Clip each column to mean ± `deviations` standard deviations (ddof 0) of what it was fitted on."""

    def __init__(self, deviations: float) -> None:
        self.deviations = deviations

    def fit(self, X: Matrix, y: None = None) -> Self:
        """Learn ``low_`` and ``high_``, each (m,)."""
        fitted = [moments(column) for column in X.T]
        means = np.array([column.mean for column in fitted])
        reach = np.array([min(self.deviations * column.deviation, sys.float_info.max) for column in fitted])
        self.low_, self.high_ = means - reach, means + reach
        return self

    def transform(self, X: Matrix) -> Matrix:
        """The clipped columns."""
        return np.clip(X, self.low_, self.high_)


class InformativeColumns(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Keep the columns whose variance is within bounds, with enough rows off their most frequent value.

    A column that differs in a few rows only would hand its owner those rows' labels, and the label holder their score.

    Args:
        below: The least variance, in the columns' own unit squared.
        above: The largest, or None.
        units: Per column the exponent of the power of two that it was divided by.
    """

    def __init__(self, below: float, above: float | None, units: list[int]) -> None:
        self.below, self.above, self.units = below, above, units

    def fit(self, X: Matrix, y: None = None) -> Self:
        """Learn ``reasons_``: for each column the step that drops it, and why, or None."""
        self.reasons_ = [self._reason(column, unit) for column, unit in zip(X.T, self.units, strict=True)]
        return self

    def transform(self, X: Matrix) -> Matrix:
        """The columns that are kept."""
        return X[:, [reason is None for reason in self.reasons_]]

    def _reason(self, column: Matrix, unit: int) -> tuple[Step, str] | None:
        found = moments(column)
        variance = shifted(found.variance, 2 * unit)
        off = len(column) - int(np.unique(column, return_counts=True)[1].max())
        if off == 0:
            return "one value", "it is constant over the TRAIN rows"
        if variance < self.below:
            return "variance below", f"its variance {variance:.3g} is below {self.below:g}"
        if self.above is not None and variance > self.above:
            return "variance above", f"its variance {variance:.3g} is above {self.above:g}"
        if found.rounding or not shifted(found.deviation, unit):
            return "one value", "it is constant over the TRAIN rows but for rounding"
        if off < MIN_ROWS_OFF_MODE:
            why = f"only {off} TRAIN rows are off its most frequent value, {MIN_ROWS_OFF_MODE} are needed"
            return "few rows", why
        return None
