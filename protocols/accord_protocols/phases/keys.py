"""Key distribution: each party makes the keys of its role, publishes the public halves, and checks everybody's.

One event per purpose, said by whom the agreement gives it and by nobody else. A new scheme is a new event, a line of
`PURPOSES`, and two tasks, ``keys.NAME.make`` and ``keys.NAME.check``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from accord_protocols.kernel.machine import (
    Compute,
    Done,
    Draw,
    Fired,
    Inputs,
    Machine,
    Memory,
    Send,
    nothing,
    transition,
)
from accord_schemas.address import Address
from accord_schemas.agreement import Agreement
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Event, ExchangeKey, IdSet, OprfKey, PaillierKey

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Purpose:
    """What one kind of key is for.

    Args:
        event: How its public half is published; its name is the purpose's.
        holders: Who has one, by the agreement.
        secrets: Names of the own keys that checking the peers' needs.
    """

    event: type[Event]
    holders: Callable[[Agreement], tuple[str, ...]]
    secrets: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Of the step, the secret, and the field that the machine ends with."""
        return self.event.name


PURPOSES = (
    Purpose(ExchangeKey, lambda agreement: agreement.order, secrets=("exchange",)),
    Purpose(PaillierKey, lambda agreement: agreement.computing),
    Purpose(OprfKey, lambda agreement: agreement.others),
)
EVENTS: tuple[type[Event], ...] = (IdSet, *(purpose.event for purpose in PURPOSES))
"""Everything that is said while keys are distributed."""


def published(agreement: Agreement) -> dict[Address, type[Event]]:
    """Which of `EVENTS` is said where, by the agreement alone."""
    said: dict[type[Event], tuple[str, ...]] = {IdSet: agreement.order}
    said |= {purpose.event: purpose.holders(agreement) for purpose in PURPOSES}
    return {Address(Keys.kind, event.name, party): event for event, parties in said.items() for party in parties}


@dataclass(frozen=True, slots=True, repr=False)
class Keyed:
    """What everybody has after this phase.

    Args:
        sizes: How many ids each party has.
        kappas: The secret with each peer, 32 bytes.
        said: The keys' events by party.
    """

    sizes: Mapping[str, int]
    kappas: Mapping[str, bytes]
    said: Mapping[type[Event], Mapping[str, Event]]

    def of(self, kind: type[E]) -> dict[str, E]:
        """The events of one purpose, by party."""
        return {party: event for party, event in self.said[kind].items() if isinstance(event, kind)}


class Keys(Machine):
    """One instance, at everybody."""

    kind = "keys"
    version = 2
    says: ClassVar[dict[str, type[Event]]] = {event.name: event for event in EVENTS}

    @property
    def terms(self) -> dict[str, object]:
        """What tasks need to know besides keys."""
        scheme = self.agreement.align.protocol
        return {"me": self.me, "bits": self.agreement.key_bits, "sid": self.setup.sid, "scheme": scheme}

    @transition(nothing)
    def make(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Make keys and commit to the id set."""
        makes = [Compute(f"made.{p.name}", f"keys.{p.name}.make", self.terms, fresh=True) for p in self._mine()]
        commit = Compute("committed", "ids.commit", key=draw.key("commit"), data=True)
        return Fired({}, (*makes, commit), "publish")

    @transition(lambda self, memory: [self.job("committed"), *(self.job(f"made.{p.name}") for p in self._mine())])
    def publish(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Say the public halves."""
        committed = inputs[self.job("committed")]
        ids = IdSet(ids=committed["count"], commitment=committed["commitment"])
        events = [ids, *(p.event(**inputs[self.job(f"made.{p.name}")]) for p in self._mine())]
        return Fired({}, tuple(Send(event.name, self.agreement.order, event) for event in events), "check")

    @transition(lambda self, memory: published(self.agreement))
    def check(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Everybody's keys are there: check them and derive the pairwise ones."""
        sizes: dict[str, int] = {p: inputs[self.at("ids", p)].ids for p in self.agreement.order}
        for party, size in sizes.items():
            if size > self.agreement.limits.max_rows:
                raise ProtocolError("a party has more ids than was agreed", whose=party)
        checks, said = [], dict[type[Event], dict[str, Event]]()
        for purpose in PURPOSES:
            events = {p: inputs[self.at(purpose.name, p)] for p in purpose.holders(self.agreement)}
            said[purpose.event] = events
            fields = {
                f"{name}.{p}": getattr(event, name)
                for p, event in events.items()
                for name in type(event).model_fields
                if p != self.me
            }
            task = f"keys.{purpose.name}.check"
            checks.append(Compute(f"checked.{purpose.name}", task, self.terms | fields, secrets=purpose.secrets))
        return Fired({"sizes": sizes, "said": said}, tuple(checks), "agree")

    @transition(lambda self, memory: [self.job(f"checked.{purpose.name}") for purpose in PURPOSES])
    def agree(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """End with all keys."""
        paired = inputs[self.job(f"checked.{ExchangeKey.name}")]
        kappas = {p: paired[f"kappa.{p}"] for p in self.setup.peers}
        return Fired({}, (Done(Keyed(memory["sizes"], kappas, memory["said"])),))

    def _mine(self) -> list[Purpose]:
        return [p for p in PURPOSES if self.me in p.holders(self.agreement)]
