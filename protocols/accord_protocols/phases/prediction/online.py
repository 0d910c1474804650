"""Online prediction: the requester asks for rows by their ids, request by request, until it says that it was the last.

Nothing is aligned: the others learn which ids are asked for. What one of them does not have it says, and sends nothing
of it; the masks of all others with it then hide their parts of that row. By boosted trees all walk in shares: that of a
party which lacks a row stays with it, and without it the others' are random numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from accord_protocols.kernel.effects import Compute, Done, Fields, Note, Send, Spawn
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine
from accord_protocols.kernel.transition import Draw, Fired, Needs, nothing, transition
from accord_protocols.model.any import AnyPart
from accord_protocols.model.part import ModelPart
from accord_protocols.model.trees import TreesPart
from accord_protocols.phases.prediction.ascent import Climbed, Climbing, learned, rounded
from accord_protocols.phases.prediction.branch import Branch, Branched, Branching
from accord_protocols.phases.prediction.climb import Climb
from accord_protocols.phases.prediction.predict import SCORES, Predicted, agreed_part, opened, share, valued
from accord_protocols.primitives.vectors import Vector
from accord_protocols.tasks.results.training import Found, Scored
from accord_schemas.address import SELF, Address
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Answered, Ask, Event, Last

OWN, STOP = "own", "stop"
"""Steps at which the requester's people say what they want, numbered from 0."""
_BEYOND = "more ids were asked for than was agreed"
AGAIN = "a row was asked for a second time"
Answers = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True, repr=False)
class Open:
    """What serving begins with: the secret with each peer, and the own part of the model as it stands in its file."""

    kappas: Mapping[str, bytes]
    model: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Rooting:
    """The same, while transfers are prepared."""

    open: Open
    part: TreesPart


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
        branched: Of boosted trees, where splits are, and transfers with everybody.
        before: Of boosted trees, own rows that were asked for, and at the requester their predictions where all have
            them. A score is opened once: each time, other bits of it would be left out.
    """

    open: Open
    part: AnyPart
    number: int = 0
    sent: int = 0
    ids: int = 0
    answers: Answers = ()
    branched: Branched | None = None
    before: Mapping[int, float | None] = field(default_factory=dict)


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
        if isinstance(part, TreesPart):
            return Fired((Spawn(Branch.kind, Branching(state.model)),), self.branched.keeping(Rooting(state, part)))
        return self._on(Serving(state, part))

    @transition(Rooting, lambda self, _: [self.done(Branch.kind)])
    def branched(self, state: Rooting, inputs: Inputs, draw: Draw) -> Fired:
        """Everybody knows whose splits are where, and transfers are prepared."""
        return self._on(Serving(state.open, state.part, branched=inputs.ended(Branched, Branch.kind)))

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
        if isinstance(state.at.part, TreesPart):
            return self._walk(state, rows)
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
        z, told = self._scores(at, inputs), inputs.events(Answered)
        assert isinstance(at.part, ModelPart)
        everywhere = _everywhere(told, len(z))
        values = opened(at.part, z, {party: event.shares for party, event in told.items()})
        found = np.zeros(len(state.rows), bool)
        found[state.rows >= 0] = everywhere
        looking = replace(state.looking, at=replace(at, sent=at.sent + 1))
        return self._answered(looking, found, values[everywhere])

    def _walk(self, state: Looking, rows: NDArray[np.int64]) -> Fired:
        """By boosted trees: ask for what the own file has, but for rows that were asked for before."""
        first = {row: identifier for identifier, row in zip(state.ids[::-1], rows[::-1].tolist(), strict=True)}
        fresh = _fresh(state.at, rows)
        if not fresh:
            return self._remembered(state, rows)
        ask = Send(f"ask.{state.at.sent}", self.setup.peers, Ask(ids=[first[row] for row in fresh]))
        return Fired((ask, self._climb(state.at, np.array(fresh))), self.gather.keeping(Valuing(state, rows)))

    def _remembered(self, state: Looking, rows: NDArray[np.int64]) -> Fired:
        """Answer by what is known of rows."""
        values = [state.at.before.get(row) for row in rows.tolist()]
        found = np.array([value is not None for value in values])
        return self._answered(state, found, np.array([value for value in values if value is not None]))

    @transition(
        Valuing,
        lambda self, state: [
            self.done(self._climbed(state)),
            *(self.at(f"answered.{state.looking.at.sent}", party) for party in self.setup.peers),
        ],
    )
    def gather(self, state: Valuing, inputs: Inputs, draw: Draw) -> Fired:
        """The same of boosted trees: add up all shares."""
        at, climbed = self._climbs(state, inputs)
        told = inputs.events(Answered)
        assert isinstance(at.part, TreesPart)
        everywhere = _everywhere(told, len(climbed.shares))
        shares = {party: event.shares for party, event in told.items()}
        scores = learned(climbed.shares, shares, len(self.agreement.parties))
        values = valued(at.part, np.where(everywhere, scores, 0.0)).tolist()
        fresh = zip(_fresh(at, state.rows), values, everywhere.tolist(), strict=True)
        before = {**at.before, **{row: value if known else None for row, value, known in fresh}}
        looking = replace(state.looking, at=replace(at, sent=at.sent + 1, before=before))
        return self._remembered(looking, state.rows)

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
        if isinstance(state.at.part, TreesPart):
            if len(_fresh(state.at, rows)) < int((rows >= 0).sum()):
                raise ProtocolError(AGAIN, whose=self.setup.leader)
            return Fired((asked, self._climb(state.at, rows)), self.tell.keeping(Valuing(state, rows)))
        return Fired((asked, self._score(state, rows)), self.answer.keeping(Valuing(state, rows)))

    @transition(Valuing, lambda self, state: [self.job(f"scored.{state.looking.at.number}")])
    def answer(self, state: Valuing, inputs: Inputs, draw: Draw) -> Fired:
        """Send masked scores of what is known."""
        at, known = state.looking.at, state.rows >= 0
        z = np.zeros(len(known))
        z[known] = self._scores(at, inputs)
        assert isinstance(at.part, ModelPart)
        shares = share(self, z, at.part.shift, at.open.kappas, f"online.{at.number}")
        return self._answer(at, known, shares)

    @transition(Valuing, lambda self, state: [self.done(self._climbed(state))])
    def tell(self, state: Valuing, inputs: Inputs, draw: Draw) -> Fired:
        """The same of boosted trees: open the own shares, without their last bits."""
        at, climbed = self._climbs(state, inputs)
        at = replace(at, before={**at.before, **dict.fromkeys(_fresh(at, state.rows))})
        return self._answer(at, state.rows >= 0, rounded(climbed.shares, len(self.agreement.parties)))

    def _answer(self, at: Serving, known: NDArray[np.bool], shares: NDArray[np.uint64]) -> Fired:
        shares = np.where(known[:, None], shares, np.zeros_like(shares))
        event = Answered(known=known.astype(np.uint8).tobytes(), shares=shares.reshape(-1, SCORES.words))
        send = Send(f"answered.{at.sent}", [self.setup.leader], event)
        return self._on(replace(at, sent=at.sent + 1), len(known), send)

    # ---- both

    def _climbed(self, state: Valuing) -> str:
        return f"{Climb.kind}.{state.looking.at.sent}"

    def _climb(self, at: Serving, rows: NDArray[np.int64]) -> Spawn:
        assert at.branched is not None
        return Spawn(f"{Climb.kind}.{at.sent}", Climbing(rows, at.open.model, at.branched))

    def _climbs(self, state: Valuing, inputs: Inputs) -> tuple[Serving, Climbed]:
        """What a climb ended with, and what it has used of the transfers."""
        at, climbed = state.looking.at, inputs.ended(Climbed, self._climbed(state))
        assert at.branched is not None
        return replace(at, branched=replace(at.branched, ends=climbed.ends)), climbed

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


def _everywhere(told: Mapping[str, Answered], count: int) -> NDArray[np.bool]:
    """Which ids of a request all others know.

    Raises:
        ProtocolError: One says so of more or fewer ids.
    """
    found = np.ones(count, bool)
    for party, event in told.items():
        known = np.frombuffer(event.known, np.uint8)
        if known.shape != found.shape or (known > 1).any():
            raise ProtocolError("an answer is not of the agreed shape", whose=party)
        found &= known.astype(bool)
    return found


def _fresh(at: Serving, rows: NDArray[np.int64]) -> list[int]:
    """Rows that were not asked for before, each once."""
    return [row for row in dict.fromkeys(rows.tolist()) if row >= 0 and row not in at.before]
