"""The rounds: a vector runs along everybody's edges, in shares; then the result goes to whom it is for.

Where neighbourhoods are compared there are no rounds: the asker compares its own with each other party's.

In a round each of the two that compute sends its share under a pad to all others. Everybody multiplies what it sees
with its own edges, and who has no shares hands its part over in two. What pads add was prepared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from accord_protocols.kernel.effects import Compute, Done, Note, Send, Spawn
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine, Setup
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.phases.alignment.base_transfers import BaseTransfers
from accord_protocols.phases.alignment.exchange import Edge, Marked, session
from accord_protocols.phases.alignment.transfer import Transfer
from accord_protocols.phases.graph.common import OverGraph
from accord_protocols.phases.graph.comparison import Comparison
from accord_protocols.phases.graph.offline import Ready, Stock
from accord_protocols.primitives.sharing import Words
from accord_protocols.tasks.results.alignment import Hashed
from accord_protocols.tasks.results.graphs import Met, Outcome, Parted, Rows, Stepped, Veiled
from accord_schemas.address import Address
from accord_schemas.blob import loaded
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Covered, Event, Marks, Masked, Part, Shares

SHAPE = "a vector is not of the agreed shape"


@dataclass(frozen=True, slots=True, repr=False)
class Running:
    """A party that computes, within a round.

    Args:
        ready: What was prepared.
        stock: Of it.
        share: Its share of the vector.
        number: Of the round, from 0.
    """

    ready: Ready
    stock: Stock
    share: Words
    number: int = 0


@dataclass(frozen=True, slots=True, repr=False)
class Helping:
    """A party that has no shares, within a round."""

    kappas: Mapping[str, bytes]
    number: int = 0


@dataclass(frozen=True, slots=True, repr=False)
class Final:
    """A share after the last round; nothing at who has none."""

    share: Words | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Reckoned:
    """What everybody ends with: how many results there are, for whom they are not."""

    vertices: int


class MembershipTransfers(BaseTransfers):
    """``membership_base.SECOND``: the base transfers of a membership."""

    kind = "membership_base"


class Membership(Transfer):
    """``membership.SECOND``: which of the asker's counts are zero, told to it alone: an intersection of two sets."""

    kind = "membership"
    transfers = MembershipTransfers.kind
    says: ClassVar[dict[str, type[Event]]] = {"masked": Masked, "marks": Marks}
    goes: ClassVar[dict[str, Goes]] = {"masked": Goes.INSTANCE, "marks": Goes.LEADER}

    @property
    def marks(self) -> bool:
        """There is one server, and it alone answers."""
        return True

    @classmethod
    def expected(cls, setup: Setup, qualifier: str) -> bool:
        """One, where somebody asks."""
        terms = setup.agreement
        return terms.graph is not None and terms.graph.task == "reach" and qualifier == terms.keyholders[1]


class Spread(OverGraph, Machine):
    """One instance, at everybody."""

    kind = "spread"
    by_reference = True
    says: ClassVar[dict[str, type[Event]]] = {"covered": Covered, "part": Part, "shares": Shares}
    goes: ClassVar[dict[str, Goes]] = {"covered": Goes.ALL, "part": Goes.STEP, "shares": Goes.STEP}

    @transition(Ready, nothing, starts=True)
    def start(self, state: Ready, inputs: Inputs, draw: Draw) -> Fired:
        """Both that compute: the flags under the first pad."""
        if self.compares:
            return Fired(tuple(map(Spawn, self._comparisons)), self.compared.keeping(None))
        if state.stock is None or state.flags is None:
            return Fired((), self.help.keeping(Helping(state.kappas)))
        fields = {**self.terms, "share": state.flags, "masks": state.stock.masks}
        running = Running(state, state.stock, state.flags)
        return Fired((Compute("covers", "graph.cover", fields),), self.begin.keeping(running))

    @transition(Running, lambda self, _: [self.job("covers")])
    def begin(self, state: Running, inputs: Inputs, draw: Draw) -> Fired:
        """Both that compute: send it."""
        return self._cover(state, inputs.result(Veiled, self.job("covers")).values)

    def _cover(self, state: Running, values: Words) -> Fired:
        send = Send(f"covered.{state.number}", self.setup.peers, Covered(values=values))
        return Fired((send,), self.step.keeping(state))

    @transition(Running, lambda self, state: [self.at(f"covered.{state.number}", self.other()), *self._parts(state)])
    def step(self, state: Running, inputs: Inputs, draw: Draw) -> Fired:
        """Both that compute: a round."""
        covered = inputs.event(Covered, self.at(f"covered.{state.number}", self.other()))
        fields = {"round": state.number, "first": self.me == self.first_party, "share": state.share}
        fields |= {"flags": state.ready.flags, "covered": self._vector(covered.values, self.other())}
        fields |= {"masks": state.stock.masks, "products": state.stock.products, "offsets": state.stock.offsets}
        fields |= {"zero": state.ready.kappas[self.other()]}
        if self.me == self.first_party:
            fields |= {f"kappa.{party}": state.ready.kappas[party] for party in self.helpers}
        else:
            parts = inputs.events(Part).items()
            fields |= {f"part.{party}": self._vector(event.shares, party) for party, event in parts}
        compute = Compute(f"stepped.{state.number}", "graph.step", {**self.terms, **fields}, data=True)
        return Fired((compute,), self.stepped.keeping(state))

    @transition(Running, lambda self, state: [self.job(f"stepped.{state.number}")])
    def stepped(self, state: Running, inputs: Inputs, draw: Draw) -> Fired:
        """Both that compute: go on, or give the result to whom it is for."""
        found = inputs.result(Stepped, self.job(f"stepped.{state.number}"))
        if state.number + 1 < self.scale.rounds:
            return self._cover(replace(state, share=found.share, number=state.number + 1), found.covered)
        return self._result(found.share, draw)

    @transition(Helping, lambda self, state: [self.at(f"covered.{state.number}", q) for q in self.agreement.keyholders])
    def help(self, state: Helping, inputs: Inputs, draw: Draw) -> Fired:
        """Who has no shares: the own edges' part."""
        events = inputs.events(Covered).items()
        covered = {f"covered.{party}": self._vector(event.values, party) for party, event in events}
        fields = {**self.terms, "kappa": state.kappas[self.first_party], "round": state.number, **covered}
        compute = Compute(f"parted.{state.number}", "graph.part", fields, data=True)
        return Fired((compute,), self.helped.keeping(state))

    @transition(Helping, lambda self, state: [self.job(f"parted.{state.number}")])
    def helped(self, state: Helping, inputs: Inputs, draw: Draw) -> Fired:
        """Who has no shares: hand it over."""
        event = Part(shares=inputs.result(Parted, self.job(f"parted.{state.number}")).shares)
        send = Send(f"part.{state.number}.{self.second_party}", [self.second_party], event)
        if state.number + 1 < self.scale.rounds:
            return Fired((send,), self.help.keeping(replace(state, number=state.number + 1)))
        if self._learns:
            return Fired((send,), self.open.keeping(Final()))
        return Fired((send, Done(Reckoned(self.scale.terms.size))))

    # ---- the result

    def _result(self, share: Words, draw: Draw) -> Fired:
        if self.scale.terms.task == "reach":
            asks = self.me == self.first_party
            compute = Compute(
                "hashed",
                "graph.ask" if asks else "graph.held",
                {**self.terms, **session(self.setup), "share": share},
                key=draw.key("nobody"),
                data=asks,
            )
            return Fired((compute,), self.exchange.keeping(None))
        readers = [party for party in self._readers if party != self.me]
        sends = tuple(Send(f"shares.{party}", [party], Shares(values=share)) for party in readers)
        if self._learns:
            return Fired(sends, self.open.keeping(Final(share)))
        return Fired((*sends, Done(Reckoned(self.scale.terms.size))))

    @transition(
        Final, lambda self, _: [self.at(f"shares.{self.me}", q) for q in self.agreement.keyholders if q != self.me]
    )
    def open(self, state: Final, inputs: Inputs, draw: Draw) -> Fired:
        """Who learns the scores: add both shares."""
        shares = {f"share.{p}": self._vector(event.values, p) for p, event in inputs.events(Shares).items()}
        if state.share is not None:
            shares[f"share.{self.me}"] = state.share
        return Fired((Compute("found", "graph.scores", {**self.terms, **shares}, data=True),), self.end.keeping(None))

    @transition(None, lambda self, _: [self.job("hashed")])
    def exchange(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """Who asks, and whom is asked: find what both have."""
        hashes, terms = inputs.result(Hashed, self.job("hashed")).hashes, self.scale.terms
        spawn = Spawn(self._membership, Edge(terms.queries, terms.size, hashes))
        return Fired((spawn,), self.matched.keeping(None))

    @transition(None, lambda self, _: [self.done(self._membership)])
    def matched(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """Who asks: which are zero."""
        if self.me != self.first_party:
            return Fired((Done(Reckoned(self.scale.terms.size)),))
        found = inputs.ended(Marked, self._membership)
        fields = {**self.terms, **found.parted.fields, "marks": found.marks}
        return Fired((Compute("found", "graph.reached", fields, data=True),), self.end.keeping(None))

    @transition(None, lambda self, _: [self.job("found")])
    def end(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """Whom the result is for: note it."""
        found = inputs.result(Outcome, self.job("found"))
        values = loaded(found.values)  # it stands among the results, not in a file beside them
        note = Note({"task": self.scale.terms.task, "values": values, "drawing": dict(found.drawing)})
        return Fired((note, Done(Reckoned(self.scale.terms.size))))

    # ---- neighbourhoods

    @transition(None, lambda self, _: [*map(self.done, self._comparisons)])
    def compared(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """Who asks: put together what all others have in common with it."""
        if self.me != self.setup.leader:
            return Fired((Done(Reckoned(self.scale.terms.size)),))
        values = {f"values.{p}": inputs.ended(Met, f"{Comparison.kind}.{p}").values for p in self.agreement.others}
        return Fired((Compute("found", "graph.united", {**self.terms, **values}, data=True),), self.note.keeping(None))

    @transition(None, lambda self, _: [self.job("found")])
    def note(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """Who asks: note it."""
        found, task = inputs.result(Rows, self.job("found")), self.scale.terms.task
        note = {"task": task, "values": loaded(found.values), "drawing": dict(found.drawing)}
        return Fired((Note({**note, "others": list(self.agreement.others)}), Done(Reckoned(self.scale.terms.size))))

    @property
    def _comparisons(self) -> list[str]:
        """The own ones: the asker's with everybody, everybody's with the asker."""
        edges = self.agreement.others if self.setup.leads else (self.me,)
        return [f"{Comparison.kind}.{party}" for party in edges]

    @property
    def _readers(self) -> tuple[str, ...]:
        return self.scale.terms.result_to

    @property
    def _learns(self) -> bool:
        return self.me in self._readers

    @property
    def _membership(self) -> str:
        return f"{Membership.kind}.{self.second_party}"

    def _parts(self, state: Running) -> list[Address]:
        if self.me == self.first_party:
            return []
        return [self.at(f"part.{state.number}.{self.me}", party) for party in self.helpers]

    def _vector(self, values: Words, sender: str) -> Words:
        if values.shape != (self.scale.terms.size, 2):
            raise ProtocolError(SHAPE, whose=sender)
        return values
