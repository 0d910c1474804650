"""How many ids the leader shares with each other party, told to the leader alone: nothing is aligned.

What the gate compares with a bound is opened here, because the parties have agreed on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from accord_protocols.kernel.effects import Done, Fields, Note, Send, Spawn
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Machine, Setup
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.phases.alignment.gate import Answered, Compared, Gate
from accord_protocols.phases.keys import Keyed
from accord_protocols.primitives.psi.overlap import Overlap
from accord_protocols.tasks.results.alignment import Counted
from accord_schemas.address import Address
from accord_schemas.agreement import Agreement
from accord_schemas.events import Answer, Event, Measured, Sample

_DIGITS = 6


def measured(agreement: Agreement) -> list[Address]:
    """Where it is said that an edge was measured."""
    return [Address(f"count.{p}", "measured", agreement.leader) for p in agreement.others]


@dataclass(frozen=True, slots=True, repr=False)
class Found:
    """What an edge ends with at the leader."""

    overlap: Overlap


@dataclass(frozen=True, slots=True, repr=False)
class Shared:
    """What everybody ends with: by party what the leader shares with it, where this party learns it."""

    overlaps: Mapping[str, Overlap] = field(default_factory=dict)


class Count(Gate):
    """``count.PARTY``, at the leader and at that party: the gate's comparison of ids, without a bound and names."""

    kind = "count"
    version = 1
    says: ClassVar[dict[str, type[Event]]] = {"sample": Sample, "answer": Answer, "measured": Measured}

    @classmethod
    def expected(cls, setup: Setup, qualifier: str) -> bool:
        """One for each party but the leader."""
        return qualifier in setup.agreement.others

    @transition(Answered, lambda self, _: [self.job("counted")])
    def decide(self, state: Answered, inputs: Inputs, draw: Draw) -> Fired:
        """Leader: say that it knows."""
        found = self._overlap(state, inputs.result(Counted, self.job("counted")))
        event = Measured(party=self.qualifier, sampled=found.sampled)
        return Fired((Send("measured", self.agreement.order, event), Done(Found(found))))

    def _terms(self, sizes: Compared) -> Fields:
        return {**super()._terms(sizes), "alone": True}


class Measure(Machine):
    """``measure``, at everybody: starts the own edges, ``count.PARTY``, and ends when all have been counted."""

    kind = "measure"
    says: ClassVar[dict[str, type[Event]]] = {}

    @transition(Keyed, nothing, starts=True)
    def start(self, state: Keyed, inputs: Inputs, draw: Draw) -> Fired:
        """Compare ids; column names are nobody's business here."""
        edges, none = self._edges(), dict.fromkeys(state.sizes, 0)
        leader = state.sizes[self.setup.leader]
        spawns = tuple(Spawn(f"count.{p}", Compared(leader, state.sizes[p], none)) for p in edges)
        return Fired(spawns, self.end.keeping(None))

    @transition(
        None,
        lambda self, _: [
            *measured(self.agreement),
            *(self.done(f"count.{p}") for p in self._edges() if self.setup.leads),
        ],
    )
    def end(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """Leader: note what it has learned."""
        if not self.setup.leads:
            return Fired((Done(Shared()),))
        found = {p: inputs.ended(Found, f"count.{p}").overlap for p in self._edges()}
        values = {p: round(float(one.value), _DIGITS) for p, one in found.items()}
        note = {
            "overlap": values if len(values) > 1 else next(iter(values.values())),
            "denominator": self.agreement.align.denominator,
            "sampled": any(one.sampled for one in found.values()),
        }
        return Fired((Note({"shared": note}), Done(Shared(found))))

    def _edges(self) -> tuple[str, ...]:
        return self.agreement.others if self.setup.leads else (self.me,)
