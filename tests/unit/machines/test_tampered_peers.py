"""A peer that breaks the protocol: the others end as failed, name it, and say one reason that tells nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.support.world import Tamper, World, agreement, tables

from accord_protocols.phases.keys import published
from accord_schemas.address import Content
from accord_schemas.events import (
    Answer,
    Blinded,
    Direction,
    Event,
    ExchangeKey,
    IdSet,
    OprfKey,
    Pads,
    PaillierKey,
    Prepared,
    Products,
    Residual,
    Sample,
    Scores,
    Signed,
    Store,
    Sums,
    Tags,
)

pytestmark = pytest.mark.variants

BITS = 512
Change = Callable[[Any], dict[str, Any]]

KEYS = "a public key is not acceptable"
SHAPE = "an array is not of the agreed shape"


def tampering(kind: type[Event], sender: str, victim: str, change: Change) -> Tamper:
    """Every event of a kind from one party to one other is changed."""

    def tamper(to: str, content: Content) -> Event:
        if type(content.event) is not kind or (content.address.sender, to) != (sender, victim):
            return content.event
        return content.event.model_copy(update=change(content.event))

    return tamper


def shorter(name: str) -> Change:
    return lambda event: {name: getattr(event, name)[:-1]}


def longer(name: str) -> Change:
    return lambda event: {name: np.concatenate([getattr(event, name), getattr(event, name)[:1]])}


def wider(name: str) -> Change:
    return lambda event: {name: np.hstack([getattr(event, name), getattr(event, name)[:, :1]])}


def filled(name: str, value: int) -> Change:
    """Everything in a field is this byte or word."""
    return lambda event: {name: np.full_like(getattr(event, name), value)}


def first(name: str, value: int) -> Change:
    """The first row is this byte or word; the others stay."""

    def change(event: Event) -> dict[str, Any]:
        array = getattr(event, name).copy()
        array[0] = value
        return {name: array}

    return change


def repeated(name: str) -> Change:
    """The second row is the first one again."""

    def change(event: Event) -> dict[str, Any]:
        array = getattr(event, name).copy()
        array[1] = array[0]
        return {name: array}

    return change


def run(kind: type[Event], sender: str, victim: str, change: Change, **train: Any) -> World:
    tamper = tampering(kind, sender, victim, change)
    return World(agreement(3, BITS, gate=0.99, **train), tables(3, n=40, keep=0.8), tamper=tamper).run()


def failed(kind: type[Event], sender: str, victim: str, change: Change, **train: Any) -> str:
    """The reason that the victim gave, having named the sender."""
    world = run(kind, sender, victim, change, **train)
    abort = world.parties[victim].aborted
    assert abort is not None and abort.trigger == "failed"
    assert "completed" not in world.parties[victim].states
    assert abort.whose == sender, f"{abort.reason}: blamed {abort.whose}"
    return abort.reason


@pytest.mark.parametrize(
    ("kind", "sender", "victim", "change", "reason"),
    [
        (ExchangeKey, "shop", "bank", lambda event: {"key": bytes(32)}, KEYS),  # a point of small order
        (OprfKey, "shop", "bank", first("key", 0), KEYS),
        (OprfKey, "shop", "telco", filled("key", 255), KEYS),  # divisible by 3
        (OprfKey, "shop", "telco", filled("proof", 1), KEYS),
        (OprfKey, "shop", "bank", shorter("proof"), KEYS),
        (OprfKey, "shop", "bank", wider("key"), KEYS),
        (OprfKey, "telco", "bank", shorter("key"), KEYS),
        (OprfKey, "telco", "bank", lambda event: {"key": np.hstack([event.key[:, :1] * 0, event.key])}, KEYS),
        (OprfKey, "telco", "bank", lambda event: {"scheme": "ecdh"}, "an alignment key is not of the agreed scheme"),
        (PaillierKey, "bank", "telco", first("key", 0), KEYS),
        (PaillierKey, "bank", "telco", lambda event: {"key": event.key & 254}, KEYS),
        (PaillierKey, "bank", "telco", shorter("key"), KEYS),
        (PaillierKey, "bank", "shop", longer("key"), KEYS),
        (PaillierKey, "shop", "bank", first("proof", 1), KEYS),
        (PaillierKey, "shop", "telco", lambda event: {"proof": event.proof[::-1]}, KEYS),
        (PaillierKey, "shop", "telco", shorter("proof"), KEYS),
        (IdSet, "telco", "bank", lambda event: {"ids": 20_000_001}, "a party has more ids than was agreed"),
    ],
)
def test_bad_keys(kind: type[Event], sender: str, victim: str, change: Change, reason: str) -> None:
    assert failed(kind, sender, victim, change) == reason


@pytest.mark.parametrize(("protection", "party"), [("shared", "bank"), ("shared", "telco"), ("score", "shop")])
def test_sizes_that_nobody_asked_for(protection: str, party: str) -> None:
    victim = "shop" if party == "bank" else "bank"
    reason = failed(Prepared, party, victim, lambda event: {"range": 12}, protection=protection)
    assert reason == "announced sizes are not those of the agreement"


def test_a_residuals_range_that_is_kept_back_at_score() -> None:
    reason = failed(Prepared, "bank", "telco", lambda event: {"range": 0}, protection="score")
    assert reason == "announced sizes are not those of the agreement"


def test_each_party_says_the_keys_of_its_role() -> None:
    world = World(agreement(3, BITS, gate=0.99), tables(3, n=40, keep=0.8)).run()
    said = {address: type(content.event) for address, content in world.log.items() if address.instance == "keys"}
    assert said == published(world.terms)
    by_party = {p: sorted(address.step for address in said if address.sender == p) for p in world.parties}
    assert by_party == {
        "bank": ["exchange", "ids", "paillier"],
        "shop": ["exchange", "ids", "oprf", "paillier"],
        "telco": ["exchange", "ids", "oprf"],
    }
    assert not any(address.step == "paillier" for address in published(world.terms.model_copy(update={"train": None})))


@pytest.mark.parametrize(
    ("kind", "sender", "victim", "change"),
    [
        (Sample, "bank", "shop", filled("points", 255)),
        (Sample, "bank", "shop", filled("names", 0)),
        (Sample, "bank", "shop", longer("points")),
        (Sample, "bank", "shop", repeated("points")),
        (Answer, "shop", "bank", filled("points", 255)),
        (Answer, "shop", "bank", filled("names", 0)),
        (Answer, "shop", "bank", shorter("points")),
        (Answer, "shop", "bank", shorter("doubled")),
        (Answer, "shop", "bank", longer("doubled")),
        (Answer, "shop", "bank", repeated("doubled")),
        (Answer, "shop", "bank", repeated("points")),
    ],
)
def test_the_gate(kind: type[Event], sender: str, victim: str, change: Change) -> None:
    assert failed(kind, sender, victim, change)


@pytest.mark.parametrize(
    ("kind", "sender", "victim", "change", "reason"),
    [
        (Blinded, "bank", "shop", shorter("numbers"), "blinded ids are not as announced"),
        (Blinded, "bank", "shop", longer("numbers"), "blinded ids are not as announced"),
        (Blinded, "bank", "shop", wider("numbers"), "blinded ids are not as announced"),
        (Blinded, "bank", "shop", first("numbers", 0), ""),
        (Blinded, "bank", "shop", filled("numbers", 255), ""),
        (Signed, "shop", "bank", shorter("numbers"), "signed ids are not as announced"),
        (Signed, "shop", "bank", wider("numbers"), "signed ids are not as announced"),
        (Signed, "shop", "bank", repeated("numbers"), ""),
        (Signed, "shop", "bank", first("numbers", 255), ""),
        (Store, "shop", "bank", shorter("table"), "a key-value store is not of the announced size"),
        (Store, "shop", "bank", lambda event: {"parameters": b""}, "a key-value store is not of the announced size"),
        (Tags, "bank", "shop", first("tags", 0), "the announced intersection is not acceptable"),
        (Tags, "bank", "shop", repeated("tags"), "the announced intersection is not acceptable"),
        (Tags, "bank", "shop", longer("tags"), "the announced intersection is not acceptable"),
    ],
)
def test_alignment(kind: type[Event], sender: str, victim: str, change: Change, reason: str) -> None:
    assert failed(kind, sender, victim, change) == reason or not reason


@pytest.mark.parametrize(
    ("kind", "sender", "victim", "change", "reason"),
    [
        (Pads, "bank", "telco", shorter("numbers"), "encrypted pads are not as agreed"),
        (Pads, "bank", "telco", wider("numbers"), "encrypted pads are not as agreed"),
        (Pads, "bank", "telco", first("numbers", 0), "a ciphertext is not of the agreed form"),
        (Pads, "bank", "telco", first("numbers", 255), "a ciphertext is not of the agreed form"),
        (Products, "telco", "bank", shorter("numbers"), "encrypted products are not as agreed"),
        (Products, "telco", "bank", longer("numbers"), "encrypted products are not as agreed"),
        (Products, "telco", "bank", first("numbers", 0), "a ciphertext is not of the agreed form"),
        (Products, "telco", "bank", first("numbers", 255), "a ciphertext is not of the agreed form"),
        (Scores, "telco", "shop", shorter("shares"), SHAPE),
        (Scores, "telco", "bank", wider("shares"), SHAPE),
        (Residual, "bank", "telco", longer("masked"), SHAPE),
        (Residual, "bank", "telco", shorter("products"), SHAPE),
        (Residual, "bank", "shop", wider("products"), SHAPE),
        (Sums, "telco", "bank", shorter("values"), SHAPE),
        (Sums, "telco", "bank", wider("values"), SHAPE),
        (Direction, "bank", "shop", longer("coefficients"), "a direction is not of the agreed form"),
        (Direction, "bank", "shop", shorter("coefficients"), "a direction is not of the agreed form"),
    ],
)
def test_training(kind: type[Event], sender: str, victim: str, change: Change, reason: str) -> None:
    assert failed(kind, sender, victim, change) == reason


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_direction_that_is_no_number(value: float) -> None:
    assert failed(Direction, "bank", "telco", lambda event: {"coefficients": np.full_like(event.coefficients, value)})


@pytest.mark.parametrize("value", [1e30, 1e300])
@pytest.mark.parametrize("protection", ["shared", "score"])
@pytest.mark.parametrize("field", ["coefficients", "step"])
def test_a_direction_beyond_the_range(field: str, protection: str, value: float) -> None:
    """Whose direction it is answers for it, and not who ends where it leads."""

    def change(event: Direction) -> dict[str, Any]:
        if len(event.coefficients) == 1:
            return {}  # in the first round there is one direction that is agreed
        return {field: value if field == "step" else np.full_like(event.coefficients, value)}

    world = run(Direction, "bank", "telco", change, protection=protection)
    abort = world.parties["telco"].aborted
    assert abort is not None and abort.whose == "bank"
    assert (abort.trigger, abort.reason) == ("failed", "a score left the agreed range")


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", [Scores, Residual, Sums])
def test_noise_in_the_right_shape_breaks_no_machine(kind: type[Event], seed: int) -> None:
    """It may spoil the model: the threat model is semi-honest. It must not break a party in an unforeseen way."""
    rng = np.random.default_rng(seed)

    def change(event: Event) -> dict[str, Any]:
        name = next(iter(type(event).model_fields))
        array = getattr(event, name)
        return {name: rng.integers(0, 1 << 64, array.shape, np.uint64)}

    world = run(kind, "shop" if kind is Residual else "telco", "bank", change, max_rounds=15)
    for party in world.parties.values():
        assert party.aborted is None or party.aborted.trigger == "failed"


def test_reasons_tell_nothing_about_values() -> None:
    reasons = {failed(Tags, "bank", "shop", first("tags", value)) for value in (0, 1, 255)}
    reasons |= {failed(Tags, "bank", "telco", repeated("tags"))}
    assert len(reasons) == 1
