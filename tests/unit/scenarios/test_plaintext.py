"""The fits that a run is compared with are at the optimum of what docs/models.md says is minimised."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge

from accord_scenarios.plaintext import Labelled, fitted

RNG = np.random.default_rng(6)
X = RNG.normal(size=(400, 3)) @ (np.eye(3) + 0.3)
U = X @ [0.8, -0.5, 0.2] - 0.3
E = RNG.uniform(0.2, 5, 400)
LABELS = {
    "linear": U + RNG.normal(size=400),
    "logistic": (RNG.random(400) < 1 / (1 + np.exp(-U))).astype(float),
    "poisson": RNG.poisson(np.exp(U) * E).astype(float),
}
W = RNG.uniform(0.1, 4, 400)


def slope(model: str, rows: Labelled, w: np.ndarray, b: float, l2: float) -> np.ndarray:
    """The objective's gradient, written out."""
    v, e = rows.counted, np.ones(400) if rows.exposure is None else rows.exposure
    u = X @ w + b
    links: dict[str, Any] = {
        "linear": lambda: u,
        "logistic": lambda: 1 / (1 + np.exp(-u)),
        "poisson": lambda: e * np.exp(u),
    }
    residual = v * (links[model]() - rows.y) / len(u)
    return np.append(X.T @ residual + l2 * w, residual.sum())


@pytest.mark.parametrize("l2", [0.0, 0.05])
@pytest.mark.parametrize("weights", [None, W])
@pytest.mark.parametrize("model", list(LABELS))
def test_the_gradient_is_zero(model: str, weights: np.ndarray | None, l2: float) -> None:
    for exposure in (None, E, 1000 * E) if model == "poisson" else (None,):
        rows = Labelled(LABELS[model], weights, exposure, "balanced" if model == "logistic" else None)
        found = fitted(model, X, rows, l2)
        left = slope(model, rows, found.weights, found.intercept, l2)
        assert np.abs(left).max() < 1e-8 * max(1, np.abs(slope(model, rows, np.zeros(3), 0.0, 0)).max())


@pytest.mark.parametrize("model", list(LABELS))
def test_ten_times_the_weights_change_nothing_but_what_scikit_learn_calls_it(model: str) -> None:
    l2, y = 0.03, LABELS[model]
    one = fitted(model, X, Labelled(y, W), l2)
    ten = fitted(model, X, Labelled(y, 10 * W), l2)
    assert ten.weights == pytest.approx(one.weights, rel=1e-9)
    exact: dict[str, Any] = {"solver": "newton-cholesky", "tol": 1e-12}
    for v in (W, 10 * W):
        said: dict[str, Any] = {
            "linear": Ridge(alpha=l2 * v.sum()),
            "logistic": LogisticRegression(C=1 / (l2 * v.sum()), **exact),
            "poisson": PoissonRegressor(alpha=l2, **exact),
        }
        assert np.ravel(said[model].fit(X, y, sample_weight=v).coef_) == pytest.approx(one.weights, rel=1e-7)


def test_the_unit_of_exposure_is_in_the_intercept() -> None:
    one, other = (fitted("poisson", X, Labelled(LABELS["poisson"], None, E * k), 0.1) for k in (1, 365.0))
    assert other.weights == pytest.approx(one.weights, rel=1e-7)
    assert other.intercept == pytest.approx(one.intercept - np.log(365))


def test_figures_are_those_of_the_link() -> None:
    rows = Labelled(LABELS["poisson"], None, E)
    found = fitted("poisson", X, rows, 0.0)
    mu = E * np.exp(X @ found.weights + found.intercept)
    assert found.metrics("poisson", X, rows)["rmse"] == pytest.approx(np.sqrt(np.mean((mu - rows.y) ** 2)))
    assert list(
        fitted("logistic", X, Labelled(LABELS["logistic"]), 0.0).metrics("logistic", X, Labelled(LABELS["logistic"]))
    )


def test_separated_classes_have_no_best_model_without_a_penalty() -> None:
    rows = Labelled((X[:, 0] > 0).astype(float))
    assert fitted("logistic", X, rows, 0.0).separated and not fitted("logistic", X, rows, 0.01).separated
    assert not fitted("logistic", X, replace(rows, y=LABELS["logistic"]), 0.0).separated


@pytest.mark.parametrize("model", list(LABELS))
def test_without_columns_there_is_an_intercept(model: str) -> None:
    found = fitted(model, X[:, :0], Labelled(LABELS[model], W), 0.1)
    mean = np.average(LABELS[model], weights=W)
    links: dict[str, Any] = {"linear": lambda m: m, "logistic": lambda m: np.log(m / (1 - m)), "poisson": np.log}
    link = links[model](mean)
    assert found.weights.shape == (0,) and found.intercept == pytest.approx(link)
