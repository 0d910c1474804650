"""Neighbourhoods of the asker's graph compared with those of one other party, see `accord_protocols.graph.meeting`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from accord_protocols.graph.neighbourhoods import Shape
from accord_protocols.kernel.effects import Compute, Done, Fields, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine, Setup
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.phases.graph.common import OverGraph
from accord_protocols.primitives.psi import groups
from accord_protocols.tasks.results.alignment import Tagged
from accord_protocols.tasks.results.common import Bytes, Numbers
from accord_protocols.tasks.results.graphs import Met
from accord_schemas.canonical import digest
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Blinded, Event, Marks, Signed
from accord_schemas.suites import SM

_POINTS = "points of an exchange are not as many as agreed"
_TABLE = "a table of neighbourhoods is not as agreed"


@dataclass(frozen=True, slots=True, repr=False)
class Keyed:
    """The stream key of this exchange, from which the own scalars follow."""

    key: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Listed(Keyed):
    """And the own table."""

    tags: Bytes


class Comparison(OverGraph, Machine):
    """``comparison.PARTY``, at who asks and at that party."""

    kind = "comparison"
    by_reference = True
    says: ClassVar[dict[str, type[Event]]] = {"blinded": Blinded, "signed": Signed, "marks": Marks}
    goes: ClassVar[dict[str, Goes]] = {"blinded": Goes.INSTANCE, "signed": Goes.LEADER, "marks": Goes.LEADER}

    @classmethod
    def expected(cls, setup: Setup, qualifier: str) -> bool:
        """One with each other party."""
        terms = setup.agreement
        return terms.graph is not None and not terms.keyholders and qualifier in terms.others

    @transition(None, nothing, starts=True)
    def start(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """Who asks: blind the questions. Whom is asked: make the table."""
        own = Keyed(draw.key("comparison"))
        step, task = ("asked", "graph.blinded") if self.setup.leads else ("listed", "graph.listed")
        compute = Compute(step, task, self._fields(), key=own.key, data=True)
        return Fired((compute,), (self.ask if self.setup.leads else self.wait).keeping(own))

    # ---- who asks

    @transition(Keyed, lambda self, _: [self.job("asked")])
    def ask(self, state: Keyed, inputs: Inputs, draw: Draw) -> Fired:
        """Send the questions."""
        numbers = inputs.result(Numbers, self.job("asked")).numbers
        return Fired((Send("blinded", [self.qualifier], Blinded(numbers=numbers)),), self.meet.keeping(state))

    @transition(Keyed, lambda self, _: [self.at(step, self.qualifier) for step in ("signed", "marks")])
    def meet(self, state: Keyed, inputs: Inputs, draw: Draw) -> Fired:
        """Look them up in the table."""
        signed = inputs.event(Signed, self.at("signed", self.qualifier))
        tags = inputs.event(Marks, self.at("marks", self.qualifier)).tags
        self._check(signed.numbers, self.qualifier)
        if tags.shape != self.shape.table:
            raise ProtocolError(_TABLE, whose=self.qualifier)
        fields = {**self._fields(), "peer": self.qualifier, "numbers": signed.numbers, "tags": tags}
        return Fired((Compute("met", "graph.met", fields, key=state.key, data=True),), self.end.keeping(None))

    @transition(None, lambda self, _: [self.job("met")])
    def end(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """End with what is common."""
        return Fired((Done(inputs.result(Met, self.job("met"))),))

    # ---- whom is asked

    @transition(Keyed, lambda self, _: [self.job("listed"), self.at("blinded", self.setup.leader)])
    def wait(self, state: Keyed, inputs: Inputs, draw: Draw) -> Fired:
        """Evaluate the questions."""
        asked = inputs.event(Blinded, self.at("blinded", self.setup.leader)).numbers
        self._check(asked, self.setup.leader)
        fields = {**self._fields(), "peer": self.setup.leader, "numbers": asked}
        listed = Listed(state.key, inputs.result(Tagged, self.job("listed")).tags)
        return Fired((Compute("evaluated", "graph.evaluated", fields, key=state.key),), self.answer.keeping(listed))

    @transition(Listed, lambda self, _: [self.job("evaluated")])
    def answer(self, state: Listed, inputs: Inputs, draw: Draw) -> Fired:
        """Send them, and the table."""
        numbers, to = inputs.result(Numbers, self.job("evaluated")).numbers, [self.setup.leader]
        return Fired((Send("signed", to, Signed(numbers=numbers)), Send("marks", to, Marks(tags=state.tags)), Done()))

    # ---- sizes

    @property
    def shape(self) -> Shape:
        """Of questions and table."""
        assert self.agreement.graph is not None
        return Shape(self.agreement.graph)

    def _check(self, numbers: Bytes, sender: str) -> None:
        width = (groups.SM2 if self.agreement.profile == SM else groups.RISTRETTO).width
        if numbers.shape != (self.shape.texts, width):
            raise ProtocolError(_POINTS, whose=sender)

    def _fields(self) -> Fields:
        domain = digest(b"accord graph comparison", self.setup.sid, self.instance)
        return {**self.terms, "profile": self.agreement.profile, "sid": self.setup.sid, "domain": domain}
