"""The oblivious PRF between the leader and one server by OT extension, and the server's key-value store.

No key is made beforehand: the server's secret is drawn in the base transfers. The leader's table is the same for all
servers; every edge masks it anew. It goes bucket by bucket, and the server reads one while the next is made.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from accord_protocols.kernel.effects import Compute, Done, Effect, Fields, Send, Spawn
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine, Setup
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.phases.alignment.base_transfers import BaseTransfers, edge
from accord_protocols.phases.alignment.exchange import (
    Edge,
    Marked,
    Masking,
    Parted,
    Reading,
    alone,
    bucketed,
    session,
    shape,
)
from accord_protocols.phases.alignment.oprf import Opened
from accord_protocols.primitives.psi.okvs import Geometry
from accord_protocols.primitives.psi.ot.oprf import tag_bytes
from accord_protocols.tasks.results.alignment import Answered, Bucketed, Hidden, Learned, Sorted, Stored, Tagged
from accord_protocols.tasks.results.common import Bytes
from accord_schemas.address import Address
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Event, Marks, Masked, Store

AHEAD = 4
"""Buckets that a party works on at once: what its other collaborations wait behind."""


class Transfer(Machine):
    """``transfer.SERVER``: an oblivious PRF by OT extension between the leader and one server, and that one's store."""

    kind = "transfer"
    version = 2
    by_reference = True
    transfers: ClassVar[str] = BaseTransfers.kind
    """Kind of the base transfers: one of a phase."""
    says: ClassVar[dict[str, type[Event]]] = {"masked": Masked, "store": Store, "marks": Marks}
    goes: ClassVar[dict[str, Goes]] = {"masked": Goes.INSTANCE, "store": Goes.LEADER, "marks": Goes.LEADER}

    @classmethod
    def expected(cls, setup: Setup, qualifier: str) -> bool:
        """One for each party but the leader."""
        return qualifier in setup.agreement.others

    @property
    def marks(self) -> bool:
        """Whether the server sends marks of its tags, and no store: to a leader from whom there is nothing to hide."""
        return alone(self.agreement)

    @property
    def base(self) -> str:
        """The instance of the base transfers."""
        return f"{self.transfers}.{self.qualifier}"

    @transition(Edge, nothing, starts=True)
    def start(self, state: Edge, inputs: Inputs, draw: Draw) -> Fired:
        """Begin what has not begun."""
        then = (self.begin if self.setup.leads else self.listen).keeping(state)
        if state.hashes is None:
            return Fired((), then)
        return Fired((Spawn(self.base), bucketed(self.agreement, state.leader, state.hashes)), then)

    # ---- the leader

    @transition(Edge, lambda self, state: self._ready(state))
    def begin(self, state: Edge, inputs: Inputs, draw: Draw) -> Fired:
        """Leader: mask the first buckets."""
        masking = Masking(self._by_bucket(state, inputs), inputs.ended(Answered, self.base).leaves)
        ahead = tuple(self._mask(masking, bucket) for bucket in range(min(AHEAD, self._buckets(state))))
        return Fired(ahead, self.send.keeping(masking))

    @transition(Masking, lambda self, state: [self.job(f"hidden.{state.bucket}")])
    def send(self, state: Masking, inputs: Inputs, draw: Draw) -> Fired:
        """Leader: send a bucket, tag its ids there, and mask another one."""
        bucket, count = state.bucket, self._buckets(state.edge)
        hidden = inputs.result(Hidden, self.job(f"hidden.{bucket}"))
        effects: list[Effect] = [Send(f"masked.{bucket}", [self.qualifier], Masked(table=hidden.table))]
        if bucket + AHEAD < count:
            effects.append(self._mask(state, bucket + AHEAD))
        effects.append(self._compute("tagged", "ot.tagged", state.edge, bucket, {"leaves": state.leaves}))
        if bucket + 1 < count:
            return Fired(tuple(effects), self.send.keeping(replace(state, bucket=bucket + 1)))
        return Fired(tuple(effects), (self.match if self.marks else self.join).keeping(state.edge))

    @transition(Edge, lambda self, state: self._tagged(state))
    def join(self, state: Edge, inputs: Inputs, draw: Draw) -> Fired:
        """Leader of several: bring its tags into the order of its rows."""
        joined = Compute("joined", "ot.joined", self._tags(state, inputs).fields)
        return Fired((joined,), self.end.keeping(state))

    @transition(Edge, lambda self, _: [self.job("joined"), self.at("store", self.qualifier)])
    def end(self, state: Edge, inputs: Inputs, draw: Draw) -> Fired:
        """Leader: end with the tags of its ids and the server's store."""
        store = inputs.event(Store, self.at("store", self.qualifier))
        if len(store.parameters) != 16 or len(store.table) != Geometry.of(state.server).rows:
            raise ProtocolError("a key-value store is not of the announced size", whose=self.qualifier)
        tags = inputs.result(Tagged, self.job("joined")).tags
        return Fired((Done(Opened(tags, Stored(store.parameters, store.table))),))

    @transition(Edge, lambda self, state: [*self._tagged(state), self.at("marks", self.qualifier)])
    def match(self, state: Edge, inputs: Inputs, draw: Draw) -> Fired:
        """Leader of two: end with the tags of its ids and the server's marks."""
        marks = inputs.event(Marks, self.at("marks", self.qualifier))
        if marks.tags.shape != (state.server, tag_bytes(state.leader, state.server)):
            raise ProtocolError("marks are not as announced", whose=self.qualifier)
        return Fired((Done(Marked(self._tags(state, inputs), marks.tags)),))

    # ---- the server

    @transition(Edge, lambda self, state: self._ready(state))
    def listen(self, state: Edge, inputs: Inputs, draw: Draw) -> Fired:
        """Server: wait for the first bucket."""
        reading = Reading(self._by_bucket(state, inputs), inputs.ended(Learned, self.base))
        return Fired((), self.read.keeping(reading))

    @transition(
        Reading,
        lambda self, state: [
            self.at(f"masked.{state.bucket}", self.setup.leader),
            *self._under_way(state, state.bucket - AHEAD + 1),
        ],
    )
    def read(self, state: Reading, inputs: Inputs, draw: Draw) -> Fired:
        """Server: tag its ids of a bucket."""
        bucket, secret = state.bucket, state.secret
        masked = inputs.event(Masked, self.at(f"masked.{bucket}", self.setup.leader))
        agreed = shape(self.agreement, state.edge.leader)
        if masked.table.shape != (agreed.bucket_rows, agreed.code.words):
            raise ProtocolError("a masked table is not as announced", whose=self.setup.leader)
        fields = {"table": masked.table, "low": secret.low, "high": secret.high, "leaves": secret.leaves}
        compute = self._compute("read", "ot.read", state.edge, bucket, fields)
        tags = self._read(state, inputs, bucket - AHEAD + 1)
        then = self.read if bucket + 1 < self._buckets(state.edge) else self.mark
        return Fired((compute,), then.keeping(replace(state, bucket=bucket + 1, tags=tags)))

    @transition(Reading, lambda self, state: self._under_way(state, state.bucket))
    def mark(self, state: Reading, inputs: Inputs, draw: Draw) -> Fired:
        """Server of two parties: mark its tags, as there is no pairwise intersection to hide; of several, bring them
        into the order of its rows.
        """
        own, parted = state.edge, self._parted(state.edge, self._read(state, inputs, state.bucket))
        if not self.marks:
            return Fired((Compute("joined", "ot.joined", parted.fields),), self.build.keeping(own))
        fields = {"size": tag_bytes(own.leader, own.server), **parted.fields}
        return Fired((Compute("marked", "ot.marked", fields),), self.say.keeping(parted))

    @transition(Parted, lambda self, _: [self.job("marked")])
    def say(self, state: Parted, inputs: Inputs, draw: Draw) -> Fired:
        """Server of two: send the marks, and end with the tags of its own ids."""
        marked = inputs.result(Sorted, self.job("marked"))
        send = Send("marks", [self.setup.leader], Marks(tags=marked.tags))
        return Fired((send, Done(replace(state, places=marked.places))))

    @transition(Edge, lambda self, _: [self.job("joined")])
    def build(self, state: Edge, inputs: Inputs, draw: Draw) -> Fired:
        """Server of several: build the store."""
        tagged = inputs.result(Tagged, self.job("joined"))
        kappas = {f"kappa.{p}": k for p, k in state.kappas.items()}
        assert state.buckets is not None
        own = {"hashes": state.buckets.hashes, "order": state.buckets.order}
        fields = {"tags": tagged.tags, **own, **kappas}
        return Fired((Compute("stored", "align.store", fields, key=draw.key("store")),), self.store.keeping(tagged))

    @transition(Tagged, lambda self, _: [self.job("stored")])
    def store(self, state: Tagged, inputs: Inputs, draw: Draw) -> Fired:
        """Server of several: send the store, and end with the tags of its own ids."""
        built = inputs.result(Stored, self.job("stored"))
        event = Store(parameters=built.salt, table=built.table)
        return Fired((Send("store", [self.setup.leader], event), Done(state)))

    # ---- both

    def _ready(self, state: Edge) -> list[Address]:
        return [self.done(self.base), *([self.job("bucketed")] if state.buckets is None else [])]

    def _by_bucket(self, state: Edge, inputs: Inputs) -> Edge:
        return replace(state, buckets=state.buckets or inputs.result(Bucketed, self.job("bucketed")))

    def _buckets(self, own: Edge) -> int:
        return shape(self.agreement, own.leader).buckets

    def _mask(self, state: Masking, bucket: int) -> Compute:
        fields: Fields = {"leaves": state.leaves}
        if state.edge.table is not None:
            fields = {**fields, "table": state.edge.table}
        return self._compute("hidden", "ot.masked", state.edge, bucket, fields)

    def _compute(self, step: str, task: str, own: Edge, bucket: int, fields: Fields) -> Compute:
        """Work on one bucket."""
        assert own.buckets is not None
        known = {"bucket": bucket, "hashes": own.buckets.hashes, "ends": own.buckets.ends, "leader": own.leader}
        fields = {**session(self.setup), **edge(self.setup, self.qualifier), **known, **fields}
        return Compute(f"{step}.{bucket}", task, fields, number=bucket, of=self._buckets(own))

    def _tagged(self, state: Edge) -> list[Address]:
        """Where the leader's tags of every bucket arrive."""
        return [self.job(f"tagged.{bucket}") for bucket in range(self._buckets(state))]

    def _under_way(self, state: Reading, until: int) -> list[Address]:
        """Where the server's tags arrive of buckets before this one, but for those that it has."""
        return [self.job(f"read.{bucket}") for bucket in range(len(state.tags), until)]

    def _read(self, state: Reading, inputs: Inputs, until: int) -> tuple[Bytes, ...]:
        """The server's tags of buckets before this one."""
        return (*state.tags, *(inputs.result(Tagged, at).tags for at in self._under_way(state, until)))

    def _tags(self, state: Edge, inputs: Inputs) -> Parted:
        """The leader's tags of every bucket."""
        return self._parted(state, tuple(inputs.result(Tagged, at).tags for at in self._tagged(state)))

    @staticmethod
    def _parted(own: Edge, tags: tuple[Bytes, ...]) -> Parted:
        assert own.buckets is not None
        return Parted(tags, own.buckets.order)
