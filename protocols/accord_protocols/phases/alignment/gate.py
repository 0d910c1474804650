"""The overlap gate between the label holder and one party: PSI cardinality on a sample; the decision is a signed event.

Only the label holder learns the count of an edge; what it says is pass or refuse. Scalars, sample and domain are fresh.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Literal

from accord_protocols.kernel.effects import Compute, Fields, Note, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine, Setup
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.primitives.psi.cardinality import SAMPLE, is_sampled
from accord_protocols.primitives.psi.overlap import Overlap, overlap
from accord_protocols.tasks.results.alignment import Counted, Doubled, Sampled
from accord_schemas.canonical import digest
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Answer, Event, Sample
from accord_schemas.events import Gate as Decision

MAX_NAMES = 4096
"""Column names that one side may compare."""
FEATURES_WARN = Fraction(9, 10)
"""Column names that overlap more than this are worth a word: the same users and the same features gain nothing."""


@dataclass(frozen=True, slots=True, repr=False)
class Compared:
    """What both sides of an edge know.

    Args:
        leader: How many ids the leader announced.
        party: How many the party did.
        names: How many column names everybody did.
    """

    leader: int
    party: int
    names: Mapping[str, int]


@dataclass(frozen=True, slots=True, repr=False)
class Sampling:
    """The label holder's stream key, with which it blinds and counts."""

    sizes: Compared
    key: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """And how many points and column names it sent."""

    sizes: Compared
    key: bytes
    points: int
    names: int


@dataclass(frozen=True, slots=True, repr=False)
class Answered:
    """What it sent, and how many the party answered of its own."""

    asked: Asked
    points: int
    names: int


class Gate(Machine):
    """``gate.PARTY``, at the label holder and at that party."""

    kind = "gate"
    version = 2
    says: ClassVar[dict[str, type[Event]]] = {"sample": Sample, "answer": Answer, "decision": Decision}
    goes: ClassVar[dict[str, Goes]] = {"sample": Goes.INSTANCE, "answer": Goes.LEADER}

    @classmethod
    def expected(cls, setup: Setup, qualifier: str) -> bool:
        """One for each party but the label holder, unless the gate is off."""
        return qualifier in setup.agreement.others and setup.agreement.align.max_overlap is not None

    @transition(Compared, nothing, starts=True)
    def start(self, state: Compared, inputs: Inputs, draw: Draw) -> Fired:
        """Label holder: blind the sample. Party: wait for it."""
        most = max(state.names, key=lambda p: (state.names[p], p))
        if state.names[most] > MAX_NAMES:
            raise ProtocolError("a party has more columns than the gate compares", whose=most)
        if not self.setup.leads:
            return Fired(then=self.answer.keeping(state))
        key = draw.key("gate")
        compute = Compute("sampled", "gate.sample", self._terms(state), key=key, data=True)
        return Fired((compute,), self.ask.keeping(Sampling(state, key)))

    @transition(Sampling, lambda self, _: [self.job("sampled")])
    def ask(self, state: Sampling, inputs: Inputs, draw: Draw) -> Fired:
        """Label holder: send the sample."""
        mine = inputs.result(Sampled, self.job("sampled"))
        asked = Asked(state.sizes, state.key, len(mine.points), len(mine.names))
        event = Sample(points=mine.points, names=mine.names)
        return Fired((Send("sample", [self.qualifier], event),), self.count.keeping(asked))

    @transition(Compared, lambda self, _: [self.at("sample", self.setup.leader)])
    def answer(self, state: Compared, inputs: Inputs, draw: Draw) -> Fired:
        """Party: blind both sides."""
        sample = inputs.event(Sample, self.at("sample", self.setup.leader))
        plausible = self._plausible(len(sample.points), state)
        if not plausible or len(sample.names) != state.names[self.setup.leader]:
            raise ProtocolError("a sample is not of the announced size", whose=self.setup.leader)
        theirs = {"peer": self.setup.leader, "points": sample.points, "their_names": sample.names}
        fields = {**self._terms(state), **theirs}
        compute = Compute("answered", "gate.answer", fields, key=draw.key("gate"), data=True)
        return Fired((compute,), self.reply.keeping(None))

    @transition(None, lambda self, _: [self.job("answered")])
    def reply(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """Party: send them."""
        mine = inputs.result(Doubled, self.job("answered"))
        event = Answer(doubled=mine.doubled, points=mine.points, doubled_names=mine.doubled_names, names=mine.names)
        return Fired((Send("answer", [self.setup.leader], event),))

    @transition(Asked, lambda self, _: [self.at("answer", self.qualifier)])
    def count(self, state: Asked, inputs: Inputs, draw: Draw) -> Fired:
        """Label holder: count what is common."""
        answer = inputs.event(Answer, self.at("answer", self.qualifier))
        said = len(answer.doubled), len(answer.doubled_names), len(answer.names)
        if said != (state.points, state.names, state.sizes.names[self.qualifier]):
            raise ProtocolError("an answer is not of the asked size", whose=self.qualifier)
        fields = {name: getattr(answer, name) for name in type(answer).model_fields} | {"peer": self.qualifier}
        answered = Answered(state, len(answer.points), len(answer.names))
        return Fired((Compute("counted", "gate.count", fields, key=state.key),), self.decide.keeping(answered))

    @transition(Answered, lambda self, _: [self.job("counted")])
    def decide(self, state: Answered, inputs: Inputs, draw: Draw) -> Fired:
        """Label holder: say pass or refuse."""
        counted = inputs.result(Counted, self.job("counted"))
        ids, bound = self._overlap(state, counted), Fraction(str(self.agreement.align.max_overlap))
        event = Decision(
            party=self.qualifier,
            decision="refuse" if ids.refused(bound) else "pass",
            features=self._features(counted.names, state.asked.names, state.names),
            sampled=ids.sampled,
        )
        near = ids.in_dead_band(bound)
        note = Note({"warnings": [f"The sampled overlap with {self.qualifier} is close to the bound."] if near else []})
        return Fired((note, Send("decision", self.agreement.order, event)))

    def _overlap(self, state: Answered, counted: Counted) -> Overlap:
        """What was counted, as the agreement has it."""
        asked = state.asked
        sizes, denominator = (asked.sizes.leader, asked.sizes.party), self.agreement.align.denominator
        try:
            return overlap(counted.ids, (asked.points, state.points), sizes, denominator)
        except ProtocolError as error:
            raise ProtocolError(error.message, whose=self.qualifier) from None

    def _terms(self, sizes: Compared) -> Fields:
        """What both sides' tasks are told."""
        return {
            "sizes": [sizes.leader, sizes.party],
            "sample_key": digest(b"accord gate sample", self.setup.sid, self.instance),
            "domain": digest(b"accord gate", self.setup.sid, self.instance),
        }

    @staticmethod
    def _plausible(points: int, sizes: Compared) -> bool:
        """Whether the label holder's sample has the size that its set gives; a sampled one within six deviations."""
        if not is_sampled((sizes.leader, sizes.party)):
            return points == sizes.leader
        expected = sizes.leader * SAMPLE / min(sizes.leader, sizes.party)
        return abs(points - expected) <= 6 * math.sqrt(expected) + 1

    def _features(self, matches: int, mine: int, theirs: int) -> Literal["pass", "warn", "refuse"]:
        value = Overlap(matches, min(mine, theirs), sampled=False).value
        bound = self.agreement.align.max_feature_overlap
        if bound is not None and value > Fraction(str(bound)):
            return "refuse"
        return "warn" if value > FEATURES_WARN else "pass"
