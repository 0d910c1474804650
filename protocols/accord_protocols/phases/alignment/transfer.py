"""The oblivious PRF between the leader and one server by OT extension, and the server's key-value store.

No key is made beforehand: the server's secret is drawn here. The leader's table is the same for all servers; every
edge masks it anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from accord_protocols.kernel.effects import Compute, Done, Fields, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine, Setup
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.phases.alignment.oprf import Opened
from accord_protocols.primitives.psi.okvs import Geometry
from accord_protocols.primitives.psi.ot.code import Shape
from accord_protocols.primitives.psi.ot.codes import CODES, Code
from accord_protocols.primitives.psi.ot.oprf import tag_bytes
from accord_protocols.tasks.results.alignment import Answered, Hidden, Learned, Points, Reading, Stored, Tagged
from accord_protocols.tasks.results.common import Bytes, Words
from accord_schemas.agreement import Agreement
from accord_schemas.canonical import digest
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Choices, Event, Marks, Masked, Store

SCHEME = "ot"
"""As ``align.protocol`` says it."""


def by_transfer(agreement: Agreement) -> bool:
    """Whether a collaboration is aligned by OT extension."""
    return agreement.align.protocol == SCHEME


def shape(agreement: Agreement, ids: int) -> Shape:
    """Of the table of a leader of so many ids."""
    return Shape(ids, _code(agreement))


def table_bytes(agreement: Agreement, ids: int) -> int:
    """Bytes of the table of a leader of so many ids."""
    return shape(agreement, ids).rows * _code(agreement).words * 8


def _code(agreement: Agreement) -> Code:
    return CODES[agreement.align.code]


def alone(agreement: Agreement) -> bool:
    """Whether there is a single server."""
    return len(agreement.others) == 1


def session(setup: Setup) -> Fields:
    """Bound into every hash of an id, at all parties."""
    return {"sid": digest(b"accord transfer", setup.sid)}


@dataclass(frozen=True, slots=True, repr=False)
class Edge:
    """What leader and server begin with: how many ids each announced, and hashes of the own ones.

    Args:
        leader: Ids of the leader.
        server: Ids of the server.
        hashes: ``(n, 16) uint8``.
        table: The leader's, ``(rows, words) uint64``.
        kappas: The server's secrets with its peers.
    """

    leader: int
    server: int
    hashes: Bytes
    table: Words | None = None
    kappas: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, repr=False)
class Offered:
    """The server's stream key, from which it has the secrets of its base transfers again."""

    edge: Edge
    key: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Received:
    """The masked table at the server."""

    edge: Edge
    table: Words


@dataclass(frozen=True, slots=True, repr=False)
class Read:
    """The server's factors."""

    edge: Edge
    factors: Fields


@dataclass(frozen=True, slots=True, repr=False)
class Masking:
    """The leader's half of the base transfers."""

    edge: Edge
    point: Bytes
    corrections: Bytes


@dataclass(frozen=True, slots=True, repr=False)
class Marked:
    """What the leader of two ends with: tags of its ids, and the server's marks."""

    tags: Bytes
    marks: Bytes


class Transfer(Machine):
    """``transfer.SERVER``: an oblivious PRF by OT extension between the leader and one server, and that one's store."""

    kind = "transfer"
    by_reference = True
    says: ClassVar[dict[str, type[Event]]] = {"choices": Choices, "masked": Masked, "store": Store, "marks": Marks}
    goes: ClassVar[dict[str, Goes]] = {
        "choices": Goes.LEADER,
        "masked": Goes.INSTANCE,
        "store": Goes.LEADER,
        "marks": Goes.LEADER,
    }

    @classmethod
    def expected(cls, setup: Setup, qualifier: str) -> bool:
        """One for each party but the leader."""
        return qualifier in setup.agreement.others

    @property
    def marks(self) -> bool:
        """Whether the server sends marks of its tags, and no store: to a leader from whom there is nothing to hide."""
        return alone(self.agreement)

    @property
    def edge(self) -> Fields:
        """Bound into every hash of this exchange, and the agreed code."""
        return {"edge": digest(b"accord transfer", self.setup.sid, self.instance), "code": self.agreement.align.code}

    @transition(Edge, nothing, starts=True)
    def start(self, state: Edge, inputs: Inputs, draw: Draw) -> Fired:
        """Server: draw what it chooses. Leader: wait for it."""
        if self.setup.leads:
            return Fired((), self.answer.keeping(state))
        key = draw.key("choices")
        return Fired((Compute("chosen", "ot.choices", self.edge, key=key),), self.offer.keeping(Offered(state, key)))

    @transition(Offered, lambda self, _: [self.job("chosen")])
    def offer(self, state: Offered, inputs: Inputs, draw: Draw) -> Fired:
        """Server: send its public keys."""
        event = Choices(points=inputs.result(Points, self.job("chosen")).points)
        return Fired((Send("choices", [self.setup.leader], event),), self.learn.keeping(state))

    @transition(Edge, lambda self, _: [self.at("choices", self.qualifier)])
    def answer(self, state: Edge, inputs: Inputs, draw: Draw) -> Fired:
        """Leader: make the keys of the base transfers."""
        chosen = inputs.event(Choices, self.at("choices", self.qualifier))
        if len(chosen.points) != _code(self.agreement).transfers:
            raise ProtocolError("points of an exchange are not as many as agreed", whose=self.qualifier)
        fields = {**self.edge, "points": chosen.points, "peer": self.qualifier}
        compute = Compute("answered", "ot.answered", fields, key=draw.key("answer"))
        return Fired((compute,), self.mask.keeping(state))

    @transition(Edge, lambda self, _: [self.job("answered")])
    def mask(self, state: Edge, inputs: Inputs, draw: Draw) -> Fired:
        """Leader: mask its table."""
        answered = inputs.result(Answered, self.job("answered"))
        compute = Compute(
            "hidden", "ot.masked", {"leader": state.leader, "table": state.table, "leaves": answered.leaves}
        )
        return Fired((compute,), self.send.keeping(Masking(state, answered.point, answered.corrections)))

    @transition(Masking, lambda self, _: [self.job("hidden")])
    def send(self, state: Masking, inputs: Inputs, draw: Draw) -> Fired:
        """Leader: send it, and tag its ids."""
        hidden = inputs.result(Hidden, self.job("hidden"))
        event = Masked(point=state.point, corrections=state.corrections, table=hidden.table)
        compute = self._tag(state.edge, {"rows": hidden.rows})
        then = (self.match if self.marks else self.end).keeping(state.edge)
        return Fired((Send("masked", [self.qualifier], event), compute), then)

    @transition(Offered, lambda self, _: [self.at("masked", self.setup.leader)])
    def learn(self, state: Offered, inputs: Inputs, draw: Draw) -> Fired:
        """Server: learn its half of the base transfers."""
        masked = inputs.event(Masked, self.at("masked", self.setup.leader))
        code, halves = _code(self.agreement), (len(masked.point), len(masked.corrections))
        rows = shape(self.agreement, state.edge.leader).rows
        if halves != (1, code.corrections) or masked.table.shape != (rows, code.words):
            raise ProtocolError("a masked table is not as announced", whose=self.setup.leader)
        fields = {**self.edge, "point": masked.point, "corrections": masked.corrections, "peer": self.setup.leader}
        compute = Compute("learned", "ot.learned", fields, key=state.key)
        return Fired((compute,), self.unmask.keeping(Received(state.edge, masked.table)))

    @transition(Received, lambda self, _: [self.job("learned")])
    def unmask(self, state: Received, inputs: Inputs, draw: Draw) -> Fired:
        """Server: the rows that it reads."""
        learned = inputs.result(Learned, self.job("learned"))
        factors = {"low": learned.low, "high": learned.high}
        fields = {"leader": state.edge.leader, "table": state.table, "leaves": learned.leaves, **factors}
        compute = Compute("read", "ot.unmasked", fields)
        return Fired((compute,), self.tag.keeping(Read(state.edge, factors)))

    @transition(Read, lambda self, _: [self.job("read")])
    def tag(self, state: Read, inputs: Inputs, draw: Draw) -> Fired:
        """Server: tag its own ids."""
        rows = inputs.result(Reading, self.job("read")).rows
        return Fired((self._tag(state.edge, {"rows": rows, **state.factors}),), self.build.keeping(state.edge))

    @transition(Edge, lambda self, _: [self.job("tagged")])
    def build(self, state: Edge, inputs: Inputs, draw: Draw) -> Fired:
        """Server: build the store; of two parties, mark the tags: there is no pairwise intersection to hide."""
        tags = inputs.result(Tagged, self.job("tagged")).tags
        if self.marks:
            compute = Compute("marked", "ot.marked", {"tags": tags, "size": tag_bytes(state.leader, state.server)})
            return Fired((compute,), self.say.keeping(Tagged(tags)))
        fields = {"tags": tags, "hashes": state.hashes, **{f"kappa.{p}": k for p, k in state.kappas.items()}}
        compute = Compute("stored", "align.store", fields, key=draw.key("store"))
        return Fired((compute,), self.store.keeping(Tagged(tags)))

    @transition(Tagged, lambda self, _: [self.job("marked")])
    def say(self, state: Tagged, inputs: Inputs, draw: Draw) -> Fired:
        """Server of two: send the marks, and end with the tags of its own ids."""
        event = Marks(tags=inputs.result(Tagged, self.job("marked")).tags)
        return Fired((Send("marks", [self.setup.leader], event), Done(state)))

    @transition(Tagged, lambda self, _: [self.job("stored")])
    def store(self, state: Tagged, inputs: Inputs, draw: Draw) -> Fired:
        """Server: send the store, and end with the tags of its own ids."""
        built = inputs.result(Stored, self.job("stored"))
        event = Store(parameters=built.salt, table=built.table)
        return Fired((Send("store", [self.setup.leader], event), Done(state)))

    @transition(Edge, lambda self, _: [self.job("tagged"), self.at("store", self.qualifier)])
    def end(self, state: Edge, inputs: Inputs, draw: Draw) -> Fired:
        """Leader: end with the tags of its ids and the server's store."""
        store = inputs.event(Store, self.at("store", self.qualifier))
        if len(store.parameters) != 16 or len(store.table) != Geometry.of(state.server).rows:
            raise ProtocolError("a key-value store is not of the announced size", whose=self.qualifier)
        tags = inputs.result(Tagged, self.job("tagged")).tags
        return Fired((Done(Opened(tags, Stored(store.parameters, store.table))),))

    @transition(Edge, lambda self, _: [self.job("tagged"), self.at("marks", self.qualifier)])
    def match(self, state: Edge, inputs: Inputs, draw: Draw) -> Fired:
        """Leader of two: end with the tags of its ids and the server's marks."""
        marks = inputs.event(Marks, self.at("marks", self.qualifier))
        if marks.tags.shape != (state.server, tag_bytes(state.leader, state.server)):
            raise ProtocolError("marks are not as announced", whose=self.qualifier)
        return Fired((Done(Marked(inputs.result(Tagged, self.job("tagged")).tags, marks.tags)),))

    def _tag(self, edge: Edge, read: Fields) -> Compute:
        fields = {**session(self.setup), **self.edge, "leader": edge.leader, "hashes": edge.hashes, **read}
        return Compute("tagged", "ot.tagged", fields)
