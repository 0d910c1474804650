"""A pinned party that signs two histories: each kind is noticed before the end, and named."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.simulated import NOW, SimulatedNetwork, SimulatedParty, identities
from tests.support.world import agreement, tables

from accord_agents.journal.quarantine import Refused
from accord_protocols.jobs.registry import JOBS
from accord_schemas.address import Address
from accord_schemas.codes import Code
from accord_schemas.events import Answer, IdSet, Prepared, State
from accord_schemas.frame import Frame
from accord_schemas.header import Header, content_type, event_id

DATA = tables(3, n=60, columns=2)
KEYS = identities(tuple(DATA))


@pytest.fixture
def network(tmp_path: Path) -> Iterator[SimulatedNetwork]:
    """Everybody has said its keys, and the telco has heard those of the shop; nobody has done more."""
    built = SimulatedNetwork(tmp_path, agreement(3, max_rounds=2), DATA)
    built.members["bank"].propose()
    built.members["bank"].publish()
    read = 0
    while not any(f.header.event_class is IdSet for f in of(built, "shop")):
        for index in range(read, len(built.log)):
            for member in built.members.values():
                member.deliver(index)
        read = len(built.log)
        for member in built.members.values():
            for key in list(member.jobs) if member.name == "shop" else []:
                member.work(key)
            member.publish()
    for index in range(read, len(built.log)):
        built.members["telco"].deliver(index)
    yield built
    built.close()


def of(network: SimulatedNetwork, sender: str) -> list[Frame]:
    frames = [Frame.decode(data) for _, data in network.log]
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


def give(member: SimulatedParty, frame: Frame) -> tuple[str, str]:
    member.take(lambda: member.dispatcher.deliver(frame.header.event_class.family, frame.encode(), NOW))
    (collaboration,) = member.dispatcher.collaborations.values()
    return collaboration.state, collaboration.reason


def state(last: Frame, frame: Frame, number: int) -> Frame:
    """Something harmless that the shop may say at any time."""
    return again(frame, last, State(state="KEYED", round=number).encode(), step=f"state.{number}")


def test_an_address_is_used_once(network: SimulatedNetwork) -> None:
    said = of(network, "shop")
    keys = next(f for f in said if f.header.event_class is IdSet)
    assert give(network.members["telco"], again(keys, said[-1])) == ("FAILED", "an address was used twice (shop)")


@pytest.mark.parametrize("kind", ["used twice", "withheld from one", "for somebody else", "of no place"])
def test_what_is_sealed_to_others_is_looked_at_too(network: SimulatedNetwork, kind: str) -> None:
    """The telco reads none of these: the shop's answer at the gate is for the bank."""
    said, telco = of(network, "shop"), network.members["telco"]
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
            assert set(machine.goes) == {step for step, event in machine.says.items() if event.encrypted}, machine


def test_a_chain_that_does_not_link(network: SimulatedNetwork) -> None:
    said, telco = of(network, "shop"), network.members["telco"]
    harmless = next(f for f in said if f.header.event_class is State)
    one = state(said[-1], harmless, 1)
    assert give(telco, one)[0] == "AGREED"
    forked = again(harmless, one, State(state="KEYED", round=2).encode(), step="state.2", previoushash="ee" * 32)
    assert give(telco, forked) == ("FAILED", "shop sent two histories")


def test_a_chain_is_checked_once_its_gap_is_closed(network: SimulatedNetwork) -> None:
    """The later half of another history comes first, and is harmless until it meets the earlier half."""
    said, telco = of(network, "shop"), network.members["telco"]
    harmless = next(f for f in said if f.header.event_class is State)
    one, other = state(said[-1], harmless, 1), state(said[-1], harmless, 2)
    later = state(other, harmless, 3)
    assert give(telco, later)[0] == "AGREED"
    assert give(telco, one) == ("FAILED", "shop sent two histories")


def test_two_versions_of_one_event_are_both_kept(network: SimulatedNetwork) -> None:
    said, telco = of(network, "shop"), network.members["telco"]
    harmless = next(f for f in said if f.header.event_class is State)
    one, other = state(said[-1], harmless, 1), state(said[-1], harmless, 2)
    assert give(telco, one)[0] == "AGREED"
    assert give(telco, other) == ("FAILED", "two versions of one event (shop)")
    reason = f"a second version of event {one.header.number}"
    assert telco.journal.quarantine() == [Refused("shop", reason, other.encode(), Code.SECOND_VERSION)]
    heads = [row.head for row in telco.journal.rows(one.header.subject) if row.kind == "event"]
    assert one.bare() in heads and other.bare() not in heads


def test_the_others_hear_whose_fault_it_was(network: SimulatedNetwork) -> None:
    """One party was told two histories: all end, the honest ones with the same reason, and a fold agrees."""
    said, telco = of(network, "shop"), network.members["telco"]
    harmless = next(f for f in said if f.header.event_class is State)
    give(telco, again(harmless, said[-1], step="state.9", previoushash="ee" * 32))
    network.run()
    for member in network.members.values():
        (collaboration,) = member.dispatcher.collaborations.values()
        assert collaboration.state == "FAILED" and "shop sent two histories" in collaboration.reason
    telco.restart()
    (collaboration,) = telco.dispatcher.collaborations.values()
    assert (collaboration.state, collaboration.reason) == ("FAILED", "shop sent two histories")


def test_what_ends_after_its_collaboration_was_closed_is_of_no_interest(tmp_path: Path) -> None:
    """A job may take longer than a peer needs to cancel, and everybody to confirm that."""
    network = SimulatedNetwork(tmp_path, agreement(3), DATA)
    dispatcher = network.members["shop"].dispatcher
    dispatcher.job(
        "ff" * 16, Address("keys", "generated", "job"), {"trigger": "failed", "reason": "", "whose": ""}, NOW
    )
    dispatcher.command("ff" * 16, "refused", {"reason": "late"}, NOW)
    assert not dispatcher.batch.rows and not dispatcher.effects.outcomes
    network.close()
