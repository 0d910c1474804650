"""Online prediction: the requester asks for rows by their ids, request by request, until it says that it was the last.

Nothing is aligned: the others learn which ids are asked for. What one of them does not have it says, and sends nothing
of it; the masks of all others with it then hide their parts of that row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from accord_protocols.kernel.effects import Compute, Done, Fields, Note, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine
from accord_protocols.kernel.transition import Draw, Fired, Needs, nothing, transition
from accord_protocols.model.part import ModelPart
from accord_protocols.phases.prediction.predict import SCORES, Predicted, agreed_part, opened, share
from accord_protocols.primitives.vectors import Vector
from accord_protocols.tasks.results.training import Found, Scored
from accord_schemas.address import SELF, Address
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Answered, Ask, Event, Last

OWN, STOP = "own", "stop"
"""Steps at which the requester's people say what they want, numbered from 0."""
_BEYOND = "more ids were asked for than was agreed"
Answers = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True, repr=False)
class Open:
    """What serving begins with: the secret with each peer, and the own part of the model as it stands in its file."""

    kappas: Mapping[str, bytes]
    model: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Serving:
    """Between two requests.

    Args:
        open: What it began with.
        part: The own part of the model.
        number: Of the next request, from 0.
        sent: How many requests the others got: a request for nothing that the requester has is none of them.
        ids: How many were asked for so far.
        answers: At the requester: ids and their predictions.
    """

    open: Open
    part: ModelPart
    number: int = 0
    sent: int = 0
    ids: int = 0
    answers: Answers = ()


@dataclass(frozen=True, slots=True, repr=False)
class Looking:
    """A request, and at the requester all ids of it; own rows are looked up."""

    at: Serving
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Valuing:
    """And the own rows ``(k,)``, -1 where there is none: the others are scored."""

    looking: Looking
    rows: NDArray[np.int64]


class Online(Machine):
    """One instance, at everybody: the requester asks, the others serve."""

    kind = "online"
    says: ClassVar[dict[str, type[Event]]] = {"ask": Ask, "answered": Answered, "last": Last}
    goes: ClassVar[dict[str, Goes]] = {"ask": Goes.ALL, "answered": Goes.LEADER, "last": Goes.ALL}

    @transition(Open, nothing, starts=True)
    def start(self, state: Open, inputs: Inputs, draw: Draw) -> Fired:
        """Wait for a first request."""
        part = agreed_part(self, state.model)
        if not isinstance(part, ModelPart):
            raise ProtocolError("trees predict no single rows", whose=self.me)
        return self._on(Serving(state, part))

    # ---- the requester

    @transition(Serving, lambda self, state: self._said(state.number, OWN, STOP, SELF))
    def ask(self, state: Serving, inputs: Inputs, draw: Draw) -> Fired:
        """Look up the own rows; or say that it was the last request."""
        address, said = inputs.one(dict)
        if address.step.startswith(STOP):
            last = Send(f"last.{state.sent}", self.setup.peers, Last(ids=state.ids))
            values = np.array([value for _, value in state.answers])
            ids = [identifier for identifier, _ in state.answers]
            facts = {"predicted": len(ids), "unmatched": state.ids - len(ids)}
            return Fired((last, Note({"predictions": values, "answered": ids, **facts}), Done(Predicted(state.ids))))
        return self._find(state, tuple(said["ids"]), self.wanted.name)

    @transition(Looking, lambda self, state: [self.job(f"found.{state.at.number}")])
    def wanted(self, state: Looking, inputs: Inputs, draw: Draw) -> Fired:
        """Ask the others for what the own file has, and score it meanwhile."""
        rows = inputs.result(Found, self.job(f"found.{state.at.number}")).rows
        if not (rows >= 0).any():
            return self._answered(state, np.zeros(len(rows), bool), np.zeros(0))
        ids = [identifier for identifier, row in zip(state.ids, rows.tolist(), strict=True) if row >= 0]
        ask = Send(f"ask.{state.at.sent}", self.setup.peers, Ask(ids=ids))
        return Fired((ask, self._score(state, rows)), self.open.keeping(Valuing(state, rows)))

    @transition(
        Valuing,
        lambda self, state: [
            self.job(f"scored.{state.looking.at.number}"),
            *(self.at(f"answered.{state.looking.at.sent}", party) for party in self.setup.peers),
        ],
    )
    def open(self, state: Valuing, inputs: Inputs, draw: Draw) -> Fired:
        """Add up what all have, and predict."""
        at = state.looking.at
        z, own = self._scores(at, inputs), state.rows >= 0
        everywhere = np.ones(len(z), bool)
        told = inputs.events(Answered)
        for party, event in told.items():
            known = np.frombuffer(event.known, np.uint8)
            if known.shape != z.shape or (known > 1).any():
                raise ProtocolError("an answer is not of the agreed shape", whose=party)
            everywhere &= known.astype(bool)
        values = opened(at.part, z, {party: event.shares for party, event in told.items()})
        found = np.zeros(len(own), bool)
        found[own] = everywhere
        looking = replace(state.looking, at=replace(at, sent=at.sent + 1))
        return self._answered(looking, found, values[everywhere])

    def _answered(self, state: Looking, found: NDArray[np.bool], values: Vector) -> Fired:
        """Tell the own people; wait for the next request."""
        rest = iter(values.tolist())
        answer = [next(rest) if known else None for known in found.tolist()]
        new = tuple((i, value) for i, value in zip(state.ids, answer, strict=True) if value is not None)
        note = Note({"answer": {"number": state.at.number, "values": answer}})
        return self._on(replace(state.at, answers=state.at.answers + new), len(state.ids), note)

    # ---- the others

    @transition(Serving, lambda self, state: self._said(state.sent, "ask", "last", self.setup.leader))
    def serve(self, state: Serving, inputs: Inputs, draw: Draw) -> Fired:
        """Look up own rows; or end."""
        _, event = inputs.one(Event)
        if isinstance(event, Last):
            return Fired((Done(Predicted(event.ids)),))
        assert isinstance(event, Ask)
        return self._find(state, tuple(event.ids), self.scored.name)

    @transition(Looking, lambda self, state: [self.job(f"found.{state.at.number}")])
    def scored(self, state: Looking, inputs: Inputs, draw: Draw) -> Fired:
        """Tell the own agent which rows are asked for, and score them; it may refuse before anything is said."""
        rows = inputs.result(Found, self.job(f"found.{state.at.number}")).rows
        asked = Note({"asked": rows[rows >= 0]})
        return Fired((asked, self._score(state, rows)), self.answer.keeping(Valuing(state, rows)))

    @transition(Valuing, lambda self, state: [self.job(f"scored.{state.looking.at.number}")])
    def answer(self, state: Valuing, inputs: Inputs, draw: Draw) -> Fired:
        """Send masked scores of what is known."""
        at, known = state.looking.at, state.rows >= 0
        z = np.zeros(len(known))
        z[known] = self._scores(at, inputs)
        shares = share(self, z, at.part.shift, at.open.kappas, f"online.{at.number}")
        shares = np.where(known[:, None], shares, np.zeros_like(shares))
        event = Answered(known=known.astype(np.uint8).tobytes(), shares=shares.reshape(-1, SCORES.words))
        send = Send(f"answered.{at.sent}", [self.setup.leader], event)
        return self._on(replace(at, sent=at.sent + 1), len(known), send)

    # ---- both

    def _on(self, at: Serving, ids: int = -1, *effects: Note | Send) -> Fired:
        """Wait for the next request, after one of so many ids."""
        if ids >= 0:
            at = replace(at, number=at.number + 1, ids=at.ids + ids)
        return Fired(effects, (self.ask if self.setup.leads else self.serve).keeping(at))

    def _said(self, number: int, one: str, other: str, sender: str) -> Needs:
        return Needs.any(*(Address(self.instance, f"{s}.{number}", sender) for s in (one, other)), patient=True)

    def _find(self, at: Serving, ids: tuple[str, ...], then: str) -> Fired:
        terms = self.agreement.predict
        if terms is None or at.ids + len(ids) > terms.queries:
            raise ProtocolError(_BEYOND, whose=self.setup.leader)
        compute = Compute(f"found.{at.number}", "predict.find", {"ids": list(ids)}, data=True)
        return Fired((compute,), self.table[then].keeping(Looking(at, ids)))

    @staticmethod
    def _score(state: Looking, rows: NDArray[np.int64]) -> Compute:
        fields: Fields = {"rows": rows[rows >= 0], "model": state.at.open.model}
        return Compute(f"scored.{state.at.number}", "predict.scores", fields, data=True)

    def _scores(self, at: Serving, inputs: Inputs) -> Vector:
        return inputs.result(Scored, self.job(f"scored.{at.number}")).scores
