"""A peer that breaks the protocol of trees, and a label holder that cheats within it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.support.trees import Watched
from tests.support.world import World, boosted, tables

from accord_protocols.boosting import objective
from accord_protocols.boosting.walking import UNFIT as SIDES
from accord_protocols.phases.boosting.edge import UNFIT as CELLS
from accord_protocols.phases.boosting.following import UNFIT as TREE
from accord_protocols.primitives.onehot.ledger import REPEATED
from accord_protocols.primitives.onehot.seeds import INCONSISTENT
from accord_protocols.tasks.boosting.label import UNFIT as SUMS
from accord_schemas.address import Content
from accord_schemas.events import CellChoices, Event, Grown, Levels, NodeSums, Offer, Sides, Splits, Vector

pytestmark = pytest.mark.variants

DATA = tables(2, n=260, columns=2, seed=3)
Change = Callable[[Any], dict[str, Any]]


def flipped(name: str, place: Any = 0) -> Change:
    def change(event: Any) -> dict[str, Any]:
        array = getattr(event, name).copy()
        array[place] ^= np.array(1, array.dtype)
        return {name: array}

    return change


def shorter(name: str) -> Change:
    return lambda event: {name: getattr(event, name)[:-1]}


def nowhere(event: Splits) -> dict[str, Any]:
    own = event.own.copy()
    own[:, 1] = 7
    return {"own": own}


def coarser(event: NodeSums) -> dict[str, Any]:
    """A group that ends nowhere, where the sum of its rows is told all the same."""
    return {"shares": event.shares[:-1]}


CASES: dict[str, tuple[type[Event], str, str, str, Change]] = {
    "the identity as a point": (
        Offer,
        "",
        "bank",
        "group are not acceptable",
        lambda event: {"points": np.zeros_like(event.points)},
    ),
    "too few points": (Offer, "", "bank", CELLS, shorter("points")),
    "a flipped choice": (CellChoices, "", "shop", INCONSISTENT, flipped("choices", 1000)),
    "a flipped check": (CellChoices, "", "shop", INCONSISTENT, flipped("checks", (0, 3))),
    "a flipped proof": (CellChoices, "", "shop", INCONSISTENT, flipped("proofs", (31, 3))),
    "a flipped correction of seeds": (CellChoices, "", "shop", INCONSISTENT, flipped("corrections", (0, 3))),
    "choices of fewer cells": (CellChoices, "", "shop", CELLS, shorter("choices")),
    "levels of fewer rows": (Levels, "", "bank", CELLS, shorter("blocks")),
    "a vector of fewer rows": (Vector, "", "bank", TREE, shorter("words")),
    "a false sum": (NodeSums, "nodes.0.0", "shop", SUMS, flipped("shares", -1)),
    "a sum less": (NodeSums, "nodes.0.0", "shop", SUMS, coarser),
    "groups of no column": (NodeSums, "nodes.0.0", "shop", TREE, shorter("ends")),
    "a split that was not offered": (Splits, "splits.0.0", "bank", TREE, nowhere),
    "splits of fewer nodes": (Splits, "splits.0.1", "bank", TREE, shorter("owners")),
    "sides of fewer rows": (Sides, "sides.0.0", "shop", SIDES, shorter("bits")),
    "sides of no row": (Sides, "sides", "shop", SIDES, lambda event: {"bits": np.full_like(event.bits, 255)}),
    "further trees": (Grown, "grown.1", "bank", "more trees", lambda _: {"last": False}),
}


@pytest.mark.parametrize("case", CASES)
def test_who_breaks_the_protocol_is_named(case: str) -> None:
    kind, step, sender, reason, change = CASES[case]
    victim = "shop" if sender == "bank" else "bank"

    def tamper(to: str, content: Content) -> Event:
        address = content.address
        meant = type(content.event) is kind and (address.sender, to) == (sender, victim)
        if not meant or not address.step.startswith(step):
            return content.event
        return content.event.model_copy(update=change(content.event))

    made = World(boosted(2), DATA, tamper=tamper).run()
    aborted = made.parties[victim].aborted
    assert aborted is not None and reason in aborted.reason and aborted.whose == sender
    if kind is CellChoices:  # nothing that depends on the choices is said
        assert not any(isinstance(content.event, Levels | Vector) for content in made.log.values())


def test_a_vector_whose_nonce_came_before_ends_it() -> None:
    first: list[bytes] = []

    def again(to: str, content: Content) -> Event:
        if isinstance(content.event, Vector):
            first.append(content.event.nonce)
            return content.event.model_copy(update={"nonce": first[0]})
        return content.event

    aborted = World(boosted(2), DATA, tamper=again).run().parties["shop"].aborted
    assert aborted is not None and aborted.reason == REPEATED and aborted.whose == "bank"


def test_a_label_holder_that_cheats_reads_bins(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reverse sum succeeds, unnoticed, as the consent says: derivatives of powers of two, and every group of bins
    of these rows stands in the sums. That is why it is said, and why labels and bins are committed to."""
    rows = np.arange(16)

    def powers(loss: str, scores: Any, y: Any, used: Any, xof: Any) -> tuple[Any, int]:
        g = np.zeros(len(y), np.int64)
        g[rows] = 1 << rows
        return objective.packed(g, np.full(len(y), 1 << 20)), 20

    monkeypatch.setattr("accord_protocols.tasks.boosting.label.objective.words", powers)
    made = Watched(boosted(2, trees=1, stop_after=None, depth=1), DATA)
    made.run()
    assert not any(party.aborted for party in made.parties.values())
    block, found = made.block("shop"), 0
    event = next(c.event for a, c in made.log.items() if isinstance(c.event, NodeSums))
    assert isinstance(event, NodeSums)
    given = made.of("bank", "boost", "sent.0.shop")["shares"].sum(axis=0, dtype=np.uint64)
    sums = np.cumsum(given, axis=2, dtype=np.uint64)[0]
    ends = np.unpackbits(event.ends, axis=1, bitorder="little").astype(bool)
    sums[ends] += event.shares[:, 0]
    for column in range(2):
        last = np.flatnonzero(ends[column])
        below = objective.unpacked(sums[column, last])[0]
        for end, total in zip(last, below.tolist(), strict=True):
            bits = [bool(total >> k & 1) for k in range(16)]
            assert bits == (block["train"][rows, column] <= end).tolist()
            found += 1
    assert found > 4
