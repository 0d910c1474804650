"""Figures of predictions, against scikit-learn's."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as sk

from accord_protocols.evaluation.metrics import classification, deviance, metrics, regression

RNG = np.random.default_rng(8)
Scores = arrays(np.float64, 40, elements=st.one_of(st.floats(-20, 20), st.integers(-2, 2).map(float)))
Classes = arrays(np.float64, 40, elements=st.sampled_from([0.0, 1.0]))


def ks(y: np.ndarray, u: np.ndarray) -> float:
    false, true, _ = sk.roc_curve(y, u)
    return float(np.abs(true - false).max())


@settings(max_examples=30, deadline=None)
@given(Classes, Scores)
def test_auc_ks_and_log_loss(y: np.ndarray, u: np.ndarray) -> None:
    found = classification(y, u)
    assert found["log_loss"] == pytest.approx(np.mean(np.logaddexp(0, u) - y * u))
    if 0 < y.sum() < len(y):
        assert found["auc"] == pytest.approx(sk.roc_auc_score(y, u), abs=1e-12)
        assert found["ks"] == pytest.approx(ks(y, u), abs=1e-12)
        assert found["log_loss"] == pytest.approx(sk.log_loss(y, 1 / (1 + np.exp(-u))), rel=1e-6)
    else:
        assert found["auc"] is None and found["ks"] is None


@settings(max_examples=30, deadline=None)
@given(Classes, Scores)
def test_the_order_of_rows_does_not_show(y: np.ndarray, u: np.ndarray) -> None:
    order = np.random.default_rng(0).permutation(len(y))
    assert classification(y, u) == classification(y[order], u[order])


def test_a_score_that_is_far_off_has_a_finite_loss() -> None:
    assert classification(np.array([0.0, 1.0]), np.array([5000.0, 2.0]))["log_loss"] == pytest.approx(2500, rel=1e-3)


def test_deviance() -> None:
    y, mu = RNG.poisson(2, 500).astype(float), RNG.uniform(0.1, 6, 500)
    assert deviance(y, mu) == pytest.approx(sk.mean_poisson_deviance(y, mu))
    assert deviance(np.array([0.0, 3.0]), np.array([0.0, 3.0])) == 0
    assert math.isfinite(deviance(np.array([1.0]), np.array([0.0])))


@pytest.mark.parametrize("power", [-300, 0, 300])
def test_regression_in_any_unit(power: int) -> None:
    y, p = (np.ldexp(RNG.normal(size=90), power) for _ in range(2))
    found, unit = regression(y, p), 2.0**power
    assert found["rmse"] == pytest.approx(sk.root_mean_squared_error(y / unit, p / unit) * unit)
    assert found["mae"] == pytest.approx(sk.mean_absolute_error(y, p))
    assert found["r2"] == pytest.approx(sk.r2_score(y / unit, p / unit))


@pytest.mark.parametrize(
    ("model", "names"),
    [
        ("linear", ["rmse", "mae", "r2"]),
        ("logistic", ["auc", "ks", "log_loss"]),
        ("poisson", ["rmse", "deviance"]),
    ],
)
def test_each_family_has_its_figures(model: str, names: list[str]) -> None:
    y, u = np.array([0.0, 1.0, 1.0]), np.array([0.1, -0.2, 0.3])
    assert list(metrics(model, y, u, np.exp(u))) == names
    assert metrics(model, y[:0], u[:0], u[:0]) == {}
