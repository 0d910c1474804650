"""What the label holder reaches without the others: the optimum of its own columns, on the rows of the training."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.support.world import agreement

from accord_agents.intake.table import Report, Table
from accord_agents.results.alone import figures, fit
from accord_protocols.evaluation.metrics import metrics
from accord_protocols.preparation.fit import fit as prepare
from accord_scenarios.plaintext import Labelled, fitted
from accord_schemas.agreement import Prepare

GENERATOR = np.random.default_rng(5)
N, M = 400, 3
X = GENERATOR.normal(size=(N, M))
SCORE = X @ np.array([0.8, -0.5, 0.2]) + 0.3
LABELS = {
    "linear": 1e6 * (SCORE + GENERATOR.normal(size=N)),
    "logistic": (GENERATOR.random(N) < 1 / (1 + np.exp(-SCORE))).astype(float),
    "poisson": GENERATOR.poisson(np.exp(SCORE)).astype(float),
}


@pytest.mark.parametrize("model", LABELS)
@pytest.mark.parametrize("l2", [0.0, 0.1])
def test_it_is_at_the_optimum_that_scikit_learn_finds(model: str, l2: float) -> None:
    y = LABELS[model]
    weights = GENERATOR.uniform(0.5, 1.5, N)
    weights /= weights.mean()
    own = fit(model, X, y, weights, np.zeros(N), l2)
    other = fitted(model, X, Labelled(y, weights), l2)
    scale = max(np.abs(other.weights).max(), abs(other.intercept))
    np.testing.assert_allclose(own, [other.intercept, *other.weights], atol=2e-5 * scale)


def test_exposure_counts_and_classes_that_lie_apart_end_too() -> None:
    y, exposure = LABELS["poisson"], GENERATOR.uniform(0.5, 4, N)
    own = fit("poisson", X, y, np.ones(N), np.log(exposure), 0.0)
    other = fitted("poisson", X, Labelled(y, None, exposure), 0.0)
    np.testing.assert_allclose(own, [other.intercept, *other.weights], atol=2e-5)
    apart = fit("logistic", X[:, :1], (X[:, 0] > 0).astype(float), np.ones(N), np.zeros(N), 0.0)
    assert np.isfinite(apart).all() and apart[1] > 5
    assert np.isfinite(fit("linear", np.hstack([X, X]), LABELS["linear"], np.ones(N), np.zeros(N), 0.0)).all()


def case() -> tuple[str, Any, dict[str, Any], Table]:
    """A label holder whose table has 100 rows that are nobody else's, and TEST rows among the common ones."""
    terms = agreement(2, 2048)
    me = str(terms.label_holder)
    ids = tuple(f"u{k}" for k in range(N))
    table = Table(ids, ("a", "b", "c"), X, LABELS["linear"], Report(N, 0, 0))
    rows, tested = np.arange(N - 1, 99, -1), np.arange(100, 180)
    prepared = prepare(table.columns, X[180:], Prepare(), {}, {})
    notes: dict[str, Any] = {"rows": rows, "predicted_rows": tested}
    notes["model"] = {
        "format": 1, "salt": "00" * 32, "party": me, "model": "linear", "link": "identity", "protection": "shared",
        "shift": 0, "coefficients": dict.fromkeys(prepared.names, 0.0), "intercept": 0.0, "exposure": None,
        "preparation": prepared.to_json(),
    }  # fmt: skip
    return me, terms, notes, table


def test_own_columns_are_held_against_none_on_the_same_test_rows() -> None:
    me, terms, notes, table = case()
    found = figures(me, terms, notes, table)
    assert set(found) == {"own", "baseline"} and set(found["own"]) == {"rmse", "mae", "r2"}
    A = np.column_stack([np.ones(N), X])
    by_hand = np.linalg.lstsq(A[180:], LABELS["linear"][180:], rcond=None)[0]
    want = metrics("linear", LABELS["linear"][100:180], A[100:180] @ by_hand, A[100:180] @ by_hand)
    assert found["own"]["r2"] == pytest.approx(want["r2"], abs=0.02)
    own, none = found["own"]["r2"], found["baseline"]["r2"]
    assert own is not None and none is not None and own > 0.2 > 0.05 > none


def test_nobody_else_has_it_and_nothing_is_compared_without_test_rows() -> None:
    me, terms, notes, table = case()
    assert figures("somebody", terms, notes, table) == {} and figures(me, None, notes, table) == {}
    assert figures(me, terms, notes | {"predicted_rows": np.arange(0)}, table) == {}
    assert figures(me, terms, {k: v for k, v in notes.items() if k != "model"}, table) == {}
    assert figures(me, terms, notes, replace(table, labels=None)) == {}
