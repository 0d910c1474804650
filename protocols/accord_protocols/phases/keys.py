"""Key distribution: each party makes the keys of its role, publishes the public halves, and checks everybody's.

One event per purpose, said by whom the agreement gives it and by nobody else. What is encrypted and aligned with, the
agreement says: those keys are the engine's and the scheme's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from accord_protocols.kernel.effects import Compute, Done, Note, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Machine
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.phases.alignment.exchange import by_transfer
from accord_protocols.phases.alignment.oprf import oprf_of
from accord_protocols.phases.training.engines import ENGINES, engine_of
from accord_protocols.tasks.results.common import Committed, Paired
from accord_schemas.address import Address
from accord_schemas.agreement import Agreement
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Event, ExchangeKey, IdSet, LatticeKey, OprfKey

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Purpose:
    """What one kind of key is for.

    Args:
        event: How its public half is published; its name is the purpose's.
        holders: Who has one.
        make: The task that makes one.
        check: The task that checks the peers'.
        secrets: Names of the own keys that checking needs.
    """

    event: type[Event]
    holders: tuple[str, ...]
    make: str
    check: str
    secrets: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Of the steps."""
        return self.event.name


EVENTS: tuple[type[Event], ...] = (IdSet, ExchangeKey, *dict.fromkeys(e.key for e in ENGINES.values()), OprfKey)
"""Everything that may be said while keys are distributed."""


def purposes(agreement: Agreement) -> tuple[Purpose, ...]:
    """The keys of a collaboration: to share secrets, of the product engine, of the alignment's scheme if it has any."""
    exchange = Purpose(ExchangeKey, agreement.order, "keys.exchange.make", "keys.exchange.check", secrets=("exchange",))
    always = (exchange, _of_engine(agreement))
    compares = agreement.aligns or agreement.query is not None
    if by_transfer(agreement) or not compares:  # there every exchange draws its own secrets
        return always
    oprf = oprf_of(agreement)
    return (*always, Purpose(OprfKey, agreement.others, oprf.make, oprf.check))


def by_lattice(agreement: Agreement) -> bool:
    """Whether products are the lattice engine's: then everybody has a key, as everybody's columns are encrypted."""
    return agreement.train is not None and agreement.train.engine == "lattice"


def _of_engine(agreement: Agreement) -> Purpose:
    engine = engine_of(agreement)
    key, holders = engine.key, engine.holders(agreement)
    if agreement.match is not None:  # its gallery is encrypted by lattices, by who has it
        key, holders = LatticeKey, agreement.others
    return Purpose(key, holders, f"keys.{key.name}.make", f"keys.{key.name}.check")


def published(agreement: Agreement) -> dict[Address, type[Event]]:
    """Which of `EVENTS` is said where, by the agreement alone."""
    said: dict[type[Event], tuple[str, ...]] = {IdSet: agreement.order}
    said |= {purpose.event: purpose.holders for purpose in purposes(agreement)}
    return {Address(Keys.kind, event.name, party): event for event, parties in said.items() for party in parties}


@dataclass(frozen=True, slots=True, repr=False)
class Checking:
    """What everybody announced and published."""

    sizes: Mapping[str, int]
    names: Mapping[str, int]
    said: Mapping[type[Event], Mapping[str, Event]]


@dataclass(frozen=True, slots=True, repr=False)
class Keyed:
    """What everybody has after this phase.

    Args:
        sizes: How many ids each party has.
        names: How many column names, where the gate compares them.
        kappas: The secret with each peer, 32 bytes.
        said: The keys' events by party.
    """

    sizes: Mapping[str, int]
    names: Mapping[str, int]
    kappas: Mapping[str, bytes]
    said: Mapping[type[Event], Mapping[str, Event]]

    @property
    def served(self) -> tuple[str, ...]:
        """Who has a key for an OPRF."""
        return tuple(self.said.get(OprfKey, ()))

    def of(self, kind: type[E]) -> dict[str, E]:
        """The events of one purpose, by party."""
        return {party: event for party, event in self.said[kind].items() if isinstance(event, kind)}


class Keys(Machine):
    """One instance, at everybody."""

    kind = "keys"
    version = 3
    says: ClassVar[dict[str, type[Event]]] = {event.name: event for event in EVENTS}

    @property
    def terms(self) -> dict[str, object]:
        """What tasks need to know besides keys."""
        terms = self.agreement
        return {"me": self.me, "bits": terms.key_bits, "sid": self.setup.sid, "scheme": terms.scheme}

    @transition(None, nothing, starts=True)
    def make(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """Make keys and commit to the id set."""
        makes = [Compute(f"made.{p.name}", p.make, self.terms, fresh=True) for p in self._mine()]
        commit = Compute("committed", "ids.commit", key=draw.key("commit"), data=True)
        compiles = list[Compute]()  # nobody waits for it
        if by_lattice(self.agreement) or self.agreement.match is not None:  # its workers keep what they compile
            compiles += [Compute("warmed", "lattice.warm")]
        compiles += [Compute("warmed.ot", "ot.warm", data=True)] if by_transfer(self.agreement) else []
        return Fired((*makes, commit, *compiles), self.publish.keeping(None))

    @transition(None, lambda self, _: [self.job("committed"), *(self.job(f"made.{p.name}") for p in self._mine())])
    def publish(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """Say the public halves."""
        committed = inputs.result(Committed, self.job("committed"))
        gated = self.agreement.aligns and self.agreement.align.max_overlap is not None
        names = committed.names if gated else 0
        ids = IdSet(ids=committed.count, commitment=committed.commitment, names=names)
        events = [ids, *(inputs.result(p.event, self.job(f"made.{p.name}")) for p in self._mine())]
        sends = (Send(event.name, self.agreement.order, event) for event in events)
        return Fired(tuple(sends), self.check.keeping(None))

    @transition(None, lambda self, _: published(self.agreement))
    def check(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """Everybody's keys are there: check them and derive the pairwise ones."""
        sets = inputs.events(IdSet)
        sizes = {party: event.ids for party, event in sets.items()}
        for party in self.agreement.order:
            if sizes[party] > self.agreement.limits.max_rows:
                raise ProtocolError("a party has more ids than was agreed", whose=party)
        checks, said = [], dict[type[Event], Mapping[str, Event]]()
        for purpose in purposes(self.agreement):
            said[purpose.event] = events = inputs.events(purpose.event)
            fields = {
                f"{name}.{p}": getattr(event, name)
                for p, event in events.items()
                for name in type(event).model_fields
                if p != self.me
            }
            step = f"checked.{purpose.name}"
            checks.append(Compute(step, purpose.check, self.terms | fields, secrets=purpose.secrets))
        names = {party: event.names for party, event in sets.items()}
        return Fired((Note({"sizes": sizes}), *checks), self.agree.keeping(Checking(sizes, names, said)))

    @transition(Checking, lambda self, _: [self.job(f"checked.{p.name}") for p in purposes(self.agreement)])
    def agree(self, state: Checking, inputs: Inputs, draw: Draw) -> Fired:
        """End with all keys."""
        paired = inputs.result(Paired, self.job(f"checked.{ExchangeKey.name}"))
        return Fired((Done(Keyed(state.sizes, state.names, paired.kappa, state.said)),))

    def _mine(self) -> list[Purpose]:
        return [p for p in purposes(self.agreement) if self.me in p.holders]
