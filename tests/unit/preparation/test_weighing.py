"""Weights of rows and classes, and exposures, against scikit-learn's and numpy's."""

from typing import Any

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_sample_weight

from accord_agents.intake.table import Report, Table
from accord_protocols.preparation.weighing import offsets, row_weights, tells
from accord_protocols.tasks import Context, run
from accord_schemas.errors import UsageError

RNG = np.random.default_rng(5)
Y = (RNG.random(200) < 0.2).astype(float)
W = RNG.uniform(0.1, 3, 200)


def test_rows_that_count_alike_have_no_weights() -> None:
    assert row_weights(Y, None, None).shape == (0,) and offsets(None).shape == (0,)


@pytest.mark.parametrize("unit", [1.0, 10.0, 1e-90, 1e90])
def test_weights_have_mean_1_in_any_unit(unit: float) -> None:
    found = row_weights(Y, W * unit, None)
    assert found.mean() == pytest.approx(1) and found == pytest.approx(W / W.mean())


def test_balanced_classes_count_alike() -> None:
    balanced = row_weights(Y, None, "balanced")
    assert balanced == pytest.approx(compute_sample_weight("balanced", Y))
    assert balanced[Y == 1][0] == pytest.approx(len(Y) / (2 * Y.sum()))
    both = row_weights(Y, W, "balanced")
    assert both[Y == 1].sum() == pytest.approx(both[Y == 0].sum()) == pytest.approx(len(Y) / 2)
    assert both[Y == 1] / both[Y == 1].sum() == pytest.approx(W[Y == 1] / W[Y == 1].sum())


def test_named_class_weights_multiply_those_of_rows() -> None:
    want = W * np.where(Y == 1, 7.0, 0.5)
    assert row_weights(Y, W, [0.5, 7.0]) == pytest.approx(want / want.mean())


def test_offsets_are_logarithms() -> None:
    assert offsets(W) == pytest.approx(np.log(W), abs=1e-15)


@pytest.mark.parametrize(("model", "value"), [("logistic", 0.0), ("logistic", 1.0), ("poisson", 0.0)])
def test_labels_that_tell_nothing(model: str, value: float) -> None:
    with pytest.raises(UsageError, match=f"the label is {value:g} in every TRAIN row"):
        tells(model, np.full(9, value))
    tells(model, np.array([0.0, 1.0]))
    tells("linear", np.full(9, value))
    with pytest.raises(UsageError, match="no TRAIN row"):
        tells(model, np.empty(0))


def table(**others: np.ndarray) -> Table:
    values = RNG.normal(size=(200, 2))
    return Table(tuple(map(str, range(200))), ("a", "b"), values, Y, Report(200, 0, 0), **others)  # type: ignore[arg-type]


@pytest.mark.parametrize("model", ["linear", "logistic", "poisson"])
def test_the_block_has_weights_and_offsets_of_its_rows(model: str) -> None:
    rows = np.arange(199, -1, -1)
    inputs = {"rows": rows, "settings": {}, "modulus": 5, "equals": 0, "labelled": True, "l2": 0.1, "model": model}
    inputs |= {"link": model, "curvature": 1.0, "class_weights": "balanced" if model == "logistic" else None}
    exposure = {"exposure": W * 4} if model == "poisson" else {}

    def made(**others: np.ndarray) -> dict[str, Any]:
        return run("prepare.fit", Context(inputs, key=bytes(32), table=table(**others))).fields

    fields, plain = made(weights=W, **exposure), made()
    testing = np.isin(rows, fields["test_rows"])
    weights = np.array(fields["weights"])
    if model != "logistic":
        assert weights == pytest.approx(W[rows][~testing] / W[rows][~testing].mean())
        assert np.array(plain["weights"]).shape == (0,)
    assert weights.mean() == pytest.approx(1) and fields["label_committed"] != plain["label_committed"]
    if exposure:
        assert fields["offset"] == pytest.approx(np.log(4 * W[rows][~testing]))
        assert fields["test_offset"] == pytest.approx(np.log(4 * W[rows][testing]))
    else:
        assert np.array(fields["offset"]).shape == np.array(fields["test_offset"]).shape == (0,)
    assert fields["data_committed"] != plain["data_committed"]
