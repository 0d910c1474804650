"""Coefficients, standard errors, z and p-values at `closed` and `express`, against statsmodels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.support import exact
from tests.support.world import World
from tests.unit.machines.test_closed import joined, parties, terms, train_rows, trained

from accord_protocols.evaluation.significance import p_value

pytestmark = pytest.mark.variants

WITHIN = 1e-4


@pytest.fixture(autouse=True)
def products(monkeypatch: pytest.MonkeyPatch) -> None:
    exact.put_in(monkeypatch)


def fitted(model: str, X: np.ndarray, y: np.ndarray, weights: np.ndarray | None, offset: np.ndarray | None) -> Any:
    """What statsmodels makes of the same rows."""
    import statsmodels.api as sm  # takes seconds; every test process looks into this file, one of them plays it

    if model == "linear":
        return (sm.OLS(y, X) if weights is None else sm.WLS(y, X, weights)).fit(use_t=True)
    family = {"logistic": sm.families.Binomial(), "poisson": sm.families.Poisson()}[model]
    return sm.GLM(y, X, family, offset=offset, freq_weights=weights).fit(tol=1e-12)


@pytest.mark.parametrize(
    ("model", "level", "weighed"),
    [
        ("linear", "closed", False),
        ("linear", "closed", True),
        ("linear", "express", False),
        ("logistic", "closed", False),
        ("logistic", "closed", True),
        ("poisson", "closed", True),
    ],
)
def test_standard_errors_and_p_values_are_those_of_statsmodels(model: str, level: str, weighed: bool) -> None:
    data, rng = parties(model, 2, n=180), np.random.default_rng(4)
    bank, rows = data["bank"], train_rows(data)
    weights, days = rng.uniform(0.3, 3, len(bank.ids)), rng.uniform(0.5, 2, len(bank.ids))
    weights /= weights[rows].mean()
    counts = model == "poisson"
    data["bank"] = replace(bank, weights=weights if weighed else None, exposure=days if counts else None)
    named = {"protection": level, "optimiser": "newton" if level == "closed" else "lbfgs"}
    named |= ({"weights": "v"} if weighed else {}) | ({"exposure": "days"} if counts else {})
    world = World(terms(model, 2, l2=0.0, **named), data).run()
    _, _, X, y = joined(data)
    expected = fitted(model, X, y, weights[rows] if weighed else None, np.log(days[rows]) if counts else None)
    w, errors = trained(world, data, "coefficients"), trained(world, data, "standard_errors")
    notes = world.parties["bank"].notes
    np.testing.assert_allclose(errors, expected.bse[:-1], rtol=WITHIN)
    assert notes["intercept_error"] == pytest.approx(expected.bse[-1], rel=WITHIN)
    np.testing.assert_allclose(w / errors, expected.tvalues[:-1], rtol=WITHIN, atol=1e-3)
    found = [p_value(*pair, notes["freedom"]) for pair in zip(w, errors, strict=True)]
    np.testing.assert_allclose(np.array(found, float), expected.pvalues[:-1], atol=WITHIN)
