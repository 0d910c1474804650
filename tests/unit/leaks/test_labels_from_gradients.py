"""Labels from what a feature holder is told: its first gradient, and those of two trainings on nearly the same rows.

Crafted columns, the third way, are in tests/unit/replay/test_crafted_columns.py.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from flint import fmpz_mat
from sklearn.metrics import roc_auc_score
from tests.support.leaks import Matrix, Views, cancer, labels, split, train_rows, trained
from tests.support.world import Rows

COLUMNS, NEW = 15, 60
ERROR = 5e-5
"""Of an entry of the difference of two gradients: whitened cells have 16 bits behind the point."""


@pytest.mark.parametrize(
    "level", [{"protection": "score"}, {"protection": "shared", "link": "linear"}], ids=["score", "shared"]
)
def test_a_classifier_from_the_first_gradient(level: dict[str, Any], views: Views) -> None:
    """10 columns of breast cancer: X'(1/2 - y) at w = 0, projected back on the rows."""
    world = trained(cancer(10), model="logistic", max_rounds=1, **level)
    x = np.asarray(views.blocks["shop"].x, np.float64)
    guess = x @ np.linalg.solve(x.T @ x, views.gradients["shop"][0])
    assert roc_auc_score(labels(world, "shop"), -guess) == pytest.approx(0.986, abs=0.002)


def told(data: dict[str, Rows], views: Views) -> tuple[Matrix, Matrix, list[int]]:
    """Sums of d times the cells, d = 1/2 - y; what is subtracted from these, and the TRAIN rows."""
    views.gradients.clear()
    world = trained(data, protection="score", model="logistic", max_rounds=1)
    block, rows = views.blocks["shop"], train_rows(world, "shop")
    scale = np.array([column["scale"] for column in block.fitted["kept"]])
    gradient = np.asarray(block.factor) @ views.gradients["shop"][0]
    return gradient * scale * len(rows), world.parties["shop"].rows.values[rows].mean(axis=0), rows


def shortest(columns: Matrix, sums: Matrix) -> Matrix | None:
    """Zeros and ones whose combination of rows ``(k, m)`` gives ``sums``, by lattice reduction; or None."""
    count, width = columns.shape
    basis = np.zeros((count + 1, count + 1 + width), object)
    basis[:count, :count] = 2 * np.eye(count, dtype=int)
    basis[count, : count + 1] = 1
    basis[:, count + 1 :] = np.vectorize(lambda v: round(v / ERROR), otypes=[object])(np.vstack([columns, sums]))
    reduced = fmpz_mat(basis.tolist()).lll()
    for row in range(count + 1):
        found = np.array([int(reduced[row, column]) for column in range(count + 1)])
        if np.all(np.abs(found) == 1):
            return np.asarray((1 - found[:count] * found[count]) // 2)
    return None


def test_labels_of_new_rows_from_two_trainings(views: Views) -> None:
    """The first gradients of a training without and one with 60 rows: all their labels, from 15 columns.

    What an agent refuses: tests/unit/agents/test_reruns.py.
    """
    rng = np.random.default_rng(7)
    values = np.clip(rng.standard_normal((400, COLUMNS + 1)), -3, 3).round(6)
    truth = (rng.random(400) < 0.4).astype(np.float64)
    data = split(values, truth, COLUMNS)
    more, center, rows = told(data, views)
    new, shop = rows[:NEW], data["shop"]
    kept = [row for row in range(400) if row not in new]
    before = replace(shop, ids=tuple(shop.ids[row] for row in kept), values=shop.values[kept])
    fewer, earlier, _ = told(data | {"shop": before}, views)
    moved = (earlier - center) / math.dist(earlier, center)  # the sum of all d, which is unknown, moves along this
    across = np.linalg.svd(moved[None])[2][1:]
    cells = (shop.values[new] - center) @ across.T
    halves = cells.sum(axis=0) / 2
    found = shortest(cells, halves - across @ (more - fewer))
    assert found is not None and found.tolist() == truth[new].tolist(), "every one of them"
