"""Whole trainings of each family at each level: the plaintext model, in few rounds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.support.families import error, family, plaintext_loss
from tests.support.world import World, agreement

from accord_protocols.links.registry import LINKS
from accord_schemas.events import Direction

pytestmark = pytest.mark.variants

BITS = 512
ROUNDS = {"lbfgs": 25, "nesterov": 90, "gd": 400}


def trained(model: str, parties: int = 3, changes: dict[str, Any] | None = None, **train: Any) -> World:
    said = {"l2": 0.01, "tolerance": 1e-6, "max_rounds": 200} | train
    world = World(agreement(parties, BITS, model=model, **said), family(model, parties, **(changes or {}))).run()
    for party in world.parties.values():
        assert party.aborted is None and party.states[-1] == "completed", party.aborted
        assert party.notes["converged"]
    return world


WAYS = [(m, o) for m in LINKS for o in ROUNDS if (m, o) not in [("poisson", "nesterov"), ("tangent", o)]]


@pytest.mark.parametrize(("model", "optimiser"), WAYS)
def test_scores_known_to_the_label_holder(model: str, optimiser: str) -> None:
    world = trained(model, protection="score", optimiser=optimiser, max_rounds=400)
    assert error(world) < 3e-5
    notes = world.parties["bank"].notes
    assert notes["rounds"] <= ROUNDS[optimiser]
    loss = notes["loss"]
    assert (loss is None) == (optimiser == "nesterov")
    assert not loss or (len(loss) == notes["rounds"] + 1 and loss[-1] < min(loss) + 1e-7)


@pytest.mark.parametrize("model", ["linear", "logistic", "poisson"])
def test_rows_that_count_for_more(model: str) -> None:
    """What l2 means beside weights does not depend on their unit."""
    weights = np.random.default_rng(3).uniform(0.2, 3.0, 120)
    worlds = [trained(model, 2, {"weights": w}, protection="score", weights="w") for w in (weights, 10 * weights)]
    assert [error(world) < 3e-5 for world in worlds] == [True, True]
    one, other = ([*w.parties["shop"].notes["model"]["coefficients"].values()] for w in worlds)
    np.testing.assert_allclose(one, other, rtol=1e-6)


def test_classes_that_count_alike() -> None:
    assert error(trained("logistic", 2, protection="score", class_weights="balanced")) < 3e-5


def test_exposure() -> None:
    exposure = np.random.default_rng(4).uniform(0.1, 5.0, 120)
    assert error(trained("poisson", 2, {"exposure": exposure}, protection="score", exposure="years")) < 3e-5


@pytest.mark.parametrize("protection", ["score", "shared"])
@pytest.mark.parametrize("parties", [2, 3])
def test_columns_that_are_encrypted_once(parties: int, protection: str) -> None:
    assert error(trained("linear", parties, protection=protection, engine="lattice", l2=0.1)) < 3e-5


@pytest.mark.parametrize(("model", "parties"), [("logistic", 2), ("logistic", 3), ("poisson", 2)])
def test_scores_that_nobody_knows(model: str, parties: int) -> None:
    world = trained(model, parties, engine="lattice")
    assert error(world) < 1e-4
    notes = world.parties["bank"].notes
    assert notes["rounds"] <= ROUNDS["lbfgs"]
    loss = notes["loss"]
    assert len(loss) == notes["rounds"] + 1 and loss[-1] < min(loss) + 1e-4
    assert loss[-1] == pytest.approx(objective(world), abs=2e-5)


def objective(world: World) -> float:
    """In plaintext, at the optimum; a Poisson model's with what the scale of its counts adds."""
    train, bank = world.terms.train, world.parties["bank"]
    assert train is not None
    whole = plaintext_loss(train, {p: party.rows for p, party in world.parties.items()})
    if train.model != "poisson":
        return whole
    assert bank.rows.labels is not None
    test = set(bank.notes["predicted_rows"].tolist())
    mean = float(np.mean([bank.rows.labels[row] for row in bank.notes["rows"].tolist() if row not in test]))
    return float(whole + round(np.log2(mean)) * np.log(2) * mean)


@pytest.mark.parametrize("model", ["logistic", "poisson"])
def test_a_dealer(model: str) -> None:
    """It has columns of its own, and sees nothing of what the two open."""
    world = trained(model, dealer="telco")
    assert error(world) < 1e-4
    assert world.parties["bank"].notes["loss"][-1] == pytest.approx(objective(world), abs=2e-5)
    opened = [content for content in world.log.values() if content.address.instance.startswith("dealt.")]
    assert {to for content in opened for to in content.to} == {"bank", "shop"}


@pytest.mark.parametrize(("model", "parties"), [("logistic", 2), ("linear", 2), ("linear", 3)])
def test_rows_that_count_for_more_where_scores_are_shared(model: str, parties: int) -> None:
    weights = np.random.default_rng(3).uniform(0.2, 3.0, 120)
    world = trained(model, parties, {"weights": weights}, weights="w", engine="lattice")
    assert error(world) < 1e-4
    if model == "logistic":
        assert world.parties["bank"].notes["loss"][-1] == pytest.approx(objective(world), abs=2e-5)


def test_exposure_where_scores_are_shared() -> None:
    exposure = np.random.default_rng(4).uniform(0.5, 2.0, 120)
    world = trained("poisson", 2, {"exposure": exposure}, exposure="years", engine="lattice")
    assert error(world) < 1e-4 and world.parties["bank"].notes["loss"] is None


def test_a_range_that_is_too_small_is_doubled() -> None:
    """Rows that are told apart well have large scores: the smallest period does for the first rounds alone."""
    world = trained("logistic", 2, engine="lattice", l2=1e-3, period=16)
    widened = [c.event.widened for c in world.log.values() if isinstance(c.event, Direction)]
    assert any(widened) and error(world) < 1e-2


def test_a_tangent() -> None:
    """Two parties without products of shares: near enough to rank rows, and said to differ."""
    world = trained("logistic", 2, link="linear")
    exact = trained("logistic", 2, protection="score")
    one, other = ([*w.parties["shop"].notes["model"]["coefficients"].values()] for w in (world, exact))
    assert np.corrcoef(one, other)[0, 1] > 0.95 and error(world) > 0.01


@pytest.mark.parametrize("terms", [{"protection": "score"}, {}, {"protection": "score", "engine": "paillier"}])
def test_a_label_holder_without_features(terms: dict[str, Any]) -> None:
    """It has an intercept."""
    data = family("logistic", 2, n=80)
    data["bank"] = replace(data["bank"], columns=(), values=np.zeros((80, 0)))
    said: dict[str, Any] = {"model": "logistic", "l2": 0.01, "engine": "lattice"} | terms
    world = World(agreement(2, BITS, **said), data).run()
    assert error(world) < 1e-4


def test_a_party_whose_columns_tell_nothing() -> None:
    data = family("linear", 3, n=80)
    data["telco"] = replace(data["telco"], columns=("same",), values=np.ones((80, 1)))
    world = World(agreement(3, BITS, engine="lattice", l2=0.1), data).run()
    assert all(party.states[-1] == "completed" for party in world.parties.values())
    assert world.parties["telco"].notes["model"]["coefficients"] == {}
