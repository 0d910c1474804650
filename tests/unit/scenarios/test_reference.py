"""Plaintext training, against the normal equations solved here."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from accord_protocols.primitives.psi.ids import is_test
from accord_scenarios.model import Scenario
from accord_scenarios.reference import compare, train


def _scenario(folder: Path, l2: float, *, test: bool = True) -> tuple[Scenario, dict[str, Any]]:
    """Two parties with partial overlap in different orders, and the joined, standardised arrays."""
    rng = np.random.default_rng(3)
    ids = [f"u{k}" for k in range(160)]
    X = rng.normal(size=(160, 4)) * [1.0, 10.0, 0.1, 3.0] + 5
    y = X @ [1.0, -0.2, 7.0, 0.5] + rng.normal(size=160)
    own = {"b": [k for k in range(160) if k % 7], "a": [k for k in range(159, -1, -1) if k % 5]}
    for party, columns in (("b", [0, 1]), ("a", [2, 3])):
        with (folder / f"{party}.csv").open("w", newline="") as file:
            write = csv.writer(file)
            write.writerow(["id", *[f"x{c}" for c in columns], *(["y"] if party == "b" else [])])
            write.writerows(
                [ids[k], *[repr(float(X[k, c])) for c in columns], *([repr(float(y[k]))] if party == "b" else [])]
                for k in own[party]
            )
    scenario = Scenario.model_validate(
        {
            "name": "r",
            "parties": {
                "a": {"role": "feature_holder", "data": {"csv": folder / "a.csv", "id": "id"}},
                "b": {"role": "label_holder", "data": {"csv": folder / "b.csv", "id": "id", "label": "y"}},
            },
            "prepare": {"winsorise": None},
            "train": {"l2": l2},
            "evaluate": {} if test else None,
        }
    )
    rows = sorted(set(own["a"]) & set(own["b"]))
    held = np.array([test and is_test(ids[k], 5, 0) for k in rows])
    X, y = X[rows], y[rows]
    X = (X - X[~held].mean(0)) / X[~held].std(0)
    return scenario, {"X": X[~held], "y": y[~held], "Xt": X[held], "yt": y[held]}


@pytest.mark.parametrize("l2", [0.0, 0.1])
def test_least_squares_and_ridge_are_those_of_the_objective(tmp_path: Path, l2: float) -> None:
    scenario, joined = _scenario(tmp_path, l2)
    X, y, Xt, yt = joined["X"], joined["y"], joined["Xt"], joined["yt"]
    w = np.linalg.solve(X.T @ X / len(y) + l2 * np.eye(4), X.T @ (y - y.mean()) / len(y))
    found = train(scenario)
    assert found.coefficients == {
        "b": {"x0": pytest.approx(w[0]), "x1": pytest.approx(w[1])},
        "a": {"x2": pytest.approx(w[2]), "x3": pytest.approx(w[3])},
    }
    assert found.intercept == pytest.approx(y.mean())
    error = yt - Xt @ w - y.mean()
    assert found.metrics == {
        "rmse": pytest.approx(np.sqrt(np.mean(error**2))),
        "mae": pytest.approx(np.mean(np.abs(error))),
        "r2": pytest.approx(1 - np.sum(error**2) / np.sum((yt - yt.mean()) ** 2)),
    }


def test_the_largest_difference_is_relative_to_the_largest_coefficient(tmp_path: Path) -> None:
    scenario, _ = _scenario(tmp_path, 0.0, test=False)
    found = train(scenario)
    assert found.metrics == {}
    largest = max(abs(w) for own in found.coefficients.values() for w in own.values())
    assert largest > 1
    coefficients = {party: dict(own) for party, own in found.coefficients.items()}
    assert compare({"coefficients": coefficients, "intercept": found.intercept}, found) == 0
    coefficients["a"]["x3"] += 0.5
    result = {"coefficients": coefficients, "intercept": found.intercept}
    assert compare(result, found) == pytest.approx(0.5 / largest)
    assert compare(result | {"intercept": found.intercept - 2.0}, found) == pytest.approx(2.0 / largest)
