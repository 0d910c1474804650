"""Whatever the parties align with, they find the plain join of their sets, in one order."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
from tests.support.world import NAMES, Rows, World, alignment

from accord_protocols.phases.alignment.oprf import OPRFS
from accord_protocols.phases.alignment.star import NOBODY
from accord_protocols.phases.alignment.transfer import SCHEME
from accord_schemas.agreement import Agreement, Align
from accord_schemas.events import OprfKey

SETS = {
    "two": (range(40), range(15, 60)),
    "three": (range(50), range(10, 70), range(5, 40)),
    "one id": (range(1), range(1)),
    "unequal": (range(3), range(400)),
    "unequal, the leader has more": (range(400), range(2, 5)),
    "all in common": (range(20), range(20), range(20)),
}


def agreed(scheme: str, parties: int) -> Agreement:
    terms = alignment(parties, 512)
    return terms.model_copy(update={"align": terms.align.model_copy(update={"protocol": scheme})})


def lists(*sets: range) -> dict[str, Rows]:
    order = np.random.default_rng(7)
    ids = {name: order.permutation(numbers).tolist() for name, numbers in zip(NAMES, sets, strict=False)}
    return {name: Rows(tuple(f"ü{i}" for i in own), (), np.zeros((len(own), 0)), None) for name, own in ids.items()}


def world(scheme: str, *sets: range, **more: Any) -> World:
    return World(agreed(scheme, len(sets)), lists(*sets), **more).run()


def test_every_scheme_of_an_agreement_is_there() -> None:
    assert {*OPRFS, SCHEME} == set(get_args(Align.model_fields["protocol"].annotation))


@pytest.mark.parametrize("sets", SETS.values(), ids=SETS)
@pytest.mark.parametrize("scheme", ["ecdh", "ot"])
def test_all_have_the_join_in_one_order(scheme: str, sets: tuple[range, ...]) -> None:
    played = world(scheme, *sets)
    found = [[party.rows.ids[row] for row in party.notes["rows"]] for party in played.parties.values()]
    assert sorted(found[0]) == sorted(f"ü{i}" for i in set.intersection(*map(set, sets)))
    assert all(ids == found[0] for ids in found)
    assert {party.states[-1] for party in played.parties.values()} == {"completed"}


@pytest.mark.parametrize("scheme", ["ecdh", "ot"])
def test_nothing_in_common_is_refused(scheme: str) -> None:
    for party in world(scheme, range(9), range(5, 20), range(9, 30)).parties.values():
        assert party.aborted is not None and party.aborted.reason == NOBODY


@pytest.mark.parametrize("scheme", ["ecdh", "ot"])
def test_any_order_of_arrival_says_the_same(scheme: str) -> None:
    one, other = (world(scheme, range(30), range(10, 40), range(20, 50), order=k) for k in (1, 2))
    assert one.fingerprint() == other.fingerprint()


def test_a_transfer_needs_no_key_beforehand() -> None:
    said = {type(content.event) for content in world("ot", range(9), range(5, 20)).log.values()}
    assert OprfKey not in said and OprfKey in {type(c.event) for c in world("ecdh", range(3), range(3)).log.values()}
