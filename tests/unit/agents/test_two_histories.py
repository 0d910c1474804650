"""A pinned party that signs two histories: each kind is noticed before the end, and named."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.street import NOW, House, Street, identities
from tests.support.world import agreement, tables

from accord_protocols.jobs.registry import JOBS
from accord_schemas.address import Address
from accord_schemas.events import Answer, IdSet, Prepared, State
from accord_schemas.frame import Frame
from accord_schemas.header import Header, content_type, event_id

DATA = tables(3, n=60, columns=2)
KEYS = identities(tuple(DATA))


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    """Everybody has said its keys, and the telco has heard those of the shop; nobody has done more."""
    built = Street(tmp_path, agreement(3, max_rounds=2), DATA)
    built.houses["bank"].propose()
    built.houses["bank"].publish()
    read = 0
    while not any(f.header.event_class is IdSet for f in of(built, "shop")):
        for index in range(read, len(built.log)):
            for house in built.houses.values():
                house.deliver(index)
        read = len(built.log)
        for house in built.houses.values():
            for key in list(house.jobs) if house.name == "shop" else []:
                house.work(key)
            house.publish()
    for index in range(read, len(built.log)):
        built.houses["telco"].deliver(index)
    yield built
    built.close()


def of(street: Street, sender: str) -> list[Frame]:
    frames = [Frame.decode(data) for _, data in street.log]
    return [f for f in frames if f.header.source == sender and f.header.number]


def again(frame: Frame, last: Frame, payload: bytes | None = None, **changes: str) -> Frame:
    """A frame as the shop's next one."""
    number, body = str(last.header.number + 1), frame.payload if payload is None else payload
    attributes = frame.header.attributes() | {
        "eventnumber": number,
        "previoushash": last.digest.hex(),
        "payloadhash": hashlib.sha256(body).hexdigest(),
        "id": event_id(frame.header.subject, number, frame.header.watermarks),
    }
    return Frame.make(Header.of(attributes | changes), body, KEYS["shop"].sign)


def give(house: House, frame: Frame) -> tuple[str, str]:
    house.take(lambda: house.desk.deliver(frame.header.event_class.family, frame.encode(), NOW))
    (collaboration,) = house.desk.collaborations.values()
    return collaboration.state, collaboration.reason


def state(last: Frame, frame: Frame, number: int) -> Frame:
    """Something harmless that the shop may say at any time."""
    return again(frame, last, State(state="KEYED", round=number).encode(), step=f"state.{number}")


def test_an_address_is_used_once(street: Street) -> None:
    said = of(street, "shop")
    keys = next(f for f in said if f.header.event_class is IdSet)
    assert give(street.houses["telco"], again(keys, said[-1])) == ("FAILED", "an address was used twice (shop)")


@pytest.mark.parametrize("kind", ["used twice", "withheld from one", "for somebody else", "of no place"])
def test_what_is_sealed_to_others_is_looked_at_too(street: Street, kind: str) -> None:
    """The telco reads none of these: the shop's answer at the gate is for the bank."""
    said, telco = of(street, "shop"), street.houses["telco"]
    keys = next(f for f in said if f.header.event_class is IdSet)
    sealed = {"type": Answer.type, "datacontenttype": content_type(Answer), "salt": "ab" * 32, "epoch": "1"}
    place = sealed | {"instance": "gate.shop", "step": "answer", "recipients": "bank"}
    answer = again(keys, said[-1], b"x", **place)
    assert give(telco, answer)[0] == "AGREED"
    changes, reason = {
        "used twice": ({}, "an address was used twice (shop)"),
        "withheld from one": (
            {"type": Prepared.type, "instance": "prepare", "step": "prepared"},
            "an event goes to others than the protocol demands (shop)",
        ),
        "for somebody else": (
            {"instance": "gate.telco", "recipients": "telco"},
            "an event goes to others than the protocol demands (shop)",
        ),
        "of no place": ({"step": "dreams"}, "an event was said where the protocol has none, or another (shop)"),
    }[kind]
    assert give(telco, again(keys, answer, b"x", **(place | changes))) == ("FAILED", reason)


def test_every_machine_says_to_whom_its_sealed_events_go() -> None:
    for job in JOBS.values():
        for machine in job.machines.values():
            assert set(machine.goes) == {step for step, event in machine.says.items() if event.sealed}, machine


def test_a_chain_that_does_not_link(street: Street) -> None:
    said, telco = of(street, "shop"), street.houses["telco"]
    harmless = next(f for f in said if f.header.event_class is State)
    one = state(said[-1], harmless, 1)
    assert give(telco, one)[0] == "AGREED"
    forked = again(harmless, one, State(state="KEYED", round=2).encode(), step="state.2", previoushash="ee" * 32)
    assert give(telco, forked) == ("FAILED", "shop sent two histories")


def test_a_chain_is_checked_once_its_gap_is_closed(street: Street) -> None:
    """The later half of another history comes first, and is harmless until it meets the earlier half."""
    said, telco = of(street, "shop"), street.houses["telco"]
    harmless = next(f for f in said if f.header.event_class is State)
    one, other = state(said[-1], harmless, 1), state(said[-1], harmless, 2)
    later = state(other, harmless, 3)
    assert give(telco, later)[0] == "AGREED"
    assert give(telco, one) == ("FAILED", "shop sent two histories")


def test_two_versions_of_one_event_are_both_kept(street: Street) -> None:
    said, telco = of(street, "shop"), street.houses["telco"]
    harmless = next(f for f in said if f.header.event_class is State)
    one, other = state(said[-1], harmless, 1), state(said[-1], harmless, 2)
    assert give(telco, one)[0] == "AGREED"
    assert give(telco, other) == ("FAILED", "two versions of one event (shop)")
    ((source, reason, kept),) = telco.journal.quarantine()
    assert (source, reason, kept) == ("shop", f"a second version of event {one.header.number}", other.encode())
    heads = [row.head for row in telco.journal.rows(one.header.subject) if row.kind == "event"]
    assert one.bare() in heads and other.bare() not in heads


def test_the_others_hear_whose_fault_it_was(street: Street) -> None:
    """One party was told two histories: all end, the honest ones with the same reason, and a fold agrees."""
    said, telco = of(street, "shop"), street.houses["telco"]
    harmless = next(f for f in said if f.header.event_class is State)
    give(telco, again(harmless, said[-1], step="state.9", previoushash="ee" * 32))
    street.run()
    for house in street.houses.values():
        (collaboration,) = house.desk.collaborations.values()
        assert collaboration.state == "FAILED" and "shop sent two histories" in collaboration.reason
    telco.restart()
    (collaboration,) = telco.desk.collaborations.values()
    assert (collaboration.state, collaboration.reason) == ("FAILED", "shop sent two histories")


def test_what_ends_after_its_collaboration_was_closed_is_of_no_interest(tmp_path: Path) -> None:
    """A job may take longer than a peer needs to cancel, and everybody to confirm that."""
    street = Street(tmp_path, agreement(3), DATA)
    desk = street.houses["shop"].desk
    desk.job("ff" * 16, Address("keys", "generated", "job"), {"trigger": "failed", "reason": "", "whose": ""}, NOW)
    desk.word("ff" * 16, "refused", {"reason": "late"}, NOW)
    assert not desk.batch.rows and not desk.taken.outcomes
    street.close()
