"""What may be said before its turn: by whom, where, and how much; and machines that wait for one of several things."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import ClassVar

import numpy as np
import pytest
from tests.support.world import World, agreement, tables

from accord_protocols.jobs.registry import JOBS
from accord_protocols.kernel.effects import Done, Note, Spawn
from accord_protocols.kernel.engine import TWICE, UNASKED, Engine, Said
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Machine, Setup
from accord_protocols.kernel.transition import Draw, Fired, Needs, nothing, transition
from accord_protocols.kernel.waiting import EVENT_BYTES, MAX_BYTES, MAX_EVENTS, Bound
from accord_schemas.address import Address, Content
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Blinded, Event, Residual, State

MACHINES = {kind: machine for (kind, v), machine in JOBS["train"].machines.items() if JOBS["train"].versions[kind] == v}
TERMS = agreement(3).model_copy(update={"versions": {"root": 1, "server": 1}})
SETUP = Setup(TERMS, "bank", "00" * 16, bytes(32))


@dataclass(frozen=True, slots=True, repr=False)
class Heard:
    """What a server was asked so far."""

    words: tuple[str, ...]


class Server(Machine):
    """Answers numbered requests until the last word."""

    kind = "server"
    says: ClassVar[dict[str, type[Event]]] = {"request": State, "last": State}

    @classmethod
    def expected(cls, setup: Setup, qualifier: str) -> bool:
        """One for each peer."""
        return qualifier in setup.peers

    @transition(None, nothing, starts=True)
    def start(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """Set out."""
        return Fired(then=self.serve.keeping(Heard(())))

    @transition(
        Heard,
        lambda self, state: Needs.any(
            *(self.at(f"{step}.{len(state.words)}", self.qualifier) for step in ("request", "last")), patient=True
        ),
    )
    def serve(self, state: Heard, inputs: Inputs, draw: Draw) -> Fired:
        """Take the next request, or end."""
        address, event = inputs.one(State)
        heard = Heard((*state.words, event.state))
        if address.step.startswith("last"):
            return Fired((Done(heard),))
        return Fired(then=self.serve.keeping(heard))


class Root(Machine):
    """A server for each peer."""

    kind = "root"
    says: ClassVar[dict[str, type[Event]]] = {"early": Residual}

    @transition(None, nothing, starts=True)
    def start(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """Start them."""
        return Fired(tuple(Spawn(f"server.{p}") for p in self.setup.peers), self.join.keeping(None))

    @transition(None, lambda self, _: [self.done(f"server.{p}") for p in self.setup.peers])
    def join(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """Say what they heard."""
        servers = [f"server.{p}" for p in self.setup.peers]
        return Fired((Note({server: [*inputs.ended(Heard, server).words] for server in servers}),))


def engine(bound: Bound | None = None) -> Engine:
    target = Engine(SETUP, bytes(32), {("root", 1): Root, ("server", 1): Server}, "root", bound)
    assert list(target.begin()) == []
    return target


def word(step: str, party: str = "shop", text: str = "") -> Content:
    return Content(Address(f"server.{party}", step, party), ("bank",), State(state=text or step, round=0))


def early(number: int, kib: int, party: str = "shop") -> Content:
    array = np.zeros((kib * 128, 1), np.uint64)
    return Content(Address("root", f"early.{number}", party), ("bank",), Residual(masked=array, products=array[:0]))


def test_requests_are_served_until_the_last_in_any_order_of_arrival() -> None:
    words = [word("request.0"), word("request.1"), word("last.2"), word("last.0", "telco")]
    told: list[list[Said]] = []
    for order in permutations(words):
        target = engine()
        told.append([said for content in order for said in target.content(content)])
        assert not target.missing()
    heard = {"server.shop": ["request.0", "request.1", "last.2"], "server.telco": ["last.0"]}
    assert all(said == [Note(heard)] for said in told)


def test_a_server_may_be_idle_without_anybody_being_silent() -> None:
    target = engine()
    assert target.missing() == set()
    assert Needs.any(word("last.0").address).patient is False


def test_of_alternatives_one_is_said() -> None:
    target = engine()
    list(target.content(word("request.1")))
    list(target.content(word("last.1")))
    with pytest.raises(ProtocolError, match="two things were said") as refused:
        list(target.content(word("request.0")))
    assert refused.value.whose == "shop"
    target = engine()
    list(target.content(word("request.0")))
    with pytest.raises(ProtocolError, match=TWICE):
        list(target.content(word("last.0")))


@pytest.mark.parametrize(
    ("instance", "step"),
    [("server.nobody", "request.0"), ("other", "request.0"), ("server.shop", "other"), ("root.shop", "early.0")],
)
def test_nothing_is_taken_where_nobody_can_ask_for_it(instance: str, step: str) -> None:
    said = Content(Address(instance, step, "shop"), ("bank",), State(state="x", round=0))
    with pytest.raises(ProtocolError, match=UNASKED):
        list(engine().content(said))


def test_nothing_is_taken_where_an_instance_has_ended_and_it_is_forgotten() -> None:
    target = engine()
    list(target.content(word("request.7")))  # nobody will ask for it
    list(target.content(word("last.0")))
    for step in ("request.1", "last.0", "request.7"):
        with pytest.raises(ProtocolError, match=UNASKED):
            list(target.content(word(step)))
    assert target.known(word("request.7").address) is None
    assert target.known(Address("server.shop", "done", "self")) is not None


def test_megabytes_to_where_nobody_waits_are_refused_within_the_bound() -> None:
    target = engine(Bound(bytes=8 << 20))
    with pytest.raises(ProtocolError, match="too much came before its turn") as refused:
        for number in range(100):
            list(target.content(early(number, 1024)))
    assert number == 7 and refused.value.whose == "shop"  # seven with their heads fit into 8 MiB
    list(target.content(early(0, 1024, "telco")))  # everybody has a bound of its own


def test_what_is_asked_for_counts_no_longer() -> None:
    target = engine(Bound(events=2))
    list(target.content(word("request.1")))
    list(target.content(word("request.2")))
    with pytest.raises(ProtocolError, match="too much"):
        list(target.content(word("request.3")))
    list(target.content(word("request.0")))  # it waits for this one, and then takes the others
    list(target.content(word("request.4")))
    list(target.content(word("request.5")))
    list(target.content(word("request.3")))
    list(target.content(word("last.6")))  # and what had waited at an instance that ended
    list(target.content(early(0, 1)))
    list(target.content(early(1, 1)))


def test_small_events_are_bounded_too() -> None:
    assert MAX_EVENTS * EVENT_BYTES <= MAX_BYTES  # one bound does not make the other pointless
    target = engine(Bound(events=600))
    for number in range(1, 601):
        list(target.content(word(f"request.{number}")))  # an honest leader that is far ahead
    with pytest.raises(ProtocolError, match="too much"):
        list(target.content(word("request.601")))


@pytest.mark.parametrize("instance", ["oprf.shop", "gate.shop", "pads.bank.0", "train", "align"])
def test_what_the_agreement_gives_may_come_early_and_nothing_else(instance: str) -> None:
    setup = Setup(agreement(3, gate=0.9), "shop", "00" * 16, bytes(32))
    alone = Setup(agreement(3).model_copy(update={"train": None}), "shop", "00" * 16, bytes(32))
    kind, _, qualifier = instance.partition(".")
    assert MACHINES[kind].expected(setup, qualifier)
    assert MACHINES[kind].expected(alone, qualifier) == (instance in ("oprf.shop", "train", "align"))
    for other in ("nobody", "bank.61", "bank.x", "telco.0", "bank.00"):
        assert not MACHINES[kind].expected(setup, other)


def test_a_stranger_to_the_protocol_cannot_fill_an_engine_of_the_real_machines() -> None:
    world = World(agreement(2, 1024), tables(2, n=8))
    target = world.parties["shop"].engine
    block = np.zeros((1024, 1024), np.uint8)
    with pytest.raises(ProtocolError, match="too much came before its turn"):
        for number in range(100):
            said = Content(Address("oprf.shop", f"blinded.{number}", "bank"), ("shop",), Blinded(numbers=block))
            list(target.content(said))
    assert number == (MAX_BYTES >> 20) - 1
