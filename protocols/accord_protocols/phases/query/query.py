"""Hidden queries: the client asks for keys batch by batch, until its people say that these were the last.

Each batch takes two round trips: the OPRF of its keys, then the questions. The ids of the client's file come first;
what its people ask for while the collaboration lives comes after them, in the order in which they ask.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from accord_protocols.kernel.effects import Compute, Done, Effect, Fields, Note, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine
from accord_protocols.kernel.transition import Draw, Fired, Needs, nothing, transition
from accord_protocols.phases.alignment.oprf import oprf_of
from accord_protocols.phases.query.database import Prepared, layout_of, server, session, sizes
from accord_protocols.primitives.pir.cells import unpack
from accord_protocols.tasks.results.common import Numbers
from accord_protocols.tasks.results.queries import THERE, UNREADABLE, Questions, Read, Summed
from accord_schemas.address import SELF, Address
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Blinded, Event, Last, Question, Receipt, Reply, Signed

OWN, STOP = "own", "stop"
"""Steps at which the client's people say what they want, numbered from 0."""
BATCH = 32
"""Keys of a batch, at most: the public matrix is made once for all of them, and the table read once."""
_BEYOND = "more keys were asked for than was agreed"
_BAD = "a question is not of the agreed form"
_BAD_ANSWER = "an answer is not of the agreed form"
_BAD_RECEIPT = "a receipt is not of the number of questions"
Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, repr=False)
class Open:
    """What asking begins with: table or hint, and how many ids the own file has."""

    prepared: Prepared
    rows: int


@dataclass(frozen=True, slots=True, repr=False)
class Serving:
    """Between two batches.

    Args:
        open: What it began with.
        number: Of the next batch, from 0.
        questions: Keys that were asked for.
        words: At the client, how often its people asked.
        named: At the client, ids that they named.
        read: At the client, what was answered, by batches.
    """

    open: Open
    number: int = 0
    questions: int = 0
    words: int = 0
    named: tuple[str, ...] = ()
    read: tuple[Read, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Asking:
    """A batch at the client.

    Args:
        at: What was before.
        first: Its first id: of the file, or of those that the own people named this time.
        count: How many ids it has.
        key: From which blinding, secrets and errors follow.
        ids: What they named this time; None while the file is asked for.
        masks: What makes secrets and errors those of one question.
        tags: The OPRF of its keys, ``(count, 32)``.
    """

    at: Serving
    first: int
    count: int
    key: bytes
    ids: tuple[str, ...] | None = None
    masks: bytes = b""
    tags: Bytes | None = None

    @property
    def wanted(self) -> Fields:
        """The batch, as tasks are told of it."""
        if self.ids is None:
            return {"first": self.first, "count": self.count}
        return {"ids": list(self.ids[self.first : self.first + self.count])}


@dataclass(frozen=True, slots=True, repr=False)
class Answering:
    """A batch at the server: how many keys it asks for."""

    at: Serving
    count: int


@dataclass(frozen=True, slots=True, repr=False)
class Queried:
    """How many keys were asked for."""

    questions: int


class Query(Machine):
    """One instance, at both: the client asks, the server answers, neither learns more than that."""

    kind = "query"
    by_reference = True
    says: ClassVar[dict[str, type[Event]]] = {
        "blinded": Blinded,
        "signed": Signed,
        "question": Question,
        "reply": Reply,
        "last": Last,
        "receipt": Receipt,
    }
    goes: ClassVar[dict[str, Goes]] = {
        "blinded": Goes.ALL,
        "signed": Goes.LEADER,
        "question": Goes.ALL,
        "reply": Goes.LEADER,
        "last": Goes.ALL,
    }

    @transition(Open, nothing, starts=True)
    def start(self, state: Open, inputs: Inputs, draw: Draw) -> Fired:
        """Client: ask for the own file. Server: wait for a first batch."""
        return self._go_on(Serving(state), draw)

    # ---- the client

    @transition(Serving, lambda self, state: self._said(state.words, OWN, STOP, SELF))
    def ask(self, state: Serving, inputs: Inputs, draw: Draw) -> Fired:
        """Ask for what the own people named; or say that there is no more."""
        address, said = inputs.one(dict)
        if address.step.startswith(STOP):
            last = Send(f"last.{state.number}", self.setup.peers, Last(ids=state.questions))
            return self._receipt(state, last, self._learned(state))
        ids = tuple(said["ids"])
        at = replace(state, words=state.words + 1, named=state.named + ids)
        return self._batch(at, ids, 0, draw) if ids else self._go_on(at, draw, self._answer(at, ids))

    @transition(Asking, lambda self, state: [self.job(f"blinded.{state.at.number}")])
    def blind(self, state: Asking, inputs: Inputs, draw: Draw) -> Fired:
        """Send the blinded keys."""
        numbers = inputs.result(Numbers, self.job(f"blinded.{state.at.number}")).numbers
        send = Send(f"blinded.{state.at.number}", self.setup.peers, Blinded(numbers=numbers))
        return Fired((send,), self.mask.keeping(state))

    @transition(Asking, lambda self, state: [self.at(f"signed.{state.at.number}", server(self.agreement))])
    def mask(self, state: Asking, inputs: Inputs, draw: Draw) -> Fired:
        """Where their values stand is known: make questions, with fresh secrets and errors."""
        signed = inputs.event(Signed, self.at(f"signed.{state.at.number}", server(self.agreement)))
        if signed.numbers.shape != (state.count, self.width):
            raise ProtocolError(_BAD_ANSWER, whose=server(self.agreement))
        masks = draw.key("masks")
        fields = {**self.terms(state), "numbers": signed.numbers, "salts": state.at.open.prepared.salts, "masks": masks}
        compute = Compute(f"asked.{state.at.number}", "query.ask", fields, key=state.key, data=True)
        return Fired((compute,), self.question.keeping(replace(state, masks=masks)))

    @transition(Asking, lambda self, state: [self.job(f"asked.{state.at.number}")])
    def question(self, state: Asking, inputs: Inputs, draw: Draw) -> Fired:
        """Send them."""
        made = inputs.result(Questions, self.job(f"asked.{state.at.number}"))
        send = Send(f"question.{state.at.number}", self.setup.peers, Question(vectors=made.vectors))
        return Fired((send,), self.read.keeping(replace(state, tags=made.tags)))

    @transition(Asking, lambda self, state: [self.at(f"reply.{state.at.number}", server(self.agreement))])
    def read(self, state: Asking, inputs: Inputs, draw: Draw) -> Fired:
        """Read what was answered."""
        prepared = state.at.open.prepared
        reply = inputs.event(Reply, self.at(f"reply.{state.at.number}", server(self.agreement)))
        if reply.sums.shape != (state.count, layout_of(self.agreement, prepared.keys).answer):
            raise ProtocolError(_BAD_ANSWER, whose=server(self.agreement))
        fields = {**self.terms(state), "tags": state.tags, "hint": prepared.hint, "sums": reply.sums}
        fields |= {"masks": state.masks, "columns": len(self.columns)}
        compute = Compute(f"read.{state.at.number}", "query.read", fields, key=state.key)
        return Fired((compute,), self.keep.keeping(state))

    @transition(Asking, lambda self, state: [self.job(f"read.{state.at.number}")])
    def keep(self, state: Asking, inputs: Inputs, draw: Draw) -> Fired:
        """Keep it; tell the own people once all that they named was answered."""
        read, at = inputs.result(Read, self.job(f"read.{state.at.number}")), state.at
        at = replace(at, number=at.number + 1, questions=at.questions + state.count, read=(*at.read, read))
        if state.ids is None:
            return self._go_on(at, draw)
        end = state.first + state.count
        return (
            self._batch(at, state.ids, end, draw)
            if end < len(state.ids)
            else self._go_on(at, draw, self._answer(at, state.ids))
        )

    def _batch(self, at: Serving, ids: tuple[str, ...] | None, first: int, draw: Draw) -> Fired:
        """Blind the next keys of the file, or of what was named."""
        end = at.open.rows if ids is None else len(ids)
        batch = Asking(at, first, min(BATCH, end - first), draw.key("batch"), ids)
        if at.questions + batch.count > self.most:
            raise ProtocolError(_BEYOND, whose=self.me)
        compute = Compute(f"blinded.{at.number}", "query.blind", self.terms(batch), key=batch.key, data=True)
        return Fired((compute,), self.blind.keeping(batch))

    def _answer(self, at: Serving, ids: tuple[str, ...]) -> Note:
        """What the own people named this time: ``true`` or ``false``, and the cells."""
        found = [*self._found(at)]
        values = [self._row(known, value) for known, value in found[len(found) - len(ids) :]]
        return Note({"answer": {"number": at.words - 1, "values": values}})

    def _learned(self, at: Serving) -> Note:
        """All answers: of the ids of the file in their order, then of those that were named."""
        read = [*self._found(at)]
        rows, odd = [self._row(known, value) for known, value in read], sum(known == UNREADABLE for known, _ in read)
        found = sum(known == THERE for known, _ in read)
        warnings = [f"{self.me}: {odd} values are not of the agreed form, and count as not found."] if odd else []
        fields = {"found": found, "named": list(at.named), "answers": rows, "columns": list(self.columns)}
        return Note({**fields, "warnings": warnings})

    @staticmethod
    def _found(at: Serving) -> Iterator[tuple[int, bytes]]:
        for read in at.read:
            yield from zip(read.found.tolist(), map(bytes, read.values), strict=True)

    def _row(self, known: int, value: bytes) -> list[str]:
        if known != THERE:
            return ["false", *[""] * len(self.columns)]
        return ["true", *unpack(value, len(self.columns))]

    # ---- the server

    @transition(Serving, lambda self, state: self._said(state.number, "blinded", "last", self.setup.leader))
    def serve(self, state: Serving, inputs: Inputs, draw: Draw) -> Fired:
        """Evaluate the blinded keys, as many as were agreed and no more; or end."""
        _, event = inputs.one(Event)
        if isinstance(event, Last):
            return self._receipt(state)
        assert isinstance(event, Blinded)
        count, width = event.numbers.shape
        if not 1 <= count <= BATCH or width != self.width:
            raise ProtocolError(_BAD, whose=self.setup.leader)
        if state.questions + count > self.most:
            raise ProtocolError(_BEYOND, whose=self.setup.leader)
        oprf = oprf_of(self.agreement)
        fields = {"numbers": event.numbers, "peer": self.setup.leader}
        compute = Compute(f"signed.{state.number}", oprf.evaluate, fields, secrets=oprf.secrets)
        return Fired((compute,), self.sign.keeping(Answering(state, count)))

    @transition(Answering, lambda self, state: [self.job(f"signed.{state.at.number}")])
    def sign(self, state: Answering, inputs: Inputs, draw: Draw) -> Fired:
        """Send them."""
        numbers = inputs.result(Numbers, self.job(f"signed.{state.at.number}")).numbers
        send = Send(f"signed.{state.at.number}", [self.setup.leader], Signed(numbers=numbers))
        return Fired((send,), self.multiply.keeping(state))

    @transition(Answering, lambda self, state: [self.at(f"question.{state.at.number}", self.setup.leader)])
    def multiply(self, state: Answering, inputs: Inputs, draw: Draw) -> Fired:
        """Multiply the questions with the table."""
        prepared = state.at.open.prepared
        asked = inputs.event(Question, self.at(f"question.{state.at.number}", self.setup.leader))
        if asked.vectors.shape != (state.count, layout_of(self.agreement, prepared.keys).question):
            raise ProtocolError(_BAD, whose=self.setup.leader)
        fields = {**sizes(self.setup, prepared.keys), "table": prepared.table, "vectors": asked.vectors}
        return Fired((Compute(f"summed.{state.at.number}", "query.answer", fields),), self.reply.keeping(state))

    @transition(Answering, lambda self, state: [self.job(f"summed.{state.at.number}")])
    def reply(self, state: Answering, inputs: Inputs, draw: Draw) -> Fired:
        """Send the products; wait for the next batch."""
        sums, at = inputs.result(Summed, self.job(f"summed.{state.at.number}")).sums, state.at
        send = Send(f"reply.{at.number}", [self.setup.leader], Reply(sums=sums))
        return self._go_on(replace(at, number=at.number + 1, questions=at.questions + state.count), draw, send)

    # ---- both

    @transition(Serving, lambda self, _: [self.at("receipt", party) for party in self.agreement.order])
    def end(self, state: Serving, inputs: Inputs, draw: Draw) -> Fired:
        """Both have signed how many questions there were."""
        for party, receipt in inputs.events(Receipt).items():
            if receipt.questions != state.questions:
                raise ProtocolError(_BAD_RECEIPT, whose=party)
        return Fired((Done(Queried(state.questions)),))

    @property
    def most(self) -> int:
        """Keys that may be asked for."""
        return self.agreement.questions

    @property
    def columns(self) -> tuple[str, ...]:
        """What is asked for."""
        return self.agreement.query.columns if self.agreement.query else ()

    @property
    def width(self) -> int:
        """Bytes of a blinded key."""
        return oprf_of(self.agreement).id_bytes(self.agreement.key_bits)

    def terms(self, batch: Asking) -> Fields:
        """What each task of the client is told."""
        common = {"sid": session(self.setup), "scheme": self.agreement.scheme, "peer": server(self.agreement)}
        return {**sizes(self.setup, batch.at.open.prepared.keys), **common, **batch.wanted}

    def _go_on(self, at: Serving, draw: Draw, *effects: Effect) -> Fired:
        """The next batch of the file; or wait for what is asked next."""
        if self.setup.leads and at.questions < at.open.rows:
            return self._batch(at, None, at.questions, draw)
        return Fired(effects, (self.ask if self.setup.leads else self.serve).keeping(at))

    def _receipt(self, at: Serving, *effects: Effect) -> Fired:
        said = Send("receipt", self.agreement.order, Receipt(questions=at.questions))
        return Fired((*effects, said, Note({"questions": at.questions})), self.end.keeping(at))

    def _said(self, number: int, one: str, other: str, sender: str) -> Needs:
        return Needs.any(*(Address(self.instance, f"{s}.{number}", sender) for s in (one, other)), patient=True)
