"""Tenths of TEST rows, and how far they are from the TRAIN rows."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from accord_protocols.evaluation.deciles import deciles
from accord_protocols.evaluation.stability import stability

RNG = np.random.default_rng(4)


def test_tenths_are_those_of_a_calibration_curve() -> None:
    p = RNG.random(1000)
    y = (RNG.random(1000) < p).astype(float)
    found = deciles(y, p)
    observed, predicted = calibration_curve(y, p, n_bins=10, strategy="quantile")
    assert [part["observed"] for part in found] == pytest.approx(observed[::-1])
    assert [part["predicted"] for part in found] == pytest.approx(predicted[::-1])
    assert [part["rows"] for part in found] == [100] * 10


def test_lift_and_what_is_captured() -> None:
    y = np.array([1.0] * 10 + [0.0] * 90)
    found = deciles(y, np.linspace(1, 0, 100))
    assert [part["lift"] for part in found] == [10.0] + [0.0] * 9
    assert [part["captured"] for part in found] == [1.0] * 10
    blind = deciles(y, np.zeros(100))
    assert blind[0]["lift"] == 10.0, "rows of equal predictions stay in their order"


@pytest.mark.parametrize("n", [1, 3, 9, 10, 11, 25, 109])
def test_every_row_is_in_one_part(n: int) -> None:
    y = RNG.normal(size=n)
    found = deciles(y, y)
    assert sum(part["rows"] for part in found) == n and len(found) == min(n, 10)
    assert max(part["rows"] for part in found) - min(part["rows"] for part in found) <= 1
    assert not any("lift" in part for part in found if y.min() < 0)


def test_no_row_and_labels_of_0_alone() -> None:
    assert deciles(np.empty(0), np.empty(0)) == []
    assert "lift" not in deciles(np.zeros(5), np.zeros(5))[0]


def test_stability_written_out() -> None:
    train, test = RNG.normal(size=5000), RNG.normal(0.4, 1.2, size=1500)
    edges = np.quantile(train, np.arange(1, 10) / 10)
    p, q = (np.bincount(np.digitize(v, edges), minlength=10) / len(v) for v in (train, test))
    assert stability(train, test) == pytest.approx(np.sum((q - p) * np.log(q / p)), rel=0.02)
    assert stability(train, train) == 0


def test_alike_and_unlike_populations() -> None:
    train = RNG.normal(size=5000)
    alike, shifted = stability(train, RNG.normal(size=2000)), stability(train, RNG.normal(1, 1, 2000))
    assert alike is not None and shifted is not None and alike < 0.02 < 0.25 < shifted


@pytest.mark.parametrize("values", [[0.0, 1.0], [5.0], [0.0, 0.0, 0.0, 1.0]])
def test_columns_of_few_values(values: list[float]) -> None:
    train, test = np.resize(values, 1000), np.resize(values, 200)
    assert stability(train, test) == pytest.approx(0, abs=1e-3)
    away = stability(train, np.full(200, 9.0))
    assert away is not None and away >= 0 and np.isfinite(away)
    assert stability(train, test[:0]) is None and stability(train[:0], test) is None
