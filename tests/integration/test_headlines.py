"""What a run says first is true: of models that are none, of small units, and of what preparation did."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.integration.command import Command
from tests.support.files import Parties, job, table

N = 90


def two(accord: Command, own: Any, other: Any, label: Any) -> Parties:
    """Two parties with a column each."""
    rows = [(f"k{i}", *map(repr, map(float, row))) for i, row in enumerate(zip(own, other, label, strict=True))]
    a = table(accord.folder / "a.csv", ["id", "a", "y"], [(i, x, y) for i, x, _, y in rows])
    b = table(accord.folder / "b.csv", ["id", "b"], [(i, x) for i, _, x, _ in rows])
    return {
        "a": {"role": "label_holder", "data": {"csv": str(a), "id": "id", "label": "y"}},
        "b": {"role": "feature_holder", "data": {"csv": str(b), "id": "id"}},
    }


@pytest.mark.sweep
def test_without_any_column_there_is_no_model(accord: Command) -> None:
    run = accord.run(job(two(accord, [1] * N, [2] * N, range(N))))
    run.completed()
    assert "No model was trained: every column was dropped. a and b have 90 users in common." in run.text
    assert "trained one model" not in run.text + (run.out / "report.html").read_text(encoding="utf-8")


@pytest.mark.sweep
def test_a_label_that_is_always_the_same_teaches_nothing(accord: Command) -> None:
    run = accord.run(job(two(accord, np.arange(N) % 13, np.arange(N) % 11, [4] * N)))
    assert run.completed()["constant_label"] is True
    assert "No model was trained: the label is the same in every TRAIN row." in run.text


@pytest.mark.sweep
def test_small_units_fit_as_well_and_an_outlier_that_was_clipped_is_told(accord: Command) -> None:
    rng = np.random.default_rng(1)
    rate, income = 1e-6 * rng.normal(size=N), 1e4 + 1e3 * rng.normal(size=N)
    income[0] = 2e4  # of a TEST row, ten standard deviations off
    label = 1e-7 * (1e6 * rate + 1e-3 * income) + 1e-8 * rng.normal(size=N)
    parties = two(accord, rate, income, label)
    evaluate = {"evaluate": {"test_rows": {"hash_modulus": 5, "equals": 0}, "reference": True}}
    clipped = accord.run(job(parties, **evaluate))
    result = clipped.completed()
    assert "b" in result["coefficients"]["b"] and "a" in result["coefficients"]["a"] and result["rounds"] > 0
    assert [w for w in result["warnings"] if "'b': 1 of 90 cells" in w and "prepare.winsorise: null" in w]
    assert result["reference"]["unprepared"]["r2"] > 0.98 > result["metrics"]["r2"]
    assert "Preparation cost it accuracy" in clipped.text and "without preparation" in clipped.text
    whole = accord.run(job(parties, **evaluate, prepare={"winsorise": None})).completed()
    assert whole["metrics"]["r2"] > 0.98 and whole["reference"]["max_coefficient_error"] < 1e-3
    assert not [w for w in whole["warnings"] if "clipped" in w]
