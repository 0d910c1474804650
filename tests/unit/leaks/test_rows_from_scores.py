"""Columns of the other party from what the label holder gets of every row: all of them at `score`, none at `shared`."""

from __future__ import annotations

import numpy as np
from tests.support.leaks import Views, cancer, explained, normal, opened, recovered, split, train_rows, trained

KNOWN = 25
TERMS = {"model": "logistic", "l2": 0.01, "tolerance": 1e-9}


def test_rows_from_scores_of_every_round(views: Views) -> None:
    """20 columns of breast cancer, of which the label holder knows 25 rows: regression on the opened scores."""
    world = trained(cancer(20), protection="score", max_rounds=22, **TERMS)
    seen, block = opened(world, "shop", "scores"), views.blocks["shop"]
    prepared = np.ldexp(np.asarray(block.x, np.float64), -16) @ np.asarray(block.factor).T
    found = [explained(seen[:, : 1 + rounds], prepared, KNOWN) for rounds in (10, 18, 22)]
    assert 0.1 < found[0] < found[1] < 0.95, "fewer rounds than columns leave something"
    assert found[2] > 0.9999, "one round a column, and every prepared cell is known"
    cells = world.parties["shop"].rows.values[train_rows(world, "shop")]
    rng = np.random.default_rng(0)
    known = [explained(seen[rows], cells[rows], KNOWN) for rows in (rng.permutation(len(cells)) for _ in range(9))]
    assert 0.97 < np.median(known) < 0.99, "of the cells as they were, what was clipped is missing"


def test_the_same_at_shared_is_worse_than_a_guess() -> None:
    """All that the label holder gets of every row are shares under one-time pads."""
    world = trained(cancer(5), protection="shared", link="linear", max_rounds=8, **TERMS)
    cells = world.parties["shop"].rows.values[train_rows(world, "shop")]
    assert explained(opened(world, "shop", "residual"), cells, KNOWN) < 0


def test_yes_no_columns_from_the_rounds_of_one_training() -> None:
    """8 columns of which four hold zeros and ones: 8 rounds, and no row was known. `attack_binary` by another way."""
    rng = np.random.default_rng(5)
    values = rng.standard_normal((300, 9))
    values[:, :4] = rng.random((300, 4)) < [0.15, 0.3, 0.4, 0.5]
    labels = (values @ rng.normal(size=9) + rng.normal(size=300) > 0).astype(np.float64)
    world = trained(split(values, labels, 8), protection="score", max_rounds=8, **TERMS)
    told = list(opened(world, "shop", "scores")[:, 1:].T)
    truth = {normal(values[train_rows(world, "shop"), j].astype(int)) for j in range(4)}
    assert recovered(told, 0.05) == truth
    assert not recovered(told[:6], 0.05), "fewer rounds than columns: none"
