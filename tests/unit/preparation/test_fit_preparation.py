"""Fitted on TRAIN rows, against the same steps written out in numpy."""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from accord_agents.intake.table import Report, Table
from accord_protocols.preparation.fit import fit
from accord_protocols.preparation.fitted import Fitted
from accord_protocols.tasks import Context, run
from accord_schemas.agreement import Prepare
from accord_schemas.blocks import encode_fields
from accord_schemas.errors import ProtocolError, UsageError

Matrix = NDArray[np.float64]


def oracle(
    train: Matrix, test: Matrix, winsorise: float | None, floor: float, impute: str | float
) -> tuple[Matrix, Matrix, NDArray[np.bool]]:
    fill = np.full(train.shape[1], 0.0 if isinstance(impute, str) else impute)
    if impute == "mean":
        fill = np.nanmean(train, 0)
    elif impute == "median":
        fill = np.nanmedian(train, 0)
    both = [np.where(np.isnan(block), fill, block) for block in (train, test)]
    if winsorise:
        m, s = both[0].mean(0), both[0].std(0)
        both = [np.clip(block, m - winsorise * s, m + winsorise * s) for block in both]
    off = [len(column) - np.unique(column, return_counts=True)[1].max() for column in both[0].T]
    keep = (both[0].var(0) >= floor) & (np.array(off) >= 10)
    m, s = both[0][:, keep].mean(0), both[0][:, keep].std(0)
    train, test = (np.clip((block[:, keep] - m) / s, -32, 32) for block in both)
    return train, test, keep


def people(seed: int, n: int = 300) -> Matrix:
    """Columns that each step has something to do with."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 8)) * [1, 1e3, 1e-2, 1, 1e-6, 1, 1, 1] + [0, 5e3, 0, 1e6, 0, 0, 0, 0]
    X[:, 3] = np.exp(3 * rng.normal(size=n))  # outliers
    X[:, 5] = 7.0
    X[:, 6] = np.arange(n) < 9  # nine rows off the mode
    X[:, 7] = np.arange(n) < 10
    X[rng.random(X.shape) < 0.05] = np.nan
    X[:, 6:8] = np.nan_to_num(X[:, 6:8])
    return X


@pytest.mark.parametrize("impute", ["mean", "median", 0.25])
@pytest.mark.parametrize("winsorise", [5.0, 2.0, None])
@pytest.mark.parametrize("floor", [1e-8, 0.0])
def test_same_numbers_as_the_steps_written_out(impute: str, winsorise: float | None, floor: float) -> None:
    train, test = people(1), people(2)
    names = [f"größe {j}" for j in range(8)]
    fitted = fit(names, train, Prepare(impute=impute, winsorise=winsorise, drop_variance_below=floor))  # type: ignore[arg-type]
    want_train, want_test, keep = oracle(train, test, winsorise, floor, impute)
    assert fitted.names == tuple(name for name, kept in zip(names, keep, strict=True) if kept)
    np.testing.assert_allclose(fitted.apply(train), want_train, rtol=0, atol=1e-9)
    np.testing.assert_allclose(fitted.apply(test), want_test, rtol=0, atol=1e-9)


def test_what_was_done_is_reported() -> None:
    count = np.arange(100.0)
    X = np.column_stack([count, np.full(100, np.nan), np.full(100, 3.0), count < 9, count * 1e-7])
    X[0, 0], X[1, 0] = np.nan, 1e6
    fitted = fit(list("abcde"), X, Prepare(drop_variance_below=1e-8))
    assert [(column.name, column.nulls, column.clipped) for column in fitted.kept] == [("a", 1, 1)]
    assert list(fitted.dropped) == list("bcde")
    for name, word in zip("bcde", ("no value", "constant", "only 9", "below 1e-08"), strict=True):
        assert word in fitted.dropped[name].reason
    assert fitted.warnings()[0] == "Column 'b' was dropped: it has no value in any TRAIN row."


def test_winsorising_is_fitted_on_imputed_and_scaling_on_winsorised_values() -> None:
    X = np.arange(50.0)[:, None].copy()
    X[-1], X[0] = 1e4, np.nan
    column = fit(["a"], X, Prepare(winsorise=2.0)).kept[0]
    filled = np.where(np.isnan(X), np.nanmean(X), X)
    high = filled.mean() + 2 * filled.std()
    assert column.high == pytest.approx(high)
    assert column.mean == pytest.approx(np.minimum(filled, high).mean())
    assert column.scale == pytest.approx(np.minimum(filled, high).std())


def test_values_beyond_32_are_clipped_and_nulls_of_other_rows_filled() -> None:
    X = np.repeat([0.0, 1.0], [20_000, 10])[:, None]
    fitted = fit(["flag"], X, Prepare(winsorise=None))
    assert fitted.apply(X).max() == 32.0
    np.testing.assert_array_equal(fitted.apply(np.array([[1e300], [-1e300], [np.nan]]))[:2, 0], [32, -32])
    assert np.isfinite(fitted.apply(np.array([[np.nan]]))).all()


def test_without_scaling_only_the_bound_remains() -> None:
    X = np.linspace(-40, 20, 61)[:, None]
    fitted = fit(["a"], X, Prepare(winsorise=None, scale=None))
    np.testing.assert_array_equal(fitted.apply(X), np.clip(X, -32, 32))


@pytest.mark.parametrize("winsorise", [5.0, None, 1e300])
@pytest.mark.parametrize("size", [1e100, 1e-8, 1e-90, 1e-165, 1e-300])
def test_columns_of_extreme_size_are_standardised(size: float, winsorise: float | None) -> None:
    X = np.random.default_rng(0).normal(size=(50, 1)) * size
    out = fit(["a"], X, Prepare(winsorise=winsorise)).apply(X)
    assert out.mean() == pytest.approx(0, abs=1e-12) and out.std() == pytest.approx(1)


@pytest.mark.parametrize("power", [-600, -40, -1, 7, 300])
def test_powers_of_two_change_no_bit_of_what_comes_out(power: int) -> None:
    X = people(1)
    names = [str(j) for j in range(8)]
    for settings in (Prepare(), Prepare(winsorise=2.0, impute="median")):
        one, other = fit(names, X, settings), fit(names, np.ldexp(X, power), settings)
        assert one.names == other.names and one.dropped == other.dropped
        assert one.apply(X).tobytes() == other.apply(np.ldexp(X, power)).tobytes()


def test_all_that_may_be_agreed_can_be_done() -> None:
    X = people(1)
    largest = np.finfo(float).max
    for settings in (
        *(Prepare(winsorise=w) for w in (1e7, largest, 5e-324)),
        *(Prepare(impute=v) for v in (largest, -largest, 5e-324)),
        *(Prepare(drop_variance_below=v, drop_variance_above=w) for v, w in ((0.0, 5e-324), (largest, largest))),
    ):
        fitted = fit([str(j) for j in range(8)], X, settings)
        assert np.isfinite(fitted.apply(X)).all() and Fitted.from_json(fitted.to_json()) == fitted


def test_columns_of_a_larger_variance_than_agreed_are_dropped() -> None:
    X = np.random.default_rng(0).normal(size=(200, 3)) * [1, 1e3, 1e200]
    fitted = fit(list("abc"), X, Prepare(drop_variance_above=1e4))
    assert fitted.names == ("a",)
    assert fitted.dropped["b"].reason.startswith("its variance 9") and fitted.dropped["b"].reason.endswith(
        "is above 10000"
    )
    assert fitted.dropped["c"].reason == "its variance inf is above 10000"


def test_what_differs_by_rounding_alone_is_constant() -> None:
    X = np.where(np.arange(50) % 2, 0.1 + 0.2, 0.3)[:, None] * [1.0, 1e-20, 1e20]
    assert {why.reason for why in fit(list("abc"), X, Prepare()).dropped.values()} == {
        "it is constant over the TRAIN rows but for rounding"
    }


def test_a_small_variance_far_from_zero_is_standardised() -> None:
    X = 1e12 + np.random.default_rng(0).normal(size=(100_000, 1))  # StandardScaler alone takes it for a constant
    assert fit(["a"], X, Prepare()).apply(X).std() == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(("n", "words"), [(0, "no TRAIN row"), (1, "one TRAIN row")])
def test_too_few_rows(n: int, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        fit(["a"], np.ones((n, 1)), Prepare())


@pytest.mark.parametrize("X", [np.full((30, 2), np.nan), np.ones((30, 2)), np.arange(20.0).reshape(10, 2)])
def test_all_columns_may_fall(X: Matrix) -> None:
    fitted = fit(["a", "b"], X, Prepare())
    assert set(fitted.dropped) == {"a", "b"} and fitted.apply(X).shape == (len(X), 0)


def test_no_columns_at_all() -> None:
    assert fit([], np.empty((5, 0)), Prepare()).apply(np.empty((3, 0))).shape == (3, 0)


def test_json_round_trip_is_exact() -> None:
    X = people(3)
    fitted = fit([str(j) for j in range(8)], X, Prepare())
    again = Fitted.from_json(json.loads(json.dumps(fitted.to_json())))
    assert again == fitted
    assert again.apply(X).tobytes() == fitted.apply(X).tobytes()


def test_broken_json_is_refused() -> None:
    good = fit([str(j) for j in range(8)], people(3), Prepare()).to_json()
    kept = good["kept"]
    broken = [
        {"more": 1},
        {"kept": kept[1:]},
        {"kept": kept[::-1]},
        {"kept": [kept[0] | {"scale": 0.0}, *kept[1:]]},
        {"kept": [kept[0] | {"mean": None}, *kept[1:]]},
        {"dropped": {}},
        {"dropped": good["dropped"] | {"unknown": good["dropped"]["5"]}},
    ]
    for value in [None, {}, *(good | change for change in broken)]:
        with pytest.raises(UsageError):
            Fitted.from_json(value)


def test_the_layout_of_the_array_does_not_show() -> None:
    X = people(4)
    names = [str(j) for j in range(8)]
    assert fit(names, np.asfortranarray(X), Prepare()) == fit(names, np.ascontiguousarray(X), Prepare())


def test_wrong_shapes_are_refused() -> None:
    fitted = fit(["a"], np.arange(30.0)[:, None], Prepare())
    for wrong in (np.ones((3, 2)), np.ones(3)):
        with pytest.raises(ValueError, match="expected 1 columns"):
            fitted.apply(wrong)
        with pytest.raises(ValueError, match="expected 1 columns"):
            fit(["a"], wrong, Prepare())


@pytest.mark.parametrize(
    "wrong",
    [
        {"impute": "mode"},
        {"impute": float("nan")},
        {"impute": True},
        {"winsorise": 0.0},
        {"winsorise": "5"},
        {"drop_variance_below": -1.0},
        {"scale": "minmax"},
        {"clip": 3},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Prepare.model_validate(wrong)


def test_scikit_learn_is_not_imported_before_a_fit() -> None:
    code = "import sys, accord_protocols.preparation.fit; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def rows_of(values: Matrix) -> Table:
    return Table(tuple(map(str, range(len(values)))), tuple("abcdefgh"), values, None, Report(len(values), 0, 0))


def test_a_recorded_fit_is_used_if_it_is_close_and_refused_if_not() -> None:
    inputs = {
        "rows": np.arange(300),
        "settings": {},
        "modulus": 0,
        "equals": 0,
        "labelled": False,
        "l2": 0.0,
        "model": "linear",
        "link": "linear",
        "curvature": 1.0,
        "class_weights": None,
    }
    made = run("prepare.fit", Context(inputs, key=bytes(32), table=rows_of(people(1)))).fields

    def again(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        fitted = json.loads(json.dumps(made["fitted"]))
        change(fitted)
        return run(
            "prepare.refit", Context({**inputs, "fitted": fitted}, key=bytes(32), table=rows_of(people(1)))
        ).fields

    assert encode_fields(again(lambda f: None)) == encode_fields(made)
    assert again(lambda f: f["kept"][0].update(mean=f["kept"][0]["mean"] * (1 + 1e-12)))["fitted"] != made["fitted"]
    first = made["fitted"]["kept"][0]
    for field in ("impute", "low", "high", "mean", "scale"):
        for value in (first[field] + 1e-6 * first["scale"], None if field in ("low", "high") else first[field] + 1.0):
            with pytest.raises(ProtocolError, match="recorded preparation"):
                again(lambda f, field=field, value=value: f["kept"][0].update({field: value}))  # type: ignore[misc]
    for field in ("nulls", "clipped"):
        with pytest.raises(ProtocolError):
            again(lambda f, field=field: f["kept"][0].update({field: first[field] + 1}))  # type: ignore[misc]
