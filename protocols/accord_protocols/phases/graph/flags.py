"""Shares of whether anybody flagged a vertex, at the two that compute; see `accord_protocols.graph.flags`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from accord_protocols.graph import flags
from accord_protocols.kernel.effects import Compute, Done, Send, Spawn
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine, Setup
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.phases.alignment.exchange import Edge, session
from accord_protocols.phases.alignment.transfer import Transfer
from accord_protocols.phases.graph.common import OverGraph
from accord_protocols.primitives.sharing import Words
from accord_protocols.tasks.results.alignment import Hashed, Tagged
from accord_protocols.tasks.results.graphs import Parted, Share, Shelved
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Entries, Event, Flagged, Masked


@dataclass(frozen=True, slots=True, repr=False)
class Pairs:
    """What it begins with: the secret with each peer."""

    kappas: Mapping[str, bytes]


@dataclass(frozen=True, slots=True, repr=False)
class Held:
    """A part of the sum of all flags, ``(n, words)``."""

    part: Words


@dataclass(frozen=True, slots=True, repr=False)
class Flags:
    """What the two that compute end with: a share of 0 or 1, or of how many flagged it, ``(n, 2)``."""

    share: Words


@dataclass(frozen=True, slots=True, repr=False)
class Choosing(Edge):
    """What a choice begins with: an exchange, and the own part of the sum."""

    part: Words = field(default_factory=lambda: np.zeros((0, 1), np.uint64))


class Choice(OverGraph, Transfer):
    """``choice.SECOND``: one entry of a table for each vertex, by oblivious transfer, between the two that compute."""

    kind = "choice"
    says: ClassVar[dict[str, type[Event]]] = {"masked": Masked, "entries": Entries}
    goes: ClassVar[dict[str, Goes]] = {"masked": Goes.INSTANCE, "entries": Goes.LEADER}

    @property
    def marks(self) -> bool:
        """It sends a table instead."""
        return False

    @classmethod
    def expected(cls, setup: Setup, qualifier: str) -> bool:
        """One, where flags are united."""
        terms = setup.agreement
        return terms.graph is not None and terms.graph.task == "risk" and qualifier == terms.keyholders[1]

    @transition(Edge, lambda self, _: [self.job("joined")])
    def build(self, state: Edge, inputs: Inputs, draw: Draw) -> Fired:
        """Second: the table, under these keys."""
        assert isinstance(state, Choosing)
        fields = {**self.terms, "held": state.part, "tags": inputs.result(Tagged, self.job("joined")).tags}
        return Fired((Compute("tabled", "graph.table", fields, key=draw.key("share")),), self.tell.keeping(None))

    @transition(None, lambda self, _: [self.job("tabled")])
    def tell(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """Second: send it, and end with the own share."""
        tabled = inputs.result(Shelved, self.job("tabled"))
        return Fired((Send("entries", [self.setup.leader], Entries(values=tabled.values)), Done(Flags(tabled.share))))

    @transition(Edge, lambda self, _: [self.job("joined"), self.at("entries", self.qualifier)])
    def end(self, state: Edge, inputs: Inputs, draw: Draw) -> Fired:
        """First: open one entry of each vertex."""
        assert isinstance(state, Choosing)
        entries = inputs.event(Entries, self.at("entries", self.qualifier)).values
        if entries.shape != (state.leader, state.server // state.leader, 2):
            raise ProtocolError("a table of entries is not as agreed", whose=self.qualifier)
        tags = inputs.result(Tagged, self.job("joined")).tags
        fields = {**self.terms, "held": state.part, "tags": tags, "values": entries}
        return Fired((Compute("picked", "graph.choose", fields),), self.chose.keeping(None))

    @transition(None, lambda self, _: [self.job("picked")])
    def chose(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """First: end with the own share."""
        return Fired((Done(Flags(inputs.result(Share, self.job("picked")).share)),))


class Flagging(OverGraph, Machine):
    """``flags``, at everybody: adds up all flags in two parts, and unites them where that is wanted."""

    kind = "flags"
    by_reference = True
    says: ClassVar[dict[str, type[Event]]] = {"flagged": Flagged}
    goes: ClassVar[dict[str, Goes]] = {"flagged": Goes.STEP}

    @transition(Pairs, nothing, starts=True)
    def start(self, state: Pairs, inputs: Inputs, draw: Draw) -> Fired:
        """Who has no shares: mask its flags. First: gather."""
        if not self.computes:
            fields = {**self.terms, "kappa": state.kappas[self.first_party]}
            return Fired((Compute("dealt", "graph.deal", fields, data=True),), self.deal.keeping(None))
        if self.me == self.second_party:
            return Fired((), self.receive.keeping(None))
        kappas = {f"kappa.{party}": state.kappas[party] for party in self.helpers}
        return Fired((Compute("held", "graph.gather", {**self.terms, **kappas}, data=True),), self.hold.keeping(None))

    @transition(None, lambda self, _: [self.job("dealt")])
    def deal(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """Who has no shares: to the second one that computes."""
        event = Flagged(shares=inputs.result(Parted, self.job("dealt")).shares)
        return Fired((Send(f"flagged.{self.second_party}", [self.second_party], event), Done()))

    @transition(None, lambda self, _: [self.at(f"flagged.{self.me}", p) for p in self.helpers])
    def receive(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """Second: gather."""
        shares = {f"shares.{party}": event.shares for party, event in inputs.events(Flagged).items()}
        return Fired((Compute("held", "graph.gather", {**self.terms, **shares}, data=True),), self.hold.keeping(None))

    @transition(None, lambda self, _: [self.job("held")])
    def hold(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """Both: what keys are of; where numbers are counted, this is all."""
        part = inputs.result(Share, self.job("held")).share
        if self.scale.terms.task == "reach":
            return Fired((Done(Flags(part)),))
        own = {"held": part} if self.me == self.first_party else {}
        compute = Compute("hashed", "graph.items", {**self.terms, **session(self.setup), **own})
        return Fired((compute,), self.choose.keeping(Held(part)))

    @transition(Held, lambda self, _: [self.job("hashed")])
    def choose(self, state: Held, inputs: Inputs, draw: Draw) -> Fired:
        """Both: open one entry of a table for each vertex."""
        hashes, size = inputs.result(Hashed, self.job("hashed")).hashes, self.scale.terms.size
        edge = Choosing(size, size * flags.values(self.scale), hashes, part=state.part)
        return Fired((Spawn(self._choice, edge),), self.end.keeping(None))

    @transition(None, lambda self, _: [self.done(self._choice)])
    def end(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """Both: end with a share."""
        return Fired((Done(inputs.ended(Flags, self._choice)),))

    @property
    def _choice(self) -> str:
        return f"{Choice.kind}.{self.second_party}"
