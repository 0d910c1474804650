"""The overlap gate between the label holder and one party: PSI cardinality on a sample; the decision is a signed event.

Only the label holder learns the count of an edge; what it says is pass or refuse. Scalars, sample and domain are fresh.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import ClassVar, Literal

from accord_protocols.kernel.machine import (
    Compute,
    Draw,
    Fired,
    Goes,
    Inputs,
    Machine,
    Memory,
    Note,
    Send,
    Setup,
    nothing,
    transition,
)
from accord_protocols.primitives.psi.cardinality import SAMPLE, is_sampled
from accord_protocols.primitives.psi.overlap import Overlap, overlap
from accord_schemas.canonical import digest
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Answer, Event, Sample
from accord_schemas.events import Gate as Decision

MAX_NAMES = 4096
"""Column names that one side may compare."""
FEATURES_WARN = Fraction(9, 10)
"""Column names that overlap more than this are worth a word: the same users and the same features gain nothing."""


class Gate(Machine):
    """``gate.PARTY``, at the label holder and at that party."""

    kind = "gate"
    says: ClassVar[dict[str, type[Event]]] = {"sample": Sample, "answer": Answer, "decision": Decision}
    goes: ClassVar[dict[str, Goes]] = {"sample": Goes.INSTANCE, "answer": Goes.LEADER}

    @classmethod
    def expected(cls, setup: Setup, qualifier: str) -> bool:
        """One for each party but the label holder, unless the gate is off."""
        return qualifier in setup.agreement.others and setup.agreement.align.max_overlap is not None

    @transition(nothing)
    def start(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Label holder: blind the sample. Party: wait for it."""
        sizes = [memory["sizes"][self.setup.leader], memory["sizes"][self.qualifier]]
        terms = {
            "sizes": sizes,
            "sample_key": digest(b"accord gate sample", self.setup.sid, self.instance),
            "domain": digest(b"accord gate", self.setup.sid, self.instance),
        }
        if not self.setup.leads:
            return Fired({"terms": terms}, (), "answer")
        key = draw.key("gate")
        memory = {"terms": terms, "key": key}
        return Fired(memory, (Compute("sampled", "gate.sample", terms, key=key, data=True),), "ask")

    @transition(lambda self, memory: [self.job("sampled")])
    def ask(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Label holder: send the sample."""
        mine = inputs[self.job("sampled")]
        event = Sample(points=mine["points"], names=mine["names"])
        counts = {"points": len(event.points), "names": len(event.names)}
        return Fired(memory | counts, (Send("sample", [self.qualifier], event),), "count")

    @transition(lambda self, memory: [self.at("sample", self.setup.leader)])
    def answer(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Party: blind both sides."""
        sample: Sample = inputs[self.at("sample", self.setup.leader)]
        if not self._plausible(len(sample.points), memory["terms"]["sizes"]) or len(sample.names) > MAX_NAMES:
            raise ProtocolError("a sample is not of the announced size", whose=self.setup.leader)
        fields = {**memory["terms"], "peer": self.setup.leader, "points": sample.points, "their_names": sample.names}
        return Fired({}, (Compute("answered", "gate.answer", fields, key=draw.key("gate"), data=True),), "reply")

    @transition(lambda self, memory: [self.job("answered")])
    def reply(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Party: send them."""
        event = Answer(**inputs[self.job("answered")])
        return Fired({}, (Send("answer", [self.setup.leader], event),))

    @transition(lambda self, memory: [self.at("answer", self.qualifier)])
    def count(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Label holder: count what is common."""
        answer: Answer = inputs[self.at("answer", self.qualifier)]
        if (len(answer.doubled), len(answer.doubled_names)) != (memory["points"], memory["names"]):
            raise ProtocolError("an answer is not of the asked size", whose=self.qualifier)
        fields = {name: getattr(answer, name) for name in type(answer).model_fields} | {"peer": self.qualifier}
        memory = memory | {"theirs": len(answer.points), "their_names": len(answer.names)}
        return Fired(memory, (Compute("counted", "gate.count", fields, key=memory["key"]),), "decide")

    @transition(lambda self, memory: [self.job("counted")])
    def decide(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Label holder: say pass or refuse."""
        counted, terms, align = inputs[self.job("counted")], memory["terms"], self.agreement.align
        sizes = (terms["sizes"][0], terms["sizes"][1])
        try:
            ids = overlap(counted["ids"], (memory["points"], memory["theirs"]), sizes, align.denominator)
        except ProtocolError as error:
            raise ProtocolError(error.message, whose=self.qualifier) from None
        bound = Fraction(str(align.max_overlap))
        event = Decision(
            party=self.qualifier,
            decision="refuse" if ids.refused(bound) else "pass",
            features=self._features(counted["names"], memory["names"], memory["their_names"]),
            sampled=is_sampled(sizes),
        )
        near = ids.in_dead_band(bound)
        note = Note({"warnings": [f"The sampled overlap with {self.qualifier} is close to the bound."] if near else []})
        return Fired({}, (note, Send("decision", self.agreement.order, event)))

    @staticmethod
    def _plausible(points: int, sizes: list[int]) -> bool:
        """Whether the label holder's sample has the size that its set gives; a sampled one within six deviations."""
        if not is_sampled((sizes[0], sizes[1])):
            return points == sizes[0]
        expected = sizes[0] * SAMPLE / min(sizes)
        return abs(points - expected) <= 6 * math.sqrt(expected) + 1

    def _features(self, matches: int, mine: int, theirs: int) -> Literal["pass", "warn", "refuse"]:
        value = Overlap(matches, min(mine, theirs), sampled=False).value
        bound = self.agreement.align.max_feature_overlap
        if bound is not None and value > Fraction(str(bound)):
            return "refuse"
        return "warn" if value > FEATURES_WARN else "pass"
