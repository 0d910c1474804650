"""Early stopping at level `shared`: the loss of TEST rows is told in all, and nothing else of their scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from tests.support.trees import Watched
from tests.support.world import Rows, World, boosted, tables
from tests.unit.boosting.test_hidden import flipped, shorter

from accord_protocols.boosting.misses import OPENED, bits_for
from accord_protocols.phases.boosting.transfers import UNFIT as FORM
from accord_protocols.primitives.onehot.ledger import REPEATED
from accord_protocols.primitives.onehot.seeds import INCONSISTENT
from accord_schemas.address import Content
from accord_schemas.events import BitChoices, BitProducts, Event, Grown, Partial

TERMS: dict[str, Any] = {
    "protection": "shared",
    "objective": "squared",
    "trees": 8,
    "depth": 1,
    "bins": 4,
    "stop_after": 1,
    "learning_rate": 1.0,
}


def noise(parties: int, n: int = 400) -> dict[str, Rows]:
    """Labels that follow from nothing: the loss of TEST rows rises soon."""
    found = tables(parties, n=n, columns=1, seed=7)
    bank = found["bank"]
    labels = np.random.default_rng(5).normal(size=len(bank.ids)).round(6)
    return {**found, "bank": replace(bank, labels=labels)}


@cache
def world(parties: int) -> Watched:
    """A collaboration, run to its end."""
    made = Watched(boosted(parties, **TERMS), noise(parties))
    made.run()
    assert not any(party.aborted for party in made.parties.values())
    return made


def squares(made: Watched, tree: int) -> tuple[float, int]:
    """The sum of the squares of TEST rows after a tree, from the scores that nobody knows; and how many rows."""
    block = made.block("bank")
    n, y = block["n"], block["y"]
    f, low, high = 30 - n.bit_length(), y[:n].min(), y[:n].max()
    labels = [round(v * 2**f) for v in np.clip((y[n:] - low) / (high - low), 0, 1).tolist()]
    shares = [made.of(me, "hide", f"raised.{tree}")["scores"][n:] for me in made.terms.sharing]
    scores = (shares[0] + shares[1]).view(np.int64).tolist()
    return sum((s - label) ** 2 for s, label in zip(scores, labels, strict=True)) / 4**f, len(labels)


@pytest.mark.parametrize("parties", [2, 3])
def test_no_tree_is_grown_once_the_loss_has_not_fallen_for_so_long(parties: int) -> None:
    made, losses = world(parties), []
    notes = made.parties["bank"].notes
    span = np.ptp(made.block("bank")["y"][: made.block("bank")["n"]])
    for tree in range(notes["trees"]):
        total, rows = squares(made, tree)
        losses.append(total)
        told = notes["loss"][tree] * rows / span**2
        assert total - 2**-OPENED < told <= total + 1e-9
    best = losses.index(min(losses))
    assert best + 1 == notes["trees"] - 1 < TERMS["trees"] - 1, "the last tree is the first one that did not help"
    assert {party.notes["trees"] for party in made.parties.values()} == {notes["trees"]}


def test_the_share_of_the_loss_shows_no_bit_beyond_its_room() -> None:
    made = world(2)
    n, rows = made.block("bank")["n"], len(made.block("bank")["test_rows"])
    fraction = 30 - n.bit_length()
    told = [int(c.event.shares[0, 0]) for a, c in made.log.items() if a.step.startswith("loss.")]  # type: ignore[attr-defined]
    assert all(not value >> bits_for(fraction, rows) for value in told)
    assert all(not value % (1 << (2 * fraction - OPENED)) for value in told)


def test_the_loss_of_few_rows_is_not_looked_at() -> None:
    """Of fewer TEST rows than a group has no sum is opened, and all trees are grown."""
    made = Watched(boosted(2, **{**TERMS, "trees": 3}), noise(2, n=80))
    made.run()
    assert not any(party.aborted for party in made.parties.values())
    assert 0 < len(made.block("bank")["test_rows"]) < 20
    assert made.parties["bank"].notes["trees"] == 3
    assert not any(a.step.partition(".")[0] in ("tested", "missed", "loss", "grown") for a in made.log)


TAMPERED: dict[str, tuple[type[Event], str, str, str, Callable[[Any], dict[str, Any]]]] = {
    "a flipped bit": (BitChoices, "tested", "shop", INCONSISTENT, flipped("choices", 5)),
    "bits of fewer rows": (BitChoices, "tested", "shop", FORM, shorter("choices")),
    "products of fewer rows": (BitProducts, "missed", "bank", FORM, shorter("words")),
    "no loss": (Partial, "loss", "shop", FORM, shorter("shares")),
    "a tree more": (Grown, "grown.7", "bank", "there are more trees than agreed", lambda _: {"last": False}),
}


@pytest.mark.parametrize("case", TAMPERED)
def test_who_breaks_the_protocol_is_named(case: str) -> None:
    kind, step, sender, reason, change = TAMPERED[case]

    def tamper(to: str, content: Content) -> Event:
        address = content.address
        if type(content.event) is not kind or address.sender != sender or not address.step.startswith(step):
            return content.event
        return content.event.model_copy(update=change(content.event))

    made = World(boosted(2, **{**TERMS, "stop_after": 8}), noise(2, n=200), tamper=tamper).run()
    aborted = made.parties["shop" if sender == "bank" else "bank"].aborted
    assert aborted is not None and aborted.reason == reason and aborted.whose == sender
    if reason == INCONSISTENT:
        assert not any(a.step.startswith("missed") for a in made.log)


def test_a_nonce_that_comes_twice_ends_it() -> None:
    first: list[bytes] = []

    def again(to: str, content: Content) -> Event:
        event = content.event
        if not isinstance(event, BitChoices) or content.address.sender != "shop":
            return event
        first.append(event.nonce)
        return event.model_copy(update={"nonce": first[0]})

    aborted = World(boosted(2, **TERMS), noise(2), tamper=again).run().parties["bank"].aborted
    assert aborted is not None and aborted.reason == REPEATED and aborted.whose == "shop"
