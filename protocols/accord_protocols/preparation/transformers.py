"""The two transformers that scikit-learn lacks. Imported inside `fit` only: scikit-learn costs about a second."""

from __future__ import annotations

import math
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from accord_protocols.preparation.moments import moments

Matrix = NDArray[np.float64]
MIN_ROWS_OFF_MODE = 10
_SMALLEST = 1e-200  # below it squares lose their bits


class Winsoriser(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Clip each column to mean ± `deviations` standard deviations (ddof 0) of what it was fitted on."""

    def __init__(self, deviations: float) -> None:
        self.deviations = deviations

    def fit(self, X: Matrix, y: None = None) -> Self:
        """Learn ``low_`` and ``high_``, each (m,)."""
        fitted = [moments(column) for column in X.T]
        means = np.array([mean for mean, _ in fitted])
        reach = np.array([self.deviations * math.sqrt(variance) for _, variance in fitted])
        self.low_, self.high_ = means - reach, means + reach
        return self

    def transform(self, X: Matrix) -> Matrix:
        """The clipped columns."""
        return np.clip(X, self.low_, self.high_)


class InformativeColumns(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Keep the columns of enough variance with enough rows off their most frequent value.

    A column that differs in a few rows only would hand its owner those rows' labels, and the label holder their score.
    """

    def __init__(self, min_variance: float) -> None:
        self.min_variance = min_variance

    def fit(self, X: Matrix, y: None = None) -> Self:
        """Learn ``reasons_``: for each column why it is dropped, or None."""
        self.reasons_ = [self._reason(column) for column in X.T]
        return self

    def transform(self, X: Matrix) -> Matrix:
        """The columns that are kept."""
        return X[:, [reason is None for reason in self.reasons_]]

    def _reason(self, column: Matrix) -> str | None:
        variance = moments(column)[1]
        off = len(column) - int(np.unique(column, return_counts=True)[1].max())
        if off == 0:
            return "it is constant over the TRAIN rows"
        if variance < max(self.min_variance, _SMALLEST):
            return f"its variance {variance:.3g} is below {self.min_variance:g}"
        if off < MIN_ROWS_OFF_MODE:
            return f"only {off} TRAIN rows are off its most frequent value, {MIN_ROWS_OFF_MODE} are needed"
        return None
