"""Fits of joined rows with scikit-learn, each to the optimum of what the joint training minimises.

Objectives are means over rows of weight 1 on average, plus half of l2 times the squared weights (docs/models.md).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_protocols.evaluation.metrics import Metrics, classification, metrics
from accord_protocols.links.registry import LINKS
from accord_protocols.phases.training.evaluate import WIDE
from accord_protocols.preparation.moments import magnitude
from accord_protocols.preparation.weighing import row_weights
from accord_protocols.primitives.elementary import log

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
_EXACT: dict[str, Any] = {"solver": "newton-cholesky", "tol": 1e-12, "max_iter": 1000}
"""scikit-learn's default solver of logistic models stops 1 % (C = 1) to 21 % (C = 100) off the optimum of standardised
breast cancer, without a warning."""


@dataclass(frozen=True, slots=True, repr=False)
class Labelled:
    """What the label holder has of n rows.

    Args:
        y: ``(n,)`` labels.
        weights: ``(n,)``, or None.
        exposure: ``(n,)``, or None.
        class_weights: ``balanced``, or a weight for each of labels 0 and 1.
    """

    y: Vector
    weights: Vector | None = None
    exposure: Vector | None = None
    class_weights: Any = None

    def at(self, rows: NDArray[np.bool]) -> Labelled:
        """Some of the rows."""
        weights, exposure = (None if o is None else o[rows] for o in (self.weights, self.exposure))
        return replace(self, y=self.y[rows], weights=weights, exposure=exposure)

    @property
    def counted(self) -> Vector:
        """How much each row counts, with mean 1."""
        found = row_weights(self.y, self.weights, self.class_weights)
        return found if len(found) else np.ones(len(self.y))


@dataclass(frozen=True, slots=True, repr=False)
class Fit:
    """A model in plaintext.

    Args:
        weights: ``(m,)``.
        intercept: Not penalised.
        separated: Whether the TRAIN rows of both classes lie apart, so that without a penalty there is no best model.
    """

    weights: Vector
    intercept: float
    separated: bool = field(default=False)

    def metrics(self, model: str, X: Matrix, rows: Labelled) -> Metrics:
        """Its figures on rows ``(k, m)``; none where there are none."""
        u = X @ self.weights + self.intercept
        if rows.exposure is not None:
            u = u + log(rows.exposure)
        link = LINKS[model]
        return metrics(model, rows.y, u, link.predictions(u if link.quadratic else np.clip(u, -WIDE, WIDE), 0.0, 0))


def fitted(model: str, X: Matrix, rows: Labelled, l2: float) -> Fit:
    """The model of TRAIN rows ``(n, m)``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of convergence: `separated` and the reference's condition say what it means
        return _FITS[model](X, rows, l2)


def _linear(X: Matrix, rows: Labelled, l2: float) -> Fit:
    """Divided by a power of two meanwhile, so that the label has no unit."""
    from sklearn.linear_model import LinearRegression, Ridge

    unit, v = magnitude(rows.y), rows.counted
    y = np.ldexp(rows.y, -unit)
    weights, intercept = np.zeros(X.shape[1]), float(np.average(y, weights=v))
    if X.shape[1]:
        found = Ridge(alpha=l2 * v.sum()) if l2 else LinearRegression()
        found.fit(X, y, sample_weight=v)
        weights, intercept = found.coef_, float(found.intercept_)
    return Fit(np.ldexp(weights, unit), float(np.ldexp(intercept, unit)))


def _logistic(X: Matrix, rows: Labelled, l2: float) -> Fit:
    from sklearn.linear_model import LogisticRegression

    v = rows.counted
    if not X.shape[1]:
        share = float(np.average(rows.y, weights=v))
        return Fit(np.zeros(0), float(np.log(share / (1 - share))))
    found = LogisticRegression(C=1 / (l2 * v.sum()) if l2 else np.inf, **_EXACT)
    found.fit(X, rows.y, sample_weight=v)
    weights, intercept = found.coef_[0], float(found.intercept_[0])
    apart = not l2 and classification(rows.y, X @ weights + intercept)["auc"] == 1.0
    return Fit(weights, intercept, apart)


def _poisson(X: Matrix, rows: Labelled, l2: float) -> Fit:
    """It has no offset: rates y/e with weights v·e have the same optimum."""
    from sklearn.linear_model import PoissonRegressor

    e = np.ones(len(rows.y)) if rows.exposure is None else np.array(rows.exposure)
    v = rows.counted
    if not X.shape[1]:
        return Fit(np.zeros(0), float(np.log((v * rows.y).sum() / (v * e).sum())))
    found = PoissonRegressor(alpha=l2 * v.sum() / (v * e).sum(), **_EXACT)
    found.fit(X, rows.y / e, sample_weight=v * e)
    return Fit(found.coef_, float(found.intercept_))


_FITS = {"linear": _linear, "logistic": _logistic, "poisson": _poisson}
