"""How far scores may go: parts of a common range add up to the whole at most, so that no sum leaves it."""

from __future__ import annotations

import numpy as np
import pytest

from accord_protocols.phases.training.ranges import BEYOND, PARTS, can_widen, range_of
from accord_schemas.parts import Train


@pytest.mark.parametrize("widenings", [0, 1, 2])
def test_parts_that_fit_keep_every_sum_inside(widenings: int) -> None:
    bounds, rng = (
        range_of(Train(model="logistic", period=32, engine="lattice"), widenings),
        np.random.default_rng(widenings),
    )
    assert bounds.high == 13 * 2**widenings
    for _ in range(200):
        z = rng.normal(size=(3, 20)) * rng.uniform(0, bounds.high / 2, size=(3, 1))
        reaches = [bounds.reach(own) for own in z]
        assert bounds.left(reaches) or np.abs(z.sum(axis=0)).max() <= bounds.high
        assert bounds.left(reaches) or sum(reaches) <= PARTS


@pytest.mark.parametrize("value", [np.inf, np.nan, 13.1])
def test_beyond(value: float) -> None:
    bounds = range_of(Train(model="logistic", period=32, engine="lattice"), 0)
    assert bounds.reach(np.array([0.0, value])) == BEYOND and bounds.left([0, BEYOND, 0])


def test_a_count_may_use_all_of_it() -> None:
    bounds = range_of(Train(model="poisson", engine="lattice"), 0)
    assert bounds.reach(np.array([-6.0, 4.0])) == 0 and bounds.reach(np.array([4.1])) == BEYOND
    assert not bounds.left([0, 0]) and bounds.searched


def test_where_it_ends() -> None:
    train = Train(model="logistic", period=64, engine="lattice")
    assert [can_widen(train, k) for k in range(3)] == [True, True, False]
    assert not can_widen(Train(model="logistic", protection="score"), 0)
    assert not range_of(Train(), 0).searched
