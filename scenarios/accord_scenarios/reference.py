"""Plaintext training on the joined rows, to compare with: the runner may, seeing all files; no agent ever does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from accord_agents.intake.reader import read_table
from accord_protocols.preparation.fit import fit
from accord_protocols.preparation.settings import Settings
from accord_protocols.primitives.psi.ids import is_test
from accord_scenarios.model import Scenario


@dataclass(frozen=True, slots=True)
class Reference:
    """What scikit-learn reaches on the same rows and columns.

    Attributes:
        metrics: On TEST rows; empty where there are none.
        coefficients: By party and prepared column.
        intercept: Of the label holder.
    """

    metrics: dict[str, float | None]
    coefficients: dict[str, dict[str, float]]
    intercept: float


def train(scenario: Scenario) -> Reference:
    """Join all parties' rows, prepare them alike, and fit ordinary least squares or ridge."""
    from sklearn.linear_model import LinearRegression, Ridge
    from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

    assert scenario.train is not None
    tables = {}
    for name, member in scenario.parties.items():
        data, leads = member.data, name == scenario.label_holder
        tables[name] = read_table(
            data.csv, data.id, data.label, data.features, model=scenario.train.model, label_required=leads
        )
    common = sorted(set.intersection(*(set(table.ids) for table in tables.values())))
    rule = scenario.evaluate.test_rows if scenario.evaluate else None
    testing = np.array([rule is not None and is_test(i, rule.hash_modulus, rule.equals) for i in common], bool)
    settings = Settings.model_validate(scenario.prepare.model_dump(mode="json"))
    blocks, names = [], []
    for name, table in tables.items():
        place = {identifier: row for row, identifier in enumerate(table.ids)}
        values = table.values[[place[i] for i in common]]
        fitted = fit(table.columns, values[~testing], settings)
        blocks.append(fitted.apply(values))
        names += [(name, column) for column in fitted.names]
        if table.labels is not None:
            y = table.labels[[place[i] for i in common]]
    X, count = np.hstack(blocks), int((~testing).sum())
    model = Ridge(alpha=count * scenario.train.l2) if scenario.train.l2 else LinearRegression()
    if X.shape[1]:
        model.fit(X[~testing], y[~testing])
        weights, intercept, predicted = model.coef_.tolist(), float(model.intercept_), model.predict(X)[testing]
    else:
        weights, intercept, predicted = [], float(y[~testing].mean()), np.full(int(testing.sum()), y[~testing].mean())
    metrics: dict[str, float | None] = {}
    if testing.any():
        truth = y[testing]
        metrics = {
            "rmse": float(root_mean_squared_error(truth, predicted)),
            "mae": float(mean_absolute_error(truth, predicted)),
            "r2": float(r2_score(truth, predicted)) if len(truth) > 1 else None,
        }
    coefficients: dict[str, dict[str, float]] = {name: {} for name in tables}
    for (name, column), weight in zip(names, weights, strict=True):
        coefficients[name][column] = weight
    return Reference(metrics, coefficients, intercept)


def compare(result: Mapping[str, Any], reference: Reference) -> float:
    """The largest difference of a coefficient or the intercept, relative to max(1, max|w|)."""
    own = result["coefficients"] or {}
    pairs = [(own[p][c], w) for p, columns in reference.coefficients.items() for c, w in columns.items()]
    largest = max([1.0, *(abs(w) for _, w in pairs)])
    return float(max(abs(a - b) for a, b in [*pairs, (result["intercept"], reference.intercept)]) / largest)
