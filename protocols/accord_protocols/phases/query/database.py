"""The server prepares its table, and gives the client what it needs of it before any question."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from accord_protocols.kernel.effects import Compute, Done, Fields, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine, Setup
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.phases.alignment.oprf import oprf_of
from accord_protocols.primitives.pir.layout import Layout
from accord_protocols.primitives.pir.parameters import DIMENSION, WORD
from accord_protocols.primitives.pir.table import SALT
from accord_protocols.tasks.results.alignment import Tagged
from accord_protocols.tasks.results.queries import Built
from accord_schemas.agreement import Agreement
from accord_schemas.canonical import digest
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Event, Hint

_BAD = "a table is not of the announced size"
_TOO_LARGE = "the server's table is too large for the agreed chunks"
Bytes = NDArray[np.uint8]


def server(agreement: Agreement) -> str:
    """Who is asked: the party that does not lead."""
    return agreement.others[0]


def layout_of(agreement: Agreement, keys: int) -> Layout:
    """How a table of so many keys is laid out.

    Raises:
        ProtocolError: It is too large.
    """
    terms = agreement.query
    assert terms is not None, "a hidden query has its section"
    try:
        return Layout.of(keys, terms.width, agreement.limits.chunk_bytes)
    except ValueError:
        raise ProtocolError(_TOO_LARGE, whose=server(agreement)) from None


def sizes(setup: Setup, keys: int) -> Fields:
    """What every task is told: sizes, and what is of this table alone."""
    terms = setup.agreement.query
    assert terms is not None, "a hidden query has its section"
    value, chunk = terms.width, setup.agreement.limits.chunk_bytes
    own = digest(b"accord query setup", setup.sid, *map(str, (keys, value, chunk)))
    return {"keys": keys, "value": value, "chunk": chunk, "setup": own}


def session(setup: Setup) -> bytes:
    """Bound into every hash of the OPRF."""
    return digest(b"accord query oprf", setup.sid)


@dataclass(frozen=True, slots=True, repr=False)
class Announced:
    """How many keys the server has."""

    keys: int


@dataclass(frozen=True, slots=True, repr=False)
class Prepared:
    """What both go on with.

    Args:
        keys: Of the server.
        table: At the server.
        salts: At the client, ``(groups, 16)``.
        hint: At the client, ``(groups · width, 4 · 1408)``.
    """

    keys: int
    table: Bytes | None = None
    salts: Bytes = field(default_factory=lambda: np.empty((0, SALT), np.uint8))
    hint: Bytes | None = None


class Database(Machine):
    """One instance, at both: the server's table, encrypted under an OPRF of its keys, and the client's hint."""

    kind = "database"
    by_reference = True
    says: ClassVar[dict[str, type[Event]]] = {"hint": Hint}
    goes: ClassVar[dict[str, Goes]] = {"hint": Goes.LEADER}

    @transition(Announced, nothing, starts=True)
    def start(self, state: Announced, inputs: Inputs, draw: Draw) -> Fired:
        """Server: tag the own ids. Client: wait for the hint."""
        layout_of(self.agreement, state.keys)
        if self.setup.leads:
            return Fired((), self.take.keeping(state))
        oprf = oprf_of(self.agreement)
        fields = {"sid": session(self.setup)}
        compute = Compute("tagged", oprf.tag, fields, secrets=oprf.secrets, data=True)
        return Fired((compute,), self.build.keeping(state))

    @transition(Announced, lambda self, _: [self.job("tagged")])
    def build(self, state: Announced, inputs: Inputs, draw: Draw) -> Fired:
        """Server: fill the column groups, one after another."""
        tags = inputs.result(Tagged, self.job("tagged")).tags
        groups = np.arange(layout_of(self.agreement, state.keys).groups)
        fields = {**sizes(self.setup, state.keys), "groups": groups, "tags": tags}
        return Fired(
            (Compute("built", "query.build", fields, key=draw.key("build"), data=True),), self.tell.keeping(state)
        )

    @transition(Announced, lambda self, _: [self.job("built")])
    def tell(self, state: Announced, inputs: Inputs, draw: Draw) -> Fired:
        """Server: send the hint."""
        built = inputs.result(Built, self.job("built"))
        send = Send("hint", [self.setup.leader], Hint(salts=built.salts, hint=built.hint))
        warm = Compute("warmed", "query.warm", {"table": built.table})  # nobody waits for it
        return Fired((send, warm, Done(Prepared(state.keys, table=built.table))))

    @transition(Announced, lambda self, _: [self.at("hint", server(self.agreement))])
    def take(self, state: Announced, inputs: Inputs, draw: Draw) -> Fired:
        """Client: keep the hint."""
        given, layout = (
            inputs.event(Hint, self.at("hint", server(self.agreement))),
            layout_of(self.agreement, state.keys),
        )
        shape = (layout.groups * layout.width, DIMENSION * WORD)
        if given.salts.shape != (layout.groups, SALT) or given.hint.shape != shape:
            raise ProtocolError(_BAD, whose=server(self.agreement))
        return Fired((Done(Prepared(state.keys, salts=given.salts, hint=given.hint)),))
