"""The generic step: addresses once, one waiter each, the same whatever the order of arrival."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from typing import ClassVar

import pytest
from tests.support.world import agreement

from accord_protocols.kernel.effects import Compute, Done, Note, Send, Spawn
from accord_protocols.kernel.engine import Engine, Job, Said
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import ContractError, Machine, Setup
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_schemas.address import SELF, Address, Content
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Event, State

TERMS = agreement(3).model_copy(update={"versions": {"root": 1, "child": 1}})
SETUP = Setup(TERMS, "bank", "00" * 16, bytes(32))


@dataclass(frozen=True, slots=True, repr=False)
class Drawn:
    """What a child drew."""

    drawn: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Made:
    """What a job made."""

    number: int


class Child(Machine):
    """Waits for a peer's word and says what it drew."""

    kind = "child"
    says: ClassVar[dict[str, type[Event]]] = {"word": State}

    @classmethod
    def expected(cls, setup: Setup, qualifier: str) -> bool:
        """One for each peer, and one that comes late."""
        return qualifier in (*setup.peers, "late")

    @transition(None, lambda self, _: [self.at("word", self.qualifier)], starts=True)
    def wait(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """Ends with a stream of its own."""
        return Fired((Done(Drawn(draw("word").bytes(8))),))


class Later(Child):
    """Says it otherwise."""

    version = 2

    @transition(None, lambda self, _: [self.at("word", self.qualifier)], starts=True)
    def wait(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """Ends with the second half of a longer stream."""
        return Fired((Done(Drawn(draw("word").bytes(16)[8:])),))


class Root(Machine):
    """Two children, a job and the own command, joined."""

    kind = "root"
    says: ClassVar[dict[str, type[Event]]] = {"end": State}
    spoken: ClassVar[tuple[str, ...]] = ("shop", "telco")

    @transition(None, nothing, starts=True)
    def start(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """Set out."""
        children = tuple(Spawn(f"child.{p}") for p in self.spoken)
        return Fired((*children, Compute("made", "task", key=draw.key("made"))), self.join.keeping(None))

    def wanted(self, state: None) -> list[Address]:
        """What it waits for."""
        return [*(self.done(f"child.{p}") for p in self.spoken), self.job("made"), self.at("go", SELF)]

    @transition(None, wanted)
    def join(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """Say what came together."""
        drawn = [inputs.ended(Drawn, f"child.{p}").drawn.hex() for p in self.spoken]
        made = inputs.result(Made, self.job("made"))
        event = State(state="-".join([*drawn, draw("end").bytes(8).hex()]), round=made.number)
        return Fired((Send("end", self.agreement.order, event),), self.end.keeping(made))

    @transition(Made, lambda self, _: [self.at("end", self.me)])
    def end(self, state: Made, inputs: Inputs, draw: Draw) -> Fired:
        """The own word came back."""
        return Fired((Note({"state": inputs.event(State, self.at("end", self.me)).state}),))


def content(party: str, text: str = "x", instance: str = "") -> Content:
    return Content(Address(instance or f"child.{party}", "word", party), ("bank",), State(state=text, round=0))


def engine(root: type[Machine] = Root, seed: bytes = bytes(32), setup: Setup = SETUP) -> Engine:
    return Engine(setup, seed, {("root", 1): root, ("child", 1): Child, ("child", 2): Later}, "root")


def steps(target: Engine) -> list[Iterator[Said]]:
    return [
        target.content(content("shop")),
        target.content(content("telco")),
        target.local(Address("root", "made", "job"), {"number": 5}),
        target.local(Address("root", "go", SELF), {}),
    ]


def told(target: Engine, order: tuple[int, ...] = (0, 1, 2, 3)) -> list[Said]:
    said = list(target.begin())
    for k in order:
        said += list(steps(target)[k])
    return said


def test_every_order_of_arrival_says_the_same() -> None:
    base = told(engine())
    assert [type(item) for item in base] == [Job, Content, Note]
    job, said, note = base
    assert isinstance(job, Job) and len(job.compute.key) == 32
    assert isinstance(said, Content) and said.to == ("shop", "telco")
    assert isinstance(note, Note) and note.fields == {"state": said.event.state}  # type: ignore[attr-defined]
    for order in permutations(range(4)):
        assert told(engine(), order) == base


def test_what_is_said_depends_on_everything_that_was_heard() -> None:
    def end(target: Engine, *changed: Content) -> str:
        list(target.begin())
        for item in changed or (content("shop"), content("telco")):
            list(target.content(item))
        said = [*steps(target)[2], *steps(target)[3]]
        return next(str(s.event.state) for s in said if isinstance(s, Content))  # type: ignore[attr-defined]

    terms = TERMS.model_copy(update={"name": "another"})
    ends = {
        end(engine()),
        end(engine(seed=b"1" * 32)),
        end(engine(setup=Setup(TERMS, "bank", "00" * 16, b"1" * 32))),
        end(engine(setup=Setup(terms, "bank", "00" * 16, bytes(32)))),
        end(engine(), content("shop", "y"), content("telco")),
        end(engine(), content("shop"), content("telco", "y")),
        end(engine(setup=Setup(TERMS.model_copy(update={"versions": {"root": 1, "child": 2}}), "bank", "", bytes(32)))),
    }
    assert len(ends) == 7


def test_an_address_is_used_once() -> None:
    target, late = engine(), content("shop", instance="child.late")
    list(target.content(late))
    assert target.known(late.address) == late.digest(TERMS.digest())
    for again in (late, content("shop", "y", instance="child.late")):
        with pytest.raises(ProtocolError, match="used twice") as refused:
            list(target.content(again))
        assert refused.value.whose == "shop"
    list(target.local(Address("root", "go", SELF), {}))
    with pytest.raises(ContractError, match="taken before"):
        list(target.local(Address("root", "go", SELF), {}))


def test_what_was_taken_early_waits_for_its_instance() -> None:
    target = engine()
    list(target.content(content("shop", instance="child.late")))
    assert target.missing() == set() or all(a.instance != "child.late" for a in target.missing())
    list(target.begin())
    assert target.missing() == {Address("child.shop", "word", "shop"), Address("child.telco", "word", "telco")}
    list(target.content(content("shop")))
    assert target.missing() == {Address("child.telco", "word", "telco")}


def test_two_transitions_never_wait_for_one_address() -> None:
    class Greedy(Root):
        @transition(None, nothing, starts=True)
        def start(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
            """Wait for what the child waits for."""
            return Fired((Spawn("child.shop"),), self.join.keeping(None))

        @transition(None, lambda self, _: [Address("child.shop", "word", "shop")])
        def join(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
            """Never."""
            raise AssertionError

    with pytest.raises(ContractError, match="two transitions wait"):
        list(engine(Greedy).begin())


def test_an_instance_starts_once() -> None:
    class Twice(Root):
        @transition(None, nothing, starts=True)
        def start(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
            """Start one name twice."""
            return Fired((Spawn("child.shop"), Spawn("child.shop")))

    with pytest.raises(ContractError, match="exists"):
        list(engine(Twice).begin())


def test_a_transition_says_one_thing_at_an_address() -> None:
    class Echo(Root):
        @transition(None, nothing, starts=True)
        def start(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
            """Tell oneself twice."""
            return Fired(tuple(Send("s", ["bank"], State(state=s, round=0)) for s in "ab"))

    with pytest.raises(ContractError, match="taken before"):
        list(engine(Echo).begin())


def test_a_label_is_drawn_once_in_a_transition() -> None:
    class Reuse(Root):
        @transition(None, nothing, starts=True)
        def start(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
            """Draw one stream twice."""
            return Fired((Note({"a": draw("x").bytes(1), "b": draw("x").bytes(1)}),))

    with pytest.raises(ValueError, match="drawn before"):
        list(engine(Reuse).begin())


def test_nothing_secret_is_in_a_representation() -> None:
    secret = {"weights": 123456789}
    shown: list[object] = [
        Fired(then=Root.end.keeping(Made(123456789))),
        Made(123456789),
        Compute("s", "t", secret, key=b"KEYKEYKEY"),
        Spawn("i", secret),
        Done(secret),
        Note(secret),
    ]
    assert not any("123456789" in repr(item) or "KEYKEY" in repr(item) for item in shown)
