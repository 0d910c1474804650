"""Weights of evidence and information values against the plain formula; how bins become fewer."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from accord_protocols.boosting.binning import Vector, bins_of, cuts_of, joined
from accord_protocols.evaluation import evidence
from accord_protocols.evaluation.evidence import Bin, information, mixed, monotone, weights


def plain(bins: list[Bin]) -> tuple[list[float], float]:
    """The formula, as it is written."""
    zeros, ones = sum(b.rows - b.ones for b in bins), sum(b.ones for b in bins)
    woe = [math.log(((b.rows - b.ones) / zeros) / (b.ones / ones)) for b in bins]
    return woe, sum(((b.rows - b.ones) / zeros - b.ones / ones) * w for b, w in zip(bins, woe, strict=True))


def test_weights_and_values_are_those_of_the_formula() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        rows = rng.integers(20, 5000, 10)
        bins = [Bin(int(n), int(rng.integers(1, n))) for n in rows]
        woe, value = plain(bins)
        assert np.allclose(weights(bins), woe, rtol=0, atol=1e-12) and abs(information(bins) - value) < 1e-12


def test_figures_are_those_of_optbinning() -> None:
    """What optbinning 0.21.0 says of 2,000 rows cut at 100, 250, 400, 700 and 900; last come missing values."""
    rows, ones = (174, 280, 303, 528, 379, 218, 118), (16, 33, 48, 160, 159, 126, 35)
    bins = [Bin(n, k) for n, k in zip(rows, ones, strict=True)]
    said = [
        1.3873259792054329,
        1.110200443579744,
        0.7673822026687825,
        -0.06977120864664887,
        -0.5779569874496227,
        -1.2171736614841904,
        -0.039187785274568565,
    ]
    assert np.allclose(weights(bins), said, rtol=0, atol=1e-12)
    assert abs(information(bins) - 0.5768629857982389) < 1e-12


def test_a_bin_of_one_label_weighs_nothing() -> None:
    assert weights([Bin(50, 0), Bin(50, 25), Bin(50, 30)])[0] == 0.0
    assert information([Bin(50, 50)]) == 0.0 and information([]) == 0.0


@pytest.mark.parametrize(
    ("bins", "starts"),
    [
        ([Bin(30, 3), Bin(30, 4)], [0, 1]),
        ([Bin(30, 0), Bin(30, 4), Bin(30, 5)], [0, 2]),
        ([Bin(30, 3), Bin(30, 30), Bin(30, 5)], [0, 1]),
        ([Bin(30, 3), Bin(30, 4), Bin(30, 0)], [0, 1]),
        ([Bin(30, 0), Bin(30, 0), Bin(30, 0)], [0]),
        ([], []),
    ],
)
def test_bins_of_one_label_are_joined_with_their_neighbours(bins: list[Bin], starts: list[int]) -> None:
    assert mixed(bins) == starts


def test_the_proposal_is_monotone_and_says_as_much_as_either_way_can() -> None:
    rng = np.random.default_rng(2)
    for _ in range(50):
        bins = [Bin(int(n), int(rng.integers(1, n))) for n in rng.integers(20, 300, 8)]
        whole = evidence.joined(bins, monotone(bins))
        rates = [b.ones / b.rows for b in whole]
        assert all(a < b for a, b in pairwise(rates)) or all(a > b for a, b in pairwise(rates)) or len(whole) == 1
        assert sum(b.rows for b in whole) == sum(b.rows for b in bins)
        assert information(whole) <= information(bins) + 1e-12


def test_what_is_monotone_stays_as_it_is() -> None:
    assert monotone([Bin(50, 5), Bin(50, 10), Bin(50, 30)]) == [0, 1, 2]
    assert monotone([Bin(50, 30), Bin(50, 10), Bin(50, 5)]) == [0, 1, 2]
    assert monotone([Bin(50, 5), Bin(50, 30), Bin(50, 10), Bin(50, 45)]) == [0, 1, 3]


@pytest.mark.parametrize("gaps", [0.0, 0.05, 0.3, 1.0])
@pytest.mark.parametrize("values", [3, 400])
def test_no_bin_has_fewer_rows_than_agreed(gaps: float, values: int) -> None:
    rng = np.random.default_rng(3)
    column: Vector = rng.integers(0, values, 300).astype(np.float64)
    column[rng.random(300) < gaps] = np.nan
    cuts, apart = joined(column, cuts_of(column, 64), 20)
    bins = np.maximum(bins_of(column, cuts), 0 if apart else 1)
    rows = np.bincount(bins)
    assert all(n == 0 or n >= 20 for n in rows) and len(rows) <= len(cuts) + 2
    assert set(cuts) <= set(cuts_of(column, 64))
    assert apart or 0 < np.isnan(column).sum() < 20 or 0 < (~np.isnan(column)).sum() < 20
