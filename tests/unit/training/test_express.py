"""Whole trainings at `express`: ridge and ordinary least squares, cross-validation, standard errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import PredefinedSplit, cross_val_score
from tests.support import exact
from tests.support.families import error, family, plaintext
from tests.support.simulated import SimulatedNetwork
from tests.support.world import Rows, World, agreement, tables

from accord_protocols.evaluation.significance import p_value
from accord_schemas.events import Chosen, Ciphertexts, Shares, Verdict
from accord_schemas.parts import Train

pytestmark = pytest.mark.variants

PATH = (0.001, 0.1, 10.0)


@pytest.fixture(autouse=True)
def products(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "tmp_path" not in request.fixturenames:
        exact.put_in(monkeypatch)


def trained(data: dict[str, Rows] | None = None, parties: int = 3, **train: Any) -> World:
    said = {"protection": "express", "engine": "lattice"} | train
    world = World(agreement(parties, 512, **said), data or family("linear", parties)).run()
    for party in world.parties.values():
        assert party.aborted is None and party.states[-1] == "completed", party.aborted
    return world


def joined(world: World) -> tuple[np.ndarray, np.ndarray]:
    """TRAIN rows in the common order: standardised columns in the order of the parties, and labels."""
    columns, labels = [], None
    bank = world.parties["bank"]
    test = set(bank.notes["predicted_rows"].tolist())
    keep = np.array([row not in test for row in bank.notes["rows"].tolist()])
    for party in world.parties.values():
        rows = party.notes["rows"][keep]
        values = party.rows.values[rows]
        columns.append((values - values.mean(axis=0)) / values.std(axis=0))
        if party.rows.labels is not None:
            labels = party.rows.labels[rows]
    assert labels is not None
    return np.hstack(columns), labels


def found(world: World, note: str) -> np.ndarray:
    return np.array([v for party in world.parties.values() for v in party.notes[note].values()])


def coefficients(world: World) -> np.ndarray:
    return np.array([v for party in world.parties.values() for v in party.notes["model"]["coefficients"].values()])


@pytest.mark.parametrize("parties", [2, 3, 4])
@pytest.mark.parametrize("l2", [0.0, 0.1])
def test_the_plaintext_model(parties: int, l2: float) -> None:
    world = trained(parties=parties, l2=l2)
    assert error(world) < 1e-4
    for party in world.parties.values():
        assert party.notes["converged"] and party.notes["rounds"] == 1
    assert "l2_path" not in world.parties["bank"].notes


def test_standard_errors_are_those_of_ordinary_least_squares() -> None:
    world = trained(l2=0.0)
    X, y = joined(world)
    Z = np.hstack([X, np.ones((len(X), 1))])
    w, *_ = np.linalg.lstsq(Z, y, rcond=None)
    freedom = len(Z) - Z.shape[1]
    errors = np.sqrt(np.diag(np.linalg.inv(Z.T @ Z)) * ((y - Z @ w) ** 2).sum() / freedom)
    np.testing.assert_allclose(found(world, "standard_errors"), errors[:-1], rtol=1e-4)
    bank = world.parties["bank"].notes
    assert bank["intercept_error"] == pytest.approx(errors[-1], rel=1e-4)
    assert bank["freedom"] == freedom
    from scipy.stats import t

    expected = 2 * t.sf(np.abs(w[:-1] / errors[:-1]), freedom)
    got = [p_value(b, e, freedom) for b, e in zip(coefficients(world), found(world, "standard_errors"), strict=True)]
    np.testing.assert_allclose(np.array(got, float), expected, rtol=1e-2, atol=1e-12)


def noisy(parties: int = 3) -> dict[str, Rows]:
    """Labels in which there is little to be found, so that a penalty helps."""
    data = family("linear", parties, n=70)
    labels = data["bank"].labels
    assert labels is not None
    noise = np.array([np.sin(12.9898 * int(i.split("-")[1])) * 43758.5453 % 1 - 0.5 for i in data["bank"].ids])
    bank = data["bank"]
    return data | {"bank": Rows(bank.ids, bank.columns, bank.values, 0.05 * labels + 2 * noise)}


@pytest.mark.sweep
@pytest.mark.parametrize("parties", [2, 3])
def test_cross_validation_is_that_of_plaintext(parties: int) -> None:
    """By the same folds, (place in the common order) mod k, with the penalty on the scale of the mean loss."""
    world = trained(noisy(parties), parties, l2=0.01, l2_path=PATH, folds=5)
    X, y = joined(world)
    fold = np.arange(len(X)) % 5
    expected = {}
    for l2 in (0.01, *PATH):
        squares = 0.0
        for k in range(5):
            inside, outside = fold != k, fold == k
            # the intercept is not penalised, and columns are those of all TRAIN rows
            model = Ridge(alpha=l2 * inside.sum()).fit(X[inside], y[inside])
            squares += ((model.predict(X[outside]) - y[outside]) ** 2).sum()
        expected[repr(l2)] = squares / len(X)
    notes = world.parties["bank"].notes
    assert notes["l2_path"] == pytest.approx(expected, rel=1e-4)
    best = float(min(expected, key=lambda name: (expected[name], -float(name))))
    assert notes["l2"] == best
    model = Ridge(alpha=best * len(X)).fit(X, y)
    np.testing.assert_allclose(coefficients(world), model.coef_, atol=1e-4)
    scores = cross_val_score(
        Ridge(alpha=0.8 * best * len(X)), X, y, cv=PredefinedSplit(fold), scoring="neg_mean_squared_error"
    )
    assert -scores.mean() == pytest.approx(expected[repr(best)], rel=0.05)


@pytest.mark.sweep
def test_who_hears_what() -> None:
    """Columns, matrices and weights pass between the computing parties, or to their owner; all hear two decisions."""
    world = trained(noisy(), l2=0.01, l2_path=PATH, folds=2)
    heard: dict[str, set[str]] = {}
    for address, content in world.log.items():
        if address.instance in ("express", "weights"):
            heard.setdefault(address.step.split(".")[0], set()).update(
                f"{address.sender}>{to}" for to in content.to if to != address.sender
            )
    assert heard.pop("turn") == {"bank>shop", "shop>bank"}
    assert heard.pop("columns") == {"telco>bank", "telco>shop"}
    assert heard.pop("figures") == {"shop>bank"}
    assert heard.pop("weights") == {f"{q}>{p}" for q in ("bank", "shop") for p in ("bank", "shop", "telco") if p != q}
    assert set(heard) == {"chosen", "verdict", "ranged"}


@pytest.mark.parametrize(
    "said", [Chosen(l2=0.7), Verdict(action="step")], ids=["a penalty that nobody agreed to", "another round"]
)
def test_a_decision_that_was_not_agreed_to(said: Any) -> None:
    def tamper(_to: str, content: Any) -> Any:
        return said if isinstance(content.event, type(said)) else content.event

    terms = agreement(3, 512, protection="express", engine="lattice")
    world = World(terms, family("linear"), tamper=tamper).run()
    for party in (world.parties["shop"], world.parties["telco"]):
        assert party.aborted and party.aborted.whose == "bank"
        assert party.aborted.reason == "a decision is not of the agreed form"


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        ("turn.0.h.shop", "ciphertexts are not as agreed"),
        ("turn.0.columns.shop", "ciphertexts are not as agreed"),
        ("turn.0.tests.shop", "ciphertexts are not as agreed"),
        ("figures.1", "figures are not as agreed"),
    ],
)
def test_a_holder_that_says_more_or_less_than_was_agreed(step: str, reason: str) -> None:
    def tamper(_to: str, content: Any) -> Any:
        event = content.event
        if content.address.step != step:
            return event
        if isinstance(event, Shares):
            return Shares(values=event.values[:1])
        return Ciphertexts(numbers=np.concatenate([event.numbers, event.numbers]))

    world = World(agreement(2, 512, protection="express", engine="lattice"), family("linear", 2), tamper=tamper).run()
    told, liar = ("bank", "shop") if step == "figures.1" else ("shop", "bank")
    aborted = world.parties[told].aborted
    assert aborted and (aborted.reason, aborted.whose) == (reason, liar)


@pytest.mark.sweep
def test_with_the_engine_itself(tmp_path: Path) -> None:
    """Whole parties over one log: keys, products and answers are the lattice engine's own."""
    data = tables(2, n=60, columns=2, keep=1.0)
    terms = agreement(2, protection="express", engine="lattice", l2=0.05)
    network = SimulatedNetwork(tmp_path, terms, data).run()
    assert network.ended
    found = {k: v for model, _ in network.models().values() for k, v in model["coefficients"].items()}
    assert terms.train is not None
    expected = plaintext(terms.train, data)
    assert max(abs(value - expected[name]) for name, value in found.items()) < 1e-4
    network.close()


def test_nearly_the_same_columns_at_two_parties_are_said_to_be_so() -> None:
    data = family("linear", 2)
    shop, bank = data["shop"], data["bank"]
    order = [bank.ids.index(i) for i in shop.ids]
    copied = shop.values.copy()
    copied[:, 0] = bank.values[order][:, 0] + 1e-4 * shop.values[:, 0]
    twin = Rows(shop.ids, shop.columns, copied, None)
    notes = trained(data | {"shop": twin}, 2, l2=0.0).parties["bank"].notes
    assert not notes["converged"]
    assert any("nearly combinations" in warning for warning in notes["warnings"])


@pytest.mark.parametrize(
    ("train", "reason"),
    [
        ({"engine": "paillier"}, "protection: express needs engine: lattice"),
        ({"l2_path": (0.1,)}, "l2_path needs folds"),
        ({"model": "poisson"}, "protection: express is for model: linear"),
    ],
)
def test_what_does_not_go_together(train: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Train.model_validate({"protection": "express", "engine": "lattice"} | train)


def test_penalties_are_tried_once_each() -> None:
    train = Train(protection="express", engine="lattice", l2=0.1, l2_path=(1.0, 0.1, 0.0), folds=2)
    assert train.penalties == (0.0, 0.1, 1.0)
