"""An edge: all-but-one transfers for the cells of one party's columns, between the label holder and that party.

Nothing that depends on the holder's choices is said before their check has passed, see `primitives.onehot.cot`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from accord_protocols.kernel.effects import Compute, Done, Fields, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine, Setup
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.primitives.onehot.blocks import ROWS
from accord_protocols.primitives.onehot.cot import CHECK
from accord_protocols.primitives.onehot.ledger import Ledger
from accord_protocols.primitives.onehot.seeds import BITS, GROUPS
from accord_protocols.tasks.onehot import block_bytes
from accord_protocols.tasks.results.alignment import Points as Offered
from accord_protocols.tasks.results.boosting import CellsAnswered, CellsChosen, CellsGrown, CellsKept, CellsLearned
from accord_protocols.tasks.results.common import Bytes, Words
from accord_schemas.blob import loaded
from accord_schemas.canonical import digest
from accord_schemas.errors import ProtocolError
from accord_schemas.events import CellChoices, Event, Levels, Offer

UNFIT = "what was said of the cells of an edge is not of the agreed form"


@dataclass(frozen=True, slots=True, repr=False)
class Opening:
    """What both ends begin with: TRAIN rows, columns of the holder, levels of a half-tree; its bins at the holder."""

    rows: int
    columns: int
    depth: int
    bins: Bytes | None = None

    @property
    def blocks(self) -> int:
        """Of rows."""
        return -(-self.rows // ROWS)


@dataclass(frozen=True, slots=True, repr=False)
class Proposing:
    """The sender, with the key of what it offered."""

    opening: Opening
    key: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Answering:
    """The holder, with its half of the base transfers."""

    opening: Opening
    answered: CellsAnswered


@dataclass(frozen=True, slots=True, repr=False)
class Checking:
    """The sender, with what the holder said."""

    opening: Opening
    said: CellChoices


@dataclass(frozen=True, slots=True, repr=False)
class Accepting:
    """The sender, with Δ and its seeds."""

    ledger: Ledger
    learned: CellsLearned


@dataclass(frozen=True, slots=True, repr=False)
class Merging:
    """The holder, with what it keeps of its own."""

    opening: Opening
    ledger: Ledger
    kept: Words
    answered: CellsAnswered


@dataclass(frozen=True, slots=True, repr=False)
class Linked:
    """What each end keeps of every row, its seeds for further transfers, Δ at the sender, and what the edge has
    used.
    """

    sid: bytes
    cells: Words
    ledger: Ledger
    seeds: Bytes
    exchange: bytes
    delta: Bytes | None = None


class Edge(Machine):
    """``edge.HOLDER``: one for each party but the label holder."""

    kind = "edge"
    by_reference = True
    says: ClassVar[dict[str, type[Event]]] = {"offer": Offer, "cells": CellChoices, "levels": Levels}
    goes: ClassVar[dict[str, Goes]] = {"offer": Goes.INSTANCE, "cells": Goes.LEADER, "levels": Goes.INSTANCE}

    @classmethod
    def expected(cls, setup: Setup, qualifier: str) -> bool:
        """One for each party but the leader."""
        return qualifier in setup.agreement.others

    @property
    def holder(self) -> str:
        """Whose bins are chosen."""
        return self.qualifier

    @property
    def sender(self) -> str:
        """Whose vectors are summed: it has Δ."""
        return self.setup.leader

    @property
    def sid(self) -> bytes:
        """Of this edge in this direction."""
        return digest(b"accord onehot edge", self.setup.sid, self.instance, self.sender, self.holder)

    @property
    def fields(self) -> Fields:
        """Of every task."""
        return {"sid": self.sid, "peer": self.sender if self.me == self.holder else self.holder}

    @transition(Opening, nothing, starts=True)
    def start(self, state: Opening, inputs: Inputs, draw: Draw) -> Fired:
        """Sender: draw Δ. Holder: wait for its offer."""
        if self.me == self.holder:
            return Fired((), self.answer.keeping(state))
        key = draw.key("delta")
        compute = Compute("offered", "onehot.offered", self.fields, key=key)
        return Fired((compute,), self.offer.keeping(Proposing(state, key)))

    @transition(Proposing, lambda self, _: [self.job("offered")])
    def offer(self, state: Proposing, inputs: Inputs, draw: Draw) -> Fired:
        """Sender: send its public keys."""
        event = Offer(points=inputs.result(Offered, self.job("offered")).points)
        return Fired((Send("offer", [self.holder], event),), self.learn.keeping(state))

    @transition(Opening, lambda self, _: [self.at("offer", self.sender)])
    def answer(self, state: Opening, inputs: Inputs, draw: Draw) -> Fired:
        """Holder: make the keys of the base transfers."""
        points = inputs.event(Offer, self.at("offer", self.sender)).points
        if len(points) != BITS:
            raise ProtocolError(UNFIT, whose=self.sender)
        compute = Compute("answered", "onehot.answered", {**self.fields, "points": points}, key=draw.key("answer"))
        return Fired((compute,), self.choose.keeping(state))

    @transition(Opening, lambda self, _: [self.job("answered")])
    def choose(self, state: Opening, inputs: Inputs, draw: Draw) -> Fired:
        """Holder: choose the complement of its bins."""
        answered = inputs.result(CellsAnswered, self.job("answered"))
        fields = {"exchange": answered.exchange, "seeds": answered.seeds, "depth": state.depth, "bins": state.bins}
        compute = Compute("chosen", "onehot.chosen", {**self.fields, **fields}, key=draw.key("cells"))
        return Fired((compute,), self.tell.keeping(Answering(state, answered)))

    @transition(Answering, lambda self, _: [self.job("chosen")])
    def tell(self, state: Answering, inputs: Inputs, draw: Draw) -> Fired:
        """Holder: send its half of the base transfers, and what it chose."""
        answered, chosen = state.answered, inputs.result(CellsChosen, self.job("chosen"))
        event = CellChoices(
            point=answered.point,
            corrections=answered.corrections,
            proofs=answered.proofs,
            nonces=chosen.nonces,
            checks=chosen.checks,
            choices=chosen.choices,
        )
        ledger = Ledger().used(0, _nonces(chosen.nonces))
        send = Send("cells", [self.sender], event)
        return Fired((send,), self.merge.keeping(Merging(state.opening, ledger, chosen.kept, answered)))

    @transition(Proposing, lambda self, _: [self.at("cells", self.holder)])
    def learn(self, state: Proposing, inputs: Inputs, draw: Draw) -> Fired:
        """Sender: learn its half of the base transfers, and see to it that the seeds are consistent."""
        said, at = inputs.event(CellChoices, self.at("cells", self.holder)), state.opening
        rest = at.rows - (at.blocks - 1) * ROWS
        size = (at.blocks - 1) * block_bytes(ROWS, at.columns, at.depth) + block_bytes(rest, at.columns, at.depth)
        shapes = (len(said.point), len(said.corrections), said.proofs.shape, len(said.nonces), said.checks.shape)
        if (*shapes, len(said.choices)) != (1, 2 * BITS, (GROUPS, 64), at.blocks, (at.blocks, CHECK), size):
            raise ProtocolError(UNFIT, whose=self.holder)
        half = {"point": said.point, "corrections": said.corrections, "proofs": said.proofs}
        compute = Compute("learned", "onehot.learned", {**self.fields, **half}, key=state.key)
        return Fired((compute,), self.check.keeping(Checking(at, said)))

    @transition(Checking, lambda self, _: [self.job("learned")])
    def check(self, state: Checking, inputs: Inputs, draw: Draw) -> Fired:
        """Sender: check every block of choices, and grow its cells."""
        learned, at, said = inputs.result(CellsLearned, self.job("learned")), state.opening, state.said
        fields = {
            "exchange": learned.exchange,
            "delta": learned.delta,
            "seeds": learned.seeds,
            "depth": at.depth,
            "rows": at.rows,
            "columns": at.columns,
            "nonces": said.nonces,
            "checks": said.checks,
            "choices": said.choices,
        }
        ledger = Ledger().used(0, _nonces(said.nonces))
        compute = Compute("grown", "onehot.grown", {**self.fields, **fields})
        return Fired((compute,), self.end.keeping(Accepting(ledger, learned)))

    @transition(Accepting, lambda self, _: [self.job("grown")])
    def end(self, state: Accepting, inputs: Inputs, draw: Draw) -> Fired:
        """Sender: every check has passed; tell the holder the sums of its levels."""
        grown = inputs.result(CellsGrown, self.job("grown"))
        send = Send("levels", [self.holder], Levels(blocks=grown.blocks))
        learned = state.learned
        linked = Linked(self.sid, grown.q, state.ledger, learned.seeds, learned.exchange, learned.delta)
        return Fired((send, Done(linked)))

    @transition(Merging, lambda self, _: [self.at("levels", self.sender)])
    def merge(self, state: Merging, inputs: Inputs, draw: Draw) -> Fired:
        """Holder: put together what it keeps."""
        blocks, at = inputs.event(Levels, self.at("levels", self.sender)).blocks, state.opening
        if blocks.shape != (at.rows, at.columns * (at.depth - 1) * 2):
            raise ProtocolError(UNFIT, whose=self.sender)
        fields = {"sid": self.sid, "kept": state.kept, "blocks": blocks, "bins": at.bins, "depth": at.depth}
        compute = Compute("kept", "onehot.kept", fields)
        return Fired((compute,), self.keep.keeping(state))

    @transition(Merging, lambda self, _: [self.job("kept")])
    def keep(self, state: Merging, inputs: Inputs, draw: Draw) -> Fired:
        """Holder: all is there."""
        kept, answered = inputs.result(CellsKept, self.job("kept")).kept, state.answered
        return Fired((Done(Linked(self.sid, kept, state.ledger, answered.seeds, answered.exchange)),))


class Back(Edge):
    """``back.HOLDER``, from who holds the other share of the rows to everybody else, at `shared`."""

    kind = "back"
    goes: ClassVar[dict[str, Goes]] = {"offer": Goes.INSTANCE, "cells": Goes.SECOND, "levels": Goes.INSTANCE}

    @classmethod
    def expected(cls, setup: Setup, qualifier: str) -> bool:
        """One for each party but the sender."""
        return qualifier in setup.agreement.order and qualifier != setup.agreement.second

    @property
    def sender(self) -> str:
        """The holder of the other share."""
        return self.agreement.second


def _nonces(rows: Bytes) -> list[bytes]:
    return [row.tobytes() for row in loaded(rows)]
