"""Whatever the parties align with, they find the plain join of their sets, in one order."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
from tests.support.world import NAMES, Rows, Tamper, World, alignment

from accord_protocols.phases.alignment.exchange import SCHEME
from accord_protocols.phases.alignment.oprf import OPRFS
from accord_protocols.phases.alignment.star import NOBODY, question_bytes
from accord_protocols.phases.alignment.transfer import AHEAD
from accord_protocols.primitives.psi.star import UNACCEPTABLE
from accord_schemas.address import Content
from accord_schemas.agreement import Agreement, Align
from accord_schemas.events import (
    Blinded,
    Choices,
    Corrections,
    Event,
    Found,
    Marks,
    Masked,
    OprfKey,
    Signed,
    Store,
    Tags,
)

pytestmark = pytest.mark.variants

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
@pytest.mark.parametrize("scheme", ["ecdh", "sm2", "ot"])
def test_all_have_the_join_in_one_order(scheme: str, sets: tuple[range, ...]) -> None:
    played = world(scheme, *sets)
    found = [[party.rows.ids[row] for row in party.notes["rows"]] for party in played.parties.values()]
    assert sorted(found[0]) == sorted(f"ü{i}" for i in set.intersection(*map(set, sets)))
    assert all(ids == found[0] for ids in found)
    assert {party.states[-1] for party in played.parties.values()} == {"completed"}


@pytest.mark.parametrize("scheme", ["ecdh", "sm2", "ot"])
def test_nothing_in_common_is_refused(scheme: str) -> None:
    for party in world(scheme, range(9), range(5, 20), range(9, 30)).parties.values():
        assert party.aborted is not None and party.aborted.reason == NOBODY


@pytest.mark.parametrize("scheme", ["ecdh", "sm2", "ot"])
def test_any_order_of_arrival_says_the_same(scheme: str) -> None:
    one, other = (world(scheme, range(30), range(10, 40), range(20, 50), order=k) for k in (1, 2))
    assert one.fingerprint() == other.fingerprint()


@pytest.mark.parametrize("parties", [2, 3])
def test_a_table_goes_bucket_by_bucket(parties: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """More buckets than are worked on at once; of the server's, some are empty."""
    monkeypatch.setattr("accord_protocols.primitives.psi.ot.code.BUCKET", 20)
    sets = (range(300), range(290, 330), range(280, 320))[:parties]
    played = world("ot", *sets, order=3)
    for party in played.parties.values():
        assert {party.rows.ids[row] for row in party.notes["rows"]} == {f"ü{i}" for i in range(290, 300)}
    steps = [a.step for a, c in played.log.items() if isinstance(c.event, Masked) and a.instance == "transfer.shop"]
    assert sorted(steps) == sorted(f"masked.{bucket}" for bucket in range(15)) and AHEAD < 15
    sent = sum(c.event.table.nbytes for c in played.log.values() if isinstance(c.event, Masked))
    assert sent == (parties - 1) * question_bytes(agreed("ot", parties), 300)
    assert played.fingerprint() == world("ot", *sets, order=4).fingerprint()


def test_a_bucket_of_another_size_is_refused_when_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accord_protocols.primitives.psi.ot.code.BUCKET", 20)

    def last(_to: str, content: Content) -> Event:
        event = content.event
        if isinstance(event, Masked) and content.address.step == "masked.14":
            return event.model_copy(update={"table": event.table[:-1]})
        return event

    aborted = world("ot", range(300), range(290, 330), tamper=last).parties["shop"].aborted
    assert aborted is not None and (aborted.whose, aborted.reason) == ("bank", "a masked table is not as announced")


@pytest.mark.parametrize("scheme", ["rsa", "ecdh", "sm2", "ot"])
def test_what_the_leader_sends_is_as_large_as_is_said_beforehand(scheme: str) -> None:
    said = [c.event for c in world(scheme, range(9), range(5, 20)).log.values()]
    sent = [e.table if isinstance(e, Masked) else e.numbers for e in said if isinstance(e, Masked | Blinded)]
    assert [array.nbytes for array in sent] == [question_bytes(agreed(scheme, 2), 9)]


def test_a_transfer_needs_no_key_beforehand() -> None:
    said = {type(content.event) for content in world("ot", range(9), range(5, 20)).log.values()}
    assert OprfKey not in said and OprfKey in {type(c.event) for c in world("ecdh", range(3), range(3)).log.values()}


# ---- peers that say something else

POINTS = "points of the group are not acceptable"
KEY = "a public key is not acceptable"
ANSWER = "an answer to points of an exchange is not as agreed"
EVEN = np.frombuffer(bytes.fromhex("02" + 31 * "00"), np.uint8)  # canonical, but no point: RFC 9496 has no root for it

OFF = np.frombuffer(bytes.fromhex("02" + 31 * "00" + "05"), np.uint8)  # no point of the SM2 curve has x = 5


def rows(name: str, change: Any) -> Any:
    return lambda event: {name: change(getattr(event, name))}


def first(value: Any) -> Any:
    return lambda array: np.concatenate(
        [np.broadcast_to(np.asarray(value, array.dtype), (1, *array.shape[1:])), array[1:]]
    )


def tampering(kind: type[Event], sender: str, change: Any) -> Tamper:
    def tamper(_to: str, content: Content) -> Event:
        if type(content.event) is not kind or content.address.sender != sender:
            return content.event
        return content.event.model_copy(update=change(content.event))

    return tamper


@pytest.mark.parametrize(
    ("scheme", "kind", "sender", "change", "reason"),
    [
        ("ecdh", OprfKey, "shop", rows("key", first(0)), KEY),
        ("ecdh", OprfKey, "shop", rows("key", first(EVEN)), KEY),
        ("ecdh", OprfKey, "shop", rows("key", lambda key: key.repeat(2, axis=0)), KEY),
        ("ecdh", OprfKey, "shop", rows("key", lambda key: key[:, 1:]), KEY),
        ("ecdh", OprfKey, "shop", rows("proof", lambda _: np.zeros((1, 32), np.uint8)), KEY),
        ("ecdh", OprfKey, "shop", rows("scheme", lambda _: "rsa"), "an alignment key is not of the agreed scheme"),
        ("ecdh", Blinded, "bank", rows("numbers", first(0)), POINTS),
        ("ecdh", Blinded, "bank", rows("numbers", first(EVEN)), POINTS),
        ("ecdh", Blinded, "bank", rows("numbers", first(255)), POINTS),
        ("ecdh", Blinded, "bank", rows("numbers", lambda n: n[1:]), "blinded ids are not as announced"),
        ("ecdh", Blinded, "bank", rows("numbers", lambda n: n[:, 1:]), "blinded ids are not as announced"),
        ("ecdh", Signed, "shop", rows("numbers", first(0)), POINTS),
        ("ecdh", Signed, "shop", rows("numbers", first(EVEN)), POINTS),
        ("ecdh", Signed, "shop", rows("numbers", lambda n: n[1:]), "signed ids are not as announced"),
        ("sm2", OprfKey, "shop", rows("key", first(0)), KEY),
        ("sm2", OprfKey, "shop", rows("key", first(OFF)), KEY),
        ("sm2", OprfKey, "shop", rows("key", lambda key: key.repeat(2, axis=0)), KEY),
        ("sm2", OprfKey, "shop", rows("key", lambda key: key[:, 1:]), KEY),
        ("sm2", OprfKey, "shop", rows("proof", lambda _: np.zeros((1, 33), np.uint8)), KEY),
        ("sm2", Blinded, "bank", rows("numbers", first(0)), POINTS),
        ("sm2", Blinded, "bank", rows("numbers", first(OFF)), POINTS),
        ("sm2", Blinded, "bank", rows("numbers", lambda n: n[:, 1:]), "blinded ids are not as announced"),
        ("sm2", Signed, "shop", rows("numbers", first(OFF)), POINTS),
        ("sm2", Signed, "shop", rows("numbers", lambda n: n[1:]), "signed ids are not as announced"),
        ("ot", Choices, "shop", rows("points", first(0)), POINTS),
        ("ot", Choices, "shop", rows("points", first(EVEN)), POINTS),
        ("ot", Choices, "shop", rows("points", first(255)), POINTS),
        ("ot", Choices, "shop", rows("points", lambda p: p[1:]), "points of an exchange are not as many as agreed"),
        ("ot", Corrections, "bank", rows("point", first(0)), POINTS),
        ("ot", Corrections, "bank", rows("point", first(EVEN)), POINTS),
        ("ot", Corrections, "bank", rows("point", lambda p: p.repeat(2, axis=0)), ANSWER),
        ("ot", Corrections, "bank", rows("corrections", lambda c: c[1:]), ANSWER),
        ("ot", Masked, "bank", rows("table", lambda t: t[1:]), "a masked table is not as announced"),
        ("ot", Marks, "shop", rows("tags", lambda t: t[1:]), "marks are not as announced"),
        ("ot", Marks, "shop", rows("tags", lambda t: t[:, 1:]), "marks are not as announced"),
        ("ot", Found, "bank", rows("digest", lambda _: bytes(32)), UNACCEPTABLE),
        ("ot", Found, "bank", rows("bits", lambda b: b[1:]), UNACCEPTABLE),
        ("ot", Found, "bank", rows("bits", lambda b: b | np.array([0, 1], np.uint8)), UNACCEPTABLE),
        ("ot", Found, "bank", rows("bits", lambda b: np.array([255, 254], np.uint8)), UNACCEPTABLE),
        ("ot", Found, "bank", rows("bits", lambda b: 0 * b), UNACCEPTABLE),
        ("ecdh", Tags, "bank", rows("tags", first(0)), UNACCEPTABLE),
    ],
)
def test_who_says_something_else_is_named(
    scheme: str, kind: type[Event], sender: str, change: Any, reason: str
) -> None:
    victim = {"bank": "shop", "shop": "bank"}[sender]
    aborted = world(scheme, range(9), range(5, 20), tamper=tampering(kind, sender, change)).parties[victim].aborted
    assert aborted is not None and (aborted.trigger, aborted.whose, aborted.reason) == ("failed", sender, reason)


def test_a_store_of_another_size_is_refused() -> None:
    for change in (rows("table", lambda t: t[1:]), rows("parameters", lambda _: b"")):
        sets = (range(9), range(5, 20), range(7, 12))
        aborted = world("ot", *sets, tamper=tampering(Store, "telco", change)).parties["bank"].aborted
        assert aborted is not None and aborted.whose == "telco"
        assert aborted.reason == "a key-value store is not of the announced size"


@pytest.mark.parametrize(("parties", "said"), [(2, Marks), (3, Store)])
def test_only_of_two_parties_marks_do(parties: int, said: type[Event]) -> None:
    kinds = {type(content.event) for content in world("ot", *[range(9)] * parties).log.values()}
    assert kinds & {Marks, Store} == {said}


@pytest.mark.parametrize(("kind", "name"), [(Masked, "table"), (Corrections, "corrections")])
def test_a_table_of_other_rows_finds_nobody(kind: type[Event], name: str) -> None:
    tamper = tampering(kind, "bank", rows(name, lambda array: array[::-1]))
    for party in world("ot", range(9), range(5, 20), tamper=tamper).parties.values():
        assert party.aborted is not None and party.aborted.reason == NOBODY
