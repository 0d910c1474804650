"""The base transfers between the leader and one server, from which both grow as many correlated rows as they need.

Nothing here depends on an id: it is done while ids are hashed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from accord_protocols.kernel.effects import Compute, Done, Fields, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine, Setup
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.primitives.psi.ot.codes import CODES, Code
from accord_protocols.tasks.results.alignment import Answered, Learned, Points
from accord_schemas.agreement import Agreement
from accord_schemas.canonical import digest
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Choices, Corrections, Event


def code_of(agreement: Agreement) -> Code:
    """What ids become."""
    return CODES[agreement.align.code]


def edge(setup: Setup, server: str) -> Fields:
    """Bound into every hash between leader and server, and the agreed code."""
    return {"edge": digest(b"accord transfer", setup.sid, server), "code": setup.agreement.align.code}


@dataclass(frozen=True, slots=True, repr=False)
class Offered:
    """The server's stream key, from which it has the secrets of its base transfers again."""

    key: bytes


class BaseTransfers(Machine):
    """``base.SERVER``: ends with the leaves, and at the server with its factors too."""

    kind = "base"
    says: ClassVar[dict[str, type[Event]]] = {"choices": Choices, "corrections": Corrections}
    goes: ClassVar[dict[str, Goes]] = {"choices": Goes.LEADER, "corrections": Goes.INSTANCE}

    @classmethod
    def expected(cls, setup: Setup, qualifier: str) -> bool:
        """One for each party but the leader."""
        return qualifier in setup.agreement.others

    @transition(None, nothing, starts=True)
    def start(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """Server: draw what it chooses. Leader: wait for it."""
        if self.setup.leads:
            return Fired((), self.answer.keeping(None))
        key = draw.key("choices")
        compute = Compute("chosen", "ot.choices", edge(self.setup, self.me), key=key)
        return Fired((compute,), self.offer.keeping(Offered(key)))

    @transition(Offered, lambda self, _: [self.job("chosen")])
    def offer(self, state: Offered, inputs: Inputs, draw: Draw) -> Fired:
        """Server: send its public keys. It hashes its ids when they are said: the leader waits for them."""
        event = Choices(points=inputs.result(Points, self.job("chosen")).points)
        return Fired((Send("choices", [self.setup.leader, self.me], event),), self.learn.keeping(state))

    @transition(None, lambda self, _: [self.at("choices", self.qualifier)])
    def answer(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """Leader: make the keys of the transfers."""
        chosen = inputs.event(Choices, self.at("choices", self.qualifier))
        if len(chosen.points) != code_of(self.agreement).transfers:
            raise ProtocolError("points of an exchange are not as many as agreed", whose=self.qualifier)
        fields = {**edge(self.setup, self.qualifier), "points": chosen.points, "peer": self.qualifier}
        compute = Compute("answered", "ot.answered", fields, key=draw.key("answer"))
        return Fired((compute,), self.correct.keeping(None))

    @transition(None, lambda self, _: [self.job("answered")])
    def correct(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """Leader: send its half, and end with all leaves."""
        answered = inputs.result(Answered, self.job("answered"))
        event = Corrections(point=answered.point, corrections=answered.corrections)
        return Fired((Send("corrections", [self.qualifier], event), Done(answered)))

    @transition(Offered, lambda self, _: [self.at("corrections", self.setup.leader)])
    def learn(self, state: Offered, inputs: Inputs, draw: Draw) -> Fired:
        """Server: learn its half."""
        event = inputs.event(Corrections, self.at("corrections", self.setup.leader))
        if (len(event.point), len(event.corrections)) != (1, code_of(self.agreement).corrections):
            raise ProtocolError("an answer to points of an exchange is not as agreed", whose=self.setup.leader)
        halves = {"point": event.point, "corrections": event.corrections, "peer": self.setup.leader}
        compute = Compute("learned", "ot.learned", {**edge(self.setup, self.me), **halves}, key=state.key)
        return Fired((compute,), self.end.keeping(None))

    @transition(None, lambda self, _: [self.job("learned")])
    def end(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """Server: end with its factors and leaves."""
        return Fired((Done(inputs.result(Learned, self.job("learned"))),))
