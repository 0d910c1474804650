"""What an owner is told about its columns."""

import numpy as np
import pytest
from numpy.typing import NDArray

from accord_protocols.preparation.fit import fit
from accord_protocols.preparation.remarks import dependent, remarks
from accord_protocols.preparation.whiten import gram_matrix
from accord_schemas.agreement import Prepare

Matrix = NDArray[np.float64]


def said(X: Matrix, **settings: object) -> list[str]:
    terms = Prepare(**settings)  # type: ignore[arg-type]
    fitted = fit([chr(97 + j) for j in range(X.shape[1])], X, terms)
    return remarks(fitted, terms, X)


def normal(n: int = 200, m: int = 2) -> Matrix:
    return np.random.default_rng(0).normal(size=(n, m))


def test_nothing_is_said_of_ordinary_columns() -> None:
    assert said(normal()) == said(normal(), winsorise=None) == said(normal(), scale=None) == []


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e12])
def test_clipped_cells_are_counted_and_the_key_is_named(unit: float) -> None:
    X = normal()
    X[0, 1], X[1, 1], X[2, 0] = 1e3, -1e3, 1e3
    assert said(X * unit) == [
        (
            "Column 'a': 1 of 200 cells was clipped to its mean ± 5 standard deviations; "
            "prepare.winsorise: null turns that off."
        ),
        (
            "Column 'b': 2 of 200 cells were clipped to its mean ± 5 standard deviations; "
            "prepare.winsorise: null turns that off."
        ),
    ]


def test_cells_of_test_rows_count_too() -> None:
    train, test = normal(), normal(20)
    test[3, 0], test[4, 0] = np.nan, -1e3
    fitted = fit(["a", "b"], train, Prepare())
    assert [w[:20] for w in remarks(fitted, Prepare(), np.r_[train, test])] == ["Column 'a': 1 of 220"]


def test_cells_beyond_the_bound_of_prepared_values_are_counted() -> None:
    X = normal(5000)
    X[0, 0] = 1e6
    assert said(X, winsorise=None) == [
        "Column 'a': 1 of 5000 cells was clipped to ±32; check these cells, or set prepare.winsorise."
    ]
    assert said(normal() * [1, 1e4], winsorise=None, scale=None)[0].endswith("set prepare.scale: standard.")


def test_columns_that_are_too_small_without_scaling_are_named() -> None:
    assert said(normal() * [1, 1e-6], scale=None) == [
        "Column 'b' spreads by less than 0.001 and counts for little without scaling; set prepare.scale: standard."
    ]


@pytest.mark.parametrize("share", [0.0, 1e-5])
def test_combinations_of_earlier_columns_are_found(share: float) -> None:
    X = normal(300, 4)
    X[:, 3] = (X[:, 0] - X[:, 2]) / 2 + share * X[:, 3]
    gram = gram_matrix(X)
    assert dependent(gram, range(4)) == [3] and dependent(gram, [3, 0, 1, 2]) == [2]
    assert dependent(gram_matrix(normal(300, 4)), range(4)) == []


def test_what_is_constant_depends_on_the_ones() -> None:
    X = np.c_[np.full(50, 3.0), normal(50, 1), np.ones(50)]
    assert dependent(gram_matrix(X), [2, 0, 1]) == [0]


def test_more_columns_than_rows_depend_on_each_other() -> None:
    assert len(dependent(gram_matrix(normal(5, 8)), range(8))) == 3
