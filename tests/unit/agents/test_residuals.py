"""Residuals by tenths of the TEST rows: of what the label holder has, and nothing where that says nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.support.world import agreement

from accord_agents.intake.table import Report, Table
from accord_agents.results.residuals import figures
from accord_schemas.parts import Train

LABELS = np.arange(100.0)
TABLE = Table([f"id-{k}" for k in range(100)], ("x",), np.zeros((100, 1)), LABELS, Report(100, 0, 0))


def notes(rows: Any, predictions: Any) -> dict[str, Any]:
    return {"predicted_rows": np.asarray(rows), "predictions": np.asarray(predictions, np.float64)}


def terms(model: Any) -> Any:
    return agreement(2).model_copy(update={"train": Train(model=model)})


def test_tenths_by_prediction_with_their_quantiles() -> None:
    rows = np.arange(99, -1, -1)
    predictions = LABELS[rows] - np.where(LABELS[rows] < 50, 2.0, -3.0)
    found = figures(terms("linear"), notes(rows, predictions), TABLE)
    assert [part["rows"] for part in found] == 10 * [10]
    assert [part["predicted"] for part in found] == sorted(part["predicted"] for part in found)
    assert [part["middle"] for part in found] == 5 * [2.0] + 5 * [-3.0]
    spread = figures(terms("linear"), notes(rows, np.full(100, 7.0)), TABLE)[0]
    assert spread["predicted"] == 7.0 and spread["low"] < spread["middle"] < spread["high"]


def test_of_counts_they_are_pearsons() -> None:
    rows = np.arange(100)
    found = figures(terms("poisson"), notes(rows, np.full(100, 4.0)), TABLE)
    plain = figures(terms("linear"), notes(rows, np.full(100, 4.0)), TABLE)
    assert [p["middle"] for p in found] == pytest.approx([p["middle"] / 2 for p in plain])


def test_nothing_where_there_is_nothing_to_show() -> None:
    rows = np.arange(100)
    assert figures(terms("logistic"), notes(rows, np.full(100, 0.5)), TABLE) == []
    assert figures(terms("linear"), {}, TABLE) == []
    assert figures(terms("linear"), notes(rows[:19], rows[:19]), TABLE) == []
