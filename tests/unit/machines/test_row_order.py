"""A leader that tells the others apart which rows are common, or in which order: they compare, without it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from tests.support.world import Tamper, World, agreement, alignment, tables

from accord_protocols.tasks.align import order
from accord_protocols.tasks.registry import Context
from accord_schemas.address import Content
from accord_schemas.events import Event, RowOrder, Tags

BITS = 512
Told = Callable[[np.ndarray], np.ndarray]


def swapped(tags: np.ndarray) -> np.ndarray:
    return tags[[1, 0, *range(2, len(tags))]]


def trimmed(tags: np.ndarray) -> np.ndarray:
    return tags[1:]


def telling(victim: str, change: Told) -> Tamper:
    """The leader tells one party something else."""

    def tamper(to: str, content: Content) -> Event:
        event = content.event
        return Tags(tags=change(event.tags)) if isinstance(event, Tags) and to == victim else event

    return tamper


@pytest.mark.parametrize("change", [swapped, trimmed])
def test_rows_that_are_told_apart_are_noticed_by_all_others(change: Told) -> None:
    world = World(alignment(3, BITS), tables(3, n=40, columns=1), tamper=telling("telco", change)).run()
    for party, peer in (("shop", "telco"), ("telco", "shop")):
        abort = world.parties[party].aborted
        assert abort is not None and (abort.trigger, abort.whose) == ("failed", "bank")
        assert abort.reason == f"the common rows of {party} and {peer} differ"
    assert not any("rows" in world.parties[p].notes for p in ("shop", "telco")), "nothing is computed with them"


def test_with_four_it_shows_who_was_told_something_else() -> None:
    world = World(alignment(4, BITS), tables(4, n=40, columns=1), tamper=telling("telco", swapped)).run()
    reasons = {party: one.aborted.reason for party, one in world.parties.items() if one.aborted}
    assert reasons == {
        "shop": "the common rows of shop and telco differ",
        "insurer": "the common rows of insurer and telco differ",
        "telco": "the common rows of telco and insurer differ",
    }


def test_nobody_can_answer_with_what_it_was_told() -> None:
    """A MAC names who says it: one that is sent back is not the other party's."""
    pair = {"kappa.shop": bytes(32)}, {"kappa.telco": bytes(32)}
    rows, table = np.arange(3), tables(2)["shop"]
    at_telco, at_shop = (
        order(Context({"rows": rows, "me": me, **kappa}, table=table)).fields
        for me, kappa in zip(("telco", "shop"), pair, strict=True)
    )
    assert at_telco["own.shop"] == at_shop["peer.telco"] and at_telco["peer.shop"] == at_shop["own.telco"]
    assert at_telco["own.shop"] != at_telco["peer.shop"]


@pytest.mark.parametrize(("parties", "macs"), [(2, 0), (3, 2), (4, 6)])
def test_one_mac_for_each_pair_and_direction(parties: int, macs: int) -> None:
    world = World(alignment(parties, BITS), tables(parties, n=40, columns=1)).run()
    said = [c for c in world.log.values() if isinstance(c.event, RowOrder)]
    assert len(said) == macs and not any("bank" in (c.address.sender, *c.to) for c in said)
    assert not any(p.aborted for p in world.parties.values())


def test_a_training_goes_on_with_the_compared_rows() -> None:
    world = World(agreement(3, BITS, max_rounds=1), tables(3, n=60)).run()
    rows = {p: [party.rows.ids[r] for r in party.notes["rows"]] for p, party in world.parties.items()}
    assert rows["bank"] == rows["shop"] == rows["telco"] and not any(p.aborted for p in world.parties.values())
