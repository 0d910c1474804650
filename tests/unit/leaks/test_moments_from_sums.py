"""Second moments of the other party from the inner products that L-BFGS opens, up to a rotation of its columns."""

from __future__ import annotations

from typing import Any

import numpy as np
from tests.support.leaks import Matrix, Views, split, trained
from tests.support.world import World

from accord_protocols.phases.training.glm import SUMS
from accord_protocols.phases.training.optimisers.registry import OPTIMISERS
from accord_protocols.phases.training.sizes import SUM_BITS
from accord_protocols.preparation.whiten import DAMPING
from accord_schemas.address import Address

COLUMNS, ROUNDS = 3, 9
"""Of each party; and so few rounds that no pair of vectors is forgotten."""


def correlated() -> tuple[Matrix, Matrix]:
    """Columns of both parties, the shop's first, and labels."""
    rng = np.random.default_rng(2)
    mixing = np.eye(2 * COLUMNS) + 0.6 * rng.standard_normal((2 * COLUMNS, 2 * COLUMNS))
    values = rng.standard_normal((400, 2 * COLUMNS)) @ mixing
    return values, values @ rng.normal(size=2 * COLUMNS) + rng.standard_normal(400)


def told(world: World, optimiser: str) -> tuple[dict[tuple[str, str], float], int]:
    """The shop's inner products as the bank reads them, and the number of directions; those by round have it behind."""
    known: dict[tuple[str, str], float] = {}
    number = 0
    while (at := Address("train", f"sums.{number}", "shop")) in world.log:
        event: Any = world.log[at].event
        wanted = OPTIMISERS[optimiser].layout(number, fresh=number > 0)
        for pair, value in zip(wanted, SUMS.to_ints(event.values), strict=True):
            a, b = (f"{name}{number - 1}" if name in ("Lg", "Lq") else name for name in pair)
            known[a, b] = known[b, a] = value / (1 << SUM_BITS)
        number += 1
    return known, number - 1


def test_two_parties(views: Views) -> None:
    values, labels = correlated()
    world = trained(split(values, labels, COLUMNS), protection="shared", max_rounds=ROUNDS, tolerance=1e-14)
    known, rounds = told(world, "lbfgs")
    used = [i for i in range(rounds) if known[f"p{i}", f"p{i}"] > 1e-9]  # later ones drown in rounding
    unit = np.array([known[f"p{i}", f"p{i}"] for i in used]) ** -0.5

    def products(of: str) -> Matrix:
        return np.array([[known[f"{of}{i}", f"p{j}"] for j in used] for i in used]) * np.outer(unit, unit)

    lengths, axes = np.linalg.eigh(products("p"))
    p = axes[:, -COLUMNS:] * np.sqrt(lengths[-COLUMNS:])  # the shop's directions, but for a rotation
    q = np.linalg.lstsq(p, products("q").T, rcond=None)[0].T
    first, second = np.triu_indices(COLUMNS)
    forms = np.array([np.outer(row, row)[first, second] * np.where(first == second, 1, 2) for row in q])
    squares = np.array([known[f"Lq{i}", f"Lq{i}"] for i in used]) * unit**2
    moments = np.zeros((COLUMNS, COLUMNS))
    moments[first, second] = moments[second, first] = np.linalg.lstsq(forms, squares, rcond=1e-9)[0]
    factor = np.asarray(views.blocks["shop"].factor)
    np.testing.assert_allclose(np.linalg.eigvalsh(moments), np.linalg.eigvalsh(factor @ factor.T), rtol=1e-5)

    own = np.array([views.vectors["bank"][-1][f"p{i}"] for i in used]) * unit[:, None]
    whitened = np.eye(COLUMNS) - DAMPING * np.linalg.inv(moments)
    cross = np.linalg.lstsq(own, q - p @ whitened, rcond=None)[0]
    shop, bank = (np.ldexp(np.asarray(views.blocks[name].x, np.float64), -16) for name in ("shop", "bank"))
    truth = bank.T @ shop / len(shop)
    np.testing.assert_allclose(cross @ cross.T, truth @ truth.T, atol=2e-3)
    assert np.abs(truth @ truth.T).max() > 0.5


def test_nesterov_opens_one_length_a_round() -> None:
    values, labels = correlated()
    data = split(values, labels, COLUMNS)
    known, rounds = told(trained(data, protection="shared", optimiser="nesterov", max_rounds=4), "nesterov")
    assert rounds == 4 and set(known) == {("Ln", "Ln")}


def test_among_three_masks_cover_single_parties(views: Views) -> None:
    values, labels = correlated()
    data = split(values, labels, COLUMNS)
    shop = data["shop"]
    both = {"shop": shop.values[:, :2], "telco": shop.values[:, 2:]}
    parts = {p: type(shop)(shop.ids, tuple(f"{p}{j}" for j in range(v.shape[1])), v, None) for p, v in both.items()}
    world = trained({"bank": data["bank"], **parts}, protection="shared", max_rounds=2)
    known, _ = told(world, "lbfgs")
    p = views.vectors["shop"][-1]["p0"]
    assert abs(known["p0", "p0"] - float(p @ p)) > 2.0**20
