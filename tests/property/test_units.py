"""Whatever the unit of the label and of each column, training gives the same fit after as many rounds."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.world import World, agreement, tables

POWERS = st.integers(-12, 12)
PARTIES, COLUMNS = 2, 2


def fit(label: int, columns: tuple[int, ...], protection: str = "shared") -> tuple[int, float | None, np.ndarray]:
    """Rounds, r2 on TEST rows, and the coefficients in the label's unit, intercept last.

    Args:
        label: Power of ten that the labels are multiplied by.
        columns: The same per column, the label holder's first.
    """
    data = tables(PARTIES, n=80, columns=COLUMNS)
    for p, (me, rows) in enumerate(data.items()):
        units = [10.0**k for k in columns[COLUMNS * p : COLUMNS * (p + 1)]]
        labels = None if rows.labels is None else rows.labels * 10.0**label
        data[me] = replace(rows, values=rows.values * units, labels=labels)
    world = World(agreement(PARTIES, 512, protection=protection), data).run()
    bank, models = world.parties["bank"], [p.notes["model"] for p in world.parties.values()]
    assert bank.notes["converged"] and not bank.notes["constant_label"]
    weights = [w for model in models for w in model["coefficients"].values()] + [models[0]["intercept"]]
    return bank.notes["rounds"], bank.notes["metrics"]["r2"], np.array(weights) / 10.0**label


@cache
def plain(protection: str) -> tuple[int, float | None, np.ndarray]:
    return fit(0, (0,) * PARTIES * COLUMNS, protection)


def assert_alike(label: int, columns: tuple[int, ...], protection: str = "shared") -> None:
    """Powers of ten are not exact in binary, and the label is divided by the next power of two.

    So its scaled spread is anywhere within [½, 1), and the last round starts up to a factor of two nearer to the
    tolerance of 1e-6 or farther from it: a round more or less. Where training stops then differs by that tolerance
    over the least curvature, here above 0.1, besides 16 bits of features and 24 of residuals.
    """
    rounds, r2, weights = fit(label, columns, protection)
    base_rounds, base_r2, base_weights = plain(protection)
    assert len(weights) == len(base_weights) and abs(rounds - base_rounds) <= 1
    np.testing.assert_allclose(weights, base_weights, rtol=0, atol=2e-5 * np.abs(base_weights).max())
    assert r2 == pytest.approx(base_r2, abs=1e-4)


@pytest.mark.parametrize(("label", "column"), [(-12, 0), (12, 0), (0, -12), (0, 12), (-12, 12), (12, -12), (-7, -7)])
@pytest.mark.parametrize("protection", ["shared", "score"])
def test_one_unit_for_all_columns(label: int, column: int, protection: str) -> None:
    assert_alike(label, (column,) * PARTIES * COLUMNS, protection)


@settings(max_examples=6, deadline=None)
@given(POWERS, st.tuples(*[POWERS] * PARTIES * COLUMNS))
def test_any_unit_for_each(label: int, columns: tuple[int, ...]) -> None:
    assert_alike(label, columns)
