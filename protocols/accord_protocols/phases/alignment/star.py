"""Entity alignment by an oblivious PRF in a star: one party leads, every other party serves.

The leader learns the intersection of all sets and no pairwise one; the others learn the result and the sizes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from accord_protocols.kernel.effects import Abort, Compute, Done, Effect, Note, Send, Spawn
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.phases.alignment.base_transfers import BaseTransfers
from accord_protocols.phases.alignment.exchange import (
    Edge,
    Marked,
    Parted,
    alone,
    by_transfer,
    session,
    shape,
    table_bytes,
)
from accord_protocols.phases.alignment.oprf import Opened, OprfExchange, Pair, oprf_of
from accord_protocols.phases.alignment.order import Ordering
from accord_protocols.phases.alignment.transfer import Transfer
from accord_protocols.phases.keys import Keyed
from accord_protocols.tasks.results.alignment import Bucketed, Common, Located, Matched, Solved, Tagged
from accord_protocols.tasks.results.common import Words
from accord_schemas.address import Address
from accord_schemas.agreement import Agreement
from accord_schemas.blob import loaded
from accord_schemas.codes import Code
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Event, Found, OprfKey, Tags

TAG = 32
"""Bytes of a tag."""
NOBODY = "the parties have no users in common"


def question_bytes(agreement: Agreement, ids: int) -> int:
    """Bytes of the largest content that a leader of so many ids sends to a server."""
    if by_transfer(agreement):
        return table_bytes(agreement, ids)
    return ids * oprf_of(agreement).id_bytes(agreement.key_bits)


@dataclass(frozen=True, slots=True, repr=False)
class Joining:
    """What exchanges begin with.

    Args:
        kappas: The secrets with the peers.
        sizes: How many ids each party announced.
        buckets: Hashes of the own ids, where all parties hash them alike.
    """

    kappas: Mapping[str, bytes]
    sizes: Mapping[str, int]
    buckets: Bucketed | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Waiting:
    """A server's secrets with its peers."""

    kappas: Mapping[str, bytes]


@dataclass(frozen=True, slots=True, repr=False)
class Aligned:
    """What everybody ends with.

    Args:
        rows: Own rows of the intersection, ``(k,) int64``, in the common order; none where they are not told.
    """

    rows: NDArray[np.int64]

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.rows)


class Align(Machine):
    """``align``: joins the exchanges; ends with the own rows of the intersection, in the common order."""

    kind = "align"
    version = 3
    by_reference = True
    says: ClassVar[dict[str, type[Event]]] = {"tags": Tags, "found": Found}
    goes: ClassVar[dict[str, Goes]] = {"tags": Goes.STEP, "found": Goes.STEP}

    @transition(Keyed, nothing, starts=True)
    def start(self, state: Keyed, inputs: Inputs, draw: Draw) -> Fired:
        """Start an OPRF per server. By OT extension, hash the own ids first: all servers have the same hashes."""
        if by_transfer(self.agreement):
            base = tuple(Spawn(f"{BaseTransfers.kind}.{p}") for p in self._servers())
            joining = Joining(state.kappas, state.sizes)
            if not self.setup.leads:
                return Fired(base, self.hash.keeping(joining))
            return Fired((*base, self._hash(joining)), self.solve.keeping(joining))
        sizes, keys = state.sizes, state.of(OprfKey)
        exchanges = tuple(
            Spawn(self._exchange(p), Pair(sizes[self.setup.leader], sizes[p], keys[p].key, state.kappas))
            for p in self._servers()
        )
        return self._exchanging(Joining(state.kappas, sizes), exchanges)

    @transition(Joining, lambda self, _: [Address(f"{BaseTransfers.kind}.{self.me}", "choices", self.me)])
    def hash(self, state: Joining, inputs: Inputs, draw: Draw) -> Fired:
        """Server: hash the own ids, once the leader has what it makes its half of the base transfers of."""
        return Fired((self._hash(state),), self.solve.keeping(state))

    @transition(Joining, lambda self, _: [self.job("hashed")])
    def solve(self, state: Joining, inputs: Inputs, draw: Draw) -> Fired:
        """Exchange. The leader of several servers solves its table first, once for all of them."""
        buckets = inputs.result(Bucketed, self.job("hashed"))
        state = replace(state, buckets=buckets)
        if not self.setup.leads or alone(self.agreement):
            return self._exchanging(state, self._edges(state))
        numbers = np.arange(shape(self.agreement, state.sizes[self.me]).buckets)
        terms = {"leader": state.sizes[self.me], "code": self.agreement.align.code, **session(self.setup)}
        own = {"hashes": buckets.hashes, "ends": buckets.ends, "buckets": numbers}
        compute = Compute("solved", "ot.solved", {**terms, **own})
        return Fired((compute,), self.spread.keeping(state))

    @transition(Joining, lambda self, _: [self.job("solved")])
    def spread(self, state: Joining, inputs: Inputs, draw: Draw) -> Fired:
        """Leader: exchange with every server."""
        return self._exchanging(state, self._edges(state, inputs.result(Solved, self.job("solved")).table))

    @transition(Joining, lambda self, _: [self.done(self._exchange(p)) for p in self._servers()])
    def join(self, state: Joining, inputs: Inputs, draw: Draw) -> Fired:
        """Leader: intersect."""
        if by_transfer(self.agreement) and alone(self.agreement):
            (server,) = self._servers()
            marked = inputs.ended(Marked, self._exchange(server))
            pair = {**marked.parted.fields, "marks": marked.marks}
            return Fired((Compute("common", "ot.matched", pair),), self.tell.keeping(None))
        fields: dict[str, Any] = {f"kappa.{p}": kappa for p, kappa in state.kappas.items()}
        for p in self._servers():
            opened = inputs.ended(Opened, self._exchange(p))
            store = opened.store
            fields |= {f"tags.{p}": opened.tags, f"salt.{p}": store.salt, f"table.{p}": store.table}
            fields[f"size.{p}"] = state.sizes[p]
        if state.buckets is not None:
            fields |= {"hashes": state.buckets.hashes, "order": state.buckets.order}
        data = state.buckets is None
        compute = Compute("common", "align.intersect", fields, key=draw.key("order"), data=data)
        return Fired((compute,), self.announce.keeping(None))

    @transition(None, lambda self, _: [self.job("common")])
    def announce(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """Leader: tell each server its tags, in one random order; those who are to learn nothing, that it is over."""
        common = inputs.result(Common, self.job("common"))
        nothing, told = np.empty((0, TAG), np.uint8), self.agreement.told
        tags = {p: common.tags[p] if p in told else nothing for p in self._servers()}
        sends = tuple(Send(f"tags.{p}", [p], Tags(tags=tags[p])) for p in self._servers())
        return Fired((*sends, *self._found(loaded(common.rows))))

    @transition(None, lambda self, _: [self.job("common")])
    def tell(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """Leader of two by OT extension: which of the server's marks are common; if it is to learn nothing, no word."""
        common, (server,) = inputs.result(Matched, self.job("common")), self._servers()
        told = server in self.agreement.told
        event = Found(
            bits=loaded(common.bits) if told else np.empty(0, np.uint8), digest=common.digest if told else b""
        )
        return Fired((Send(f"found.{server}", [server], event), *self._found(loaded(common.rows))))

    @transition(
        Waiting, lambda self, _: [self.at(f"found.{self.me}", self.setup.leader), self.done(self._exchange(self.me))]
    )
    def hear(self, state: Waiting, inputs: Inputs, draw: Draw) -> Fired:
        """Server of two by OT extension: find the rows of the marks that are common."""
        told = inputs.event(Found, self.at(f"found.{self.me}", self.setup.leader))
        if self.me not in self.agreement.told:
            return self._untold(bool(len(told.bits) or told.digest))
        own = inputs.ended(Parted, self._exchange(self.me))
        fields = {**own.fields, "bits": told.bits, "digest": told.digest, "peer": self.setup.leader}
        return Fired((Compute("located", "ot.found", fields),), self.located.keeping(state))

    @transition(
        Waiting, lambda self, _: [self.at(f"tags.{self.me}", self.setup.leader), self.done(self._exchange(self.me))]
    )
    def wait(self, state: Waiting, inputs: Inputs, draw: Draw) -> Fired:
        """Server: find the rows that were announced."""
        announced = inputs.event(Tags, self.at(f"tags.{self.me}", self.setup.leader))
        if self.me not in self.agreement.told:
            return self._untold(bool(len(announced.tags)))
        own = inputs.ended(Tagged, self._exchange(self.me))
        fields = {"tags": own.tags, "announced": announced.tags, "peer": self.setup.leader}
        return Fired((Compute("located", "align.locate", fields),), self.located.keeping(state))

    @transition(Waiting, lambda self, _: [self.job("located")])
    def located(self, state: Waiting, inputs: Inputs, draw: Draw) -> Fired:
        """Server: see whether the others were told the same."""
        found = inputs.result(Located, self.job("located"))
        if not len(found.rows):
            return Fired(self._found(loaded(found.rows)))
        return Fired((Spawn("order", Ordering(found.rows, state.kappas)),), self.same.keeping(found))

    @transition(Located, lambda self, _: [self.done("order")])
    def same(self, state: Located, inputs: Inputs, draw: Draw) -> Fired:
        """Server: end with them."""
        return Fired(self._found(loaded(state.rows)))

    def _hash(self, state: Joining) -> Compute:
        cut = {"leader": state.sizes[self.setup.leader], "code": self.agreement.align.code}
        return Compute("hashed", "ot.hashed", {**session(self.setup), **cut}, data=True)

    def _untold(self, told: bool) -> Fired:
        if told:
            raise ProtocolError("a party is told more than was agreed", whose=self.setup.leader)
        return Fired((Done(Aligned(np.empty(0, np.int64))),))

    @staticmethod
    def _found(rows: NDArray[np.int64]) -> tuple[Effect, Effect]:
        """Whoever has no row of the intersection has nothing to go on with."""
        note = Note({"intersection_size": len(rows), "rows": rows})
        if not len(rows):
            return note, Abort("refused", NOBODY, code=Code.NOBODY)
        return note, Done(Aligned(rows))

    def _exchanging(self, joining: Joining, exchanges: tuple[Spawn, ...]) -> Fired:
        if self.setup.leads:
            return Fired(exchanges, self.join.keeping(joining))
        hears = self.hear if by_transfer(self.agreement) and alone(self.agreement) else self.wait
        return Fired(exchanges, hears.keeping(Waiting(joining.kappas)))

    def _edges(self, state: Joining, table: Words | None = None) -> tuple[Spawn, ...]:
        sizes, own = state.sizes, (None, state.buckets, table, state.kappas)
        return tuple(Spawn(self._exchange(p), Edge(sizes[self.setup.leader], sizes[p], *own)) for p in self._servers())

    def _exchange(self, server: str) -> str:
        """The instance that leader and server share."""
        return f"{Transfer.kind if by_transfer(self.agreement) else OprfExchange.kind}.{server}"

    def _servers(self) -> tuple[str, ...]:
        return self.agreement.others if self.setup.leads else (self.me,)
