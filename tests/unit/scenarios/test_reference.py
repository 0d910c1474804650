"""Plaintext training, against the normal equations solved here."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from accord_agents.intake.reader import read_table
from accord_protocols.primitives.psi.ids import is_test
from accord_scenarios.jobs.base import Tables
from accord_scenarios.jobs.train import Training
from accord_scenarios.reference import compare, held_against, train, unique
from accord_scenarios.snapshots import sources


def files(scenario: Training) -> Tables:
    """The rows of the parties' files."""
    return lambda party: read_table(sources(scenario)[party])


def _scenario(folder: Path, l2: float, *, test: bool = True) -> tuple[Training, dict[str, Any]]:
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
    scenario = Training.model_validate(
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
    found = train(scenario, files(scenario))
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
    found = train(scenario, files(scenario))
    assert found.metrics == {}
    largest = max(abs(w) for own in found.coefficients.values() for w in own.values())
    assert largest > 1
    coefficients = {party: dict(own) for party, own in found.coefficients.items()}
    assert compare({"coefficients": coefficients, "intercept": found.intercept}, found) == 0
    coefficients["a"]["x3"] += 0.5
    result = {"coefficients": coefficients, "intercept": found.intercept}
    assert compare(result, found) == pytest.approx(0.5 / largest)
    assert compare(result | {"intercept": found.intercept - 2.0}, found) == pytest.approx(2.0 / largest)


def _two_parties(folder: Path, X: np.ndarray, y: np.ndarray, **sections: Any) -> Training:
    """The first column at the label holder, the others at a second party."""
    with (folder / "one.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["id", "x0", "y"], *([f"u{k}", X[k, 0], y[k]] for k in range(len(y)))])
    with (folder / "two.csv").open("w", newline="") as file:
        names = [f"x{j}" for j in range(1, X.shape[1])]
        csv.writer(file).writerows([["id", *names], *([f"u{k}", *X[k, 1:]] for k in range(len(y)))])
    parties = {
        "one": {"role": "label_holder", "data": {"csv": folder / "one.csv", "id": "id", "label": "y"}},
        "two": {"role": "feature_holder", "data": {"csv": folder / "two.csv", "id": "id"}},
    }
    return Training.model_validate({"name": "r", "parties": parties, "train": {}, "evaluate": {}, **sections})


def _as_if_run(scenario: Training) -> dict[str, Any]:
    """A result whose model is plaintext training's own."""
    found = train(scenario, files(scenario))
    model = {"coefficients": found.coefficients, "intercept": found.intercept, "metrics": found.metrics}
    return {**model, "unique": None, "warnings": ["few rows"], "status": "COMPLETED", "rounds": 3}


@pytest.mark.parametrize("power", [-12, -7, 12])
def test_the_labels_unit_does_not_show_in_differences(tmp_path: Path, power: int) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3)) * [1e-9, 1.0, 1e9]
    y = (X @ [2e9, -1.0, 1e-9] + 0.1 * rng.normal(size=200)) * 10.0**power
    scenario = _two_parties(tmp_path, X, y)
    result = _as_if_run(scenario)
    held_against(result, scenario, files(scenario))
    assert result["reference"]["r2"] > 0.98 and result["reference"]["unprepared"]["r2"] > 0.98
    assert result["reference"]["max_coefficient_error"] == 0 and result["unique"] is True
    nothing = {p: dict.fromkeys(own, 0.0) for p, own in result["coefficients"].items()}
    held_against(result := result | {"coefficients": nothing}, scenario, files(scenario))
    assert result["reference"]["max_coefficient_error"] == pytest.approx(1, abs=0.1)


def test_what_preparation_costs_is_told_first(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2))
    scenario = _two_parties(
        tmp_path, X, X @ [1.0, 3.0] + 0.1 * rng.normal(size=300), prepare={"drop_variance_below": 5}
    )
    result = _as_if_run(scenario)
    held_against(result, scenario, files(scenario))
    assert result["metrics"]["r2"] < 0.1 < 0.99 < result["reference"]["unprepared"]["r2"]
    assert result["warnings"][0].startswith("Without preparation plaintext training reaches r2 0.99")
    assert result["warnings"][1:] == ["few rows"]


def test_columns_that_determine_each_other_across_parties_have_no_coefficients_of_their_own(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    X[:, 2] = X[:, 0] - X[:, 1] + 1e-5 * rng.normal(size=300)
    y = X[:, 0] + 0.1 * rng.normal(size=300)
    scenario = _two_parties(tmp_path, X, y)
    held_against(result := _as_if_run(scenario), scenario, files(scenario))
    assert result["unique"] is False and "train.l2" in result["warnings"][-1]
    scenario = _two_parties(tmp_path, X, y, train={"l2": 0.1})
    held_against(result := _as_if_run(scenario), scenario, files(scenario))
    assert result["unique"] is True and result["warnings"] == ["few rows"]


def test_alike_columns_explain_coefficients_that_differ_but_are_no_fault_in_themselves(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2))
    X[:, 1] = X[:, 0] + 0.02 * rng.normal(size=300)
    scenario = _two_parties(tmp_path, X, X[:, 0] + 0.1 * rng.normal(size=300))
    found = train(scenario, files(scenario))
    assert unique(found, error=1e-6) and not unique(found, error=0.1)


def test_weights_of_evidence_find_what_a_straight_line_misses(tmp_path: Path) -> None:
    """The label goes with the middle of one party's column; plaintext weighs bins by labels of the other."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(900, 2))
    y = (rng.random(900) < 1 / (1 + np.exp(6 * (np.abs(X[:, 1]) - 0.7)))).astype(float)
    sections: dict[str, Any] = {"train": {"model": "logistic", "protection": "closed", "l2": 0.001}}
    scenario = _two_parties(tmp_path, X, y, **sections, prepare={"woe": ["x1"]})
    found = train(scenario, files(scenario))
    weighed, straight = found.metrics["auc"], found.unprepared["auc"]
    assert weighed is not None and straight is not None and weighed > 0.85 > 0.65 > straight
    assert {name for own in found.coefficients.values() for name in own} == {"x0", "x1"}
