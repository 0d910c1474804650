"""Joint prediction of the common rows of new files, by a model that the parties have trained before.

Each party scores its own columns by its own part of the model. The others send theirs under masks that cancel in the
requester's sum; with two parties there is nobody to mask against. The requester adds its own and inverts the link.
Boosted trees are walked in shares (`climb`), or at `paths` in the open (`descend`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from accord_protocols.kernel.effects import Compute, Done, Note, Send, Spawn
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.links.link import Link
from accord_protocols.links.registry import LINKS
from accord_protocols.model.any import AnyPart, read
from accord_protocols.model.part import ModelPart
from accord_protocols.model.trees import OBJECTIVES as FAMILY
from accord_protocols.model.trees import TreesPart
from accord_protocols.phases.prediction.ascent import Climbed, Climbing, learned, rounded
from accord_protocols.phases.prediction.branch import Branch, Branched, Branching
from accord_protocols.phases.prediction.climb import Climb
from accord_protocols.phases.prediction.descend import Descend, Descended, Descending
from accord_protocols.phases.training.masking import masked
from accord_protocols.phases.training.sizes import SCORE_BITS
from accord_protocols.primitives.ring import Ring
from accord_protocols.primitives.vectors import Vector
from accord_protocols.tasks.results.training import Scored
from accord_schemas.canonical import digest
from accord_schemas.errors import ProtocolError, UsageError
from accord_schemas.events import Event, Scores

SCORES = Ring(64)
LARGEST = 600.0
"""Where a prediction grows with e^u, a score beyond this counts as this: what it gives is a finite float."""
_STEP = "scores"


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """What prediction begins with.

    Args:
        rows: Own rows that all parties have, ``(k,) int64``, in the common order.
        ids: How many ids each party brought.
        kappas: The secret with each peer, 32 bytes.
        model: The own part of the model, as it stands in its file.
    """

    rows: NDArray[np.int64]
    ids: Mapping[str, int]
    kappas: Mapping[str, bytes]
    model: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Scoring:
    """The same, with the model read."""

    asked: Asked
    part: ModelPart


@dataclass(frozen=True, slots=True, repr=False)
class Growing:
    """What prediction by trees begins with, and the own part of them."""

    asked: Asked
    part: TreesPart


@dataclass(frozen=True, slots=True, repr=False)
class Opening:
    """And the requester's own scores, ``(k,)``."""

    scoring: Scoring
    z: Vector = field(repr=False)


@dataclass(frozen=True, slots=True, repr=False)
class Summing:
    """And the requester's own shares of what rows come to, ``(k,)``."""

    growing: Growing
    shares: NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Predicted:
    """How many rows were predicted."""

    rows: int


class Predict(Machine):
    """One instance, at everybody."""

    kind = "predict"
    says: ClassVar[dict[str, type[Event]]] = {"scores": Scores}
    goes: ClassVar[dict[str, Goes]] = {"scores": Goes.LEADER}

    @transition(Asked, nothing, starts=True)
    def start(self, state: Asked, inputs: Inputs, draw: Draw) -> Fired:
        """Tell the own agent which rows are asked for, and score them; it may refuse before anything is said."""
        part = agreed_part(self, state.model)
        if isinstance(part, TreesPart):
            spawn = Spawn(Branch.kind, Branching(state.model))
            return Fired((Note({"asked": state.rows}), spawn), self.branched.keeping(Growing(state, part)))
        scoring = Scoring(state, part)
        compute = Compute("scored", "predict.scores", {"rows": state.rows, "model": state.model}, data=True)
        return Fired((Note({"asked": state.rows}), compute), self.scored.keeping(scoring))

    @transition(Scoring, lambda self, _: [self.job("scored")])
    def scored(self, state: Scoring, inputs: Inputs, draw: Draw) -> Fired:
        """Send the own scores, masked; or wait for the others'."""
        z = inputs.result(Scored, self.job("scored")).scores
        if self.setup.leads:
            return Fired((), self.open.keeping(Opening(state, z)))
        shares = share(self, z, state.part.shift, state.asked.kappas, "predict")
        return Fired((Send(_STEP, [self.setup.leader], Scores(shares=shares)), self._done(state)))

    @transition(Opening, lambda self, _: [self.at(_STEP, party) for party in self.setup.peers])
    def open(self, state: Opening, inputs: Inputs, draw: Draw) -> Fired:
        """Requester: add up, and predict."""
        told = {sender: event.shares for sender, event in inputs.events(Scores).items()}
        values = opened(state.scoring.part, state.z, told)
        return Fired((self._told(state.scoring.asked, values), self._done(state.scoring)))

    # ---- by boosted trees

    @transition(Growing, lambda self, _: [self.done(Branch.kind)])
    def branched(self, state: Growing, inputs: Inputs, draw: Draw) -> Fired:
        """Everybody knows whose splits are where: walk through them, as was agreed."""
        at, asked = inputs.ended(Branched, Branch.kind), state.asked
        if self.agreement.predict is not None and self.agreement.predict.protection == "paths":
            down = Spawn(Descend.kind, Descending(asked.rows, asked.model, at))
            return Fired((down,), self.descended.keeping(state))
        return Fired((Spawn(Climb.kind, Climbing(asked.rows, asked.model, at)),), self.climbed.keeping(state))

    @transition(Growing, lambda self, _: [self.done(Descend.kind)])
    def descended(self, state: Growing, inputs: Inputs, draw: Draw) -> Fired:
        """The rows' leaves are known to the requester."""
        return self._grown(state, inputs.ended(Descended, Descend.kind).scores)

    @transition(Growing, lambda self, _: [self.done(Climb.kind)])
    def climbed(self, state: Growing, inputs: Inputs, draw: Draw) -> Fired:
        """All have shares of what rows come to: open them to the requester, without their last bits."""
        shares = inputs.ended(Climbed, Climb.kind).shares
        if self.setup.leads:
            return Fired((), self.sum.keeping(Summing(state, shares)))
        event = Scores(shares=rounded(shares, len(self.agreement.parties)))
        return Fired((Send(_STEP, [self.setup.leader], event), Done(Predicted(len(state.asked.rows)))))

    @transition(Summing, lambda self, _: [self.at(_STEP, party) for party in self.setup.peers])
    def sum(self, state: Summing, inputs: Inputs, draw: Draw) -> Fired:
        """Requester: add up."""
        told = {sender: event.shares for sender, event in inputs.events(Scores).items()}
        return self._grown(state.growing, learned(state.shares, told, len(self.agreement.parties)))

    def _grown(self, state: Growing, scores: Vector) -> Fired:
        done = Done(Predicted(len(state.asked.rows)))
        if not self.setup.leads:
            return Fired((done,))
        return Fired((self._told(state.asked, valued(state.part, scores)), done))

    def _told(self, asked: Asked, values: Vector) -> Note:
        facts = {"predicted": len(values), "unmatched": asked.ids[self.me] - len(values)}
        return Note({"predictions": values, **facts})

    def _done(self, state: Scoring) -> Done:
        return Done(Predicted(len(state.asked.rows)))


def agreed_part(machine: Machine, model: bytes) -> AnyPart:
    """A party's own part of the model, if it is the one that the agreement names.

    Raises:
        ProtocolError: It is another one; the party itself is at fault.
    """
    terms, me = machine.agreement.predict, machine.me
    try:
        part = read(model)
    except UsageError as error:
        raise ProtocolError("a model is not of the agreed form", whose=me) from error
    if terms is None or (part.party, part.model, part.digest) != (me, terms.model, terms.models.get(me)):
        raise ProtocolError("a model is not the agreed one", whose=me)
    return part


def share(machine: Machine, z: Vector, shift: int, kappas: Mapping[str, bytes], label: str) -> NDArray[np.uint64]:
    """Own scores ``(k,)`` as ring elements ``(k, 1)`` under masks that cancel in the leader's sum.

    Args:
        machine: Whose.
        z: In the labels' unit.
        shift: Of the model; what travels is a multiple of 2^(shift - `SCORE_BITS`).
        kappas: The secrets with the peers.
        label: Of the masks, another one for every vector.

    Raises:
        ProtocolError: A score is out of range.
    """
    scaled = np.ldexp(z, -shift)
    if not np.abs(scaled).max(initial=0.0) < 2.0**32 / len(machine.agreement.parties):
        raise ProtocolError("a prediction is out of range", whose=machine.me)
    values, told = SCORES.from_fixed(scaled, SCORE_BITS), digest(b"accord predict", machine.setup.sid)
    return masked(SCORES, values, machine.me, kappas, machine.setup.leader, label, told)


def opened(part: ModelPart, z: Vector, told: Mapping[str, NDArray[np.uint64]]) -> Vector:
    """Predictions ``(k,)`` from the requester's own scores ``(k,)`` and what the others sent, by party.

    Raises:
        ProtocolError: What one sent is of another shape.
    """
    total = np.zeros((len(z), SCORES.words), np.uint64)
    for sender, shares in told.items():
        if shares.shape != total.shape:
            raise ProtocolError("scores are not of the agreed shape", whose=sender)
        total = SCORES.add(total, shares)
    u: Vector = np.ldexp(total[:, 0].view(np.int64) * 2.0**-SCORE_BITS, part.shift) + z
    return inverted(LINKS[part.model], u)


def valued(part: TreesPart, scores: Vector) -> Vector:
    """Predictions ``(k,)`` of the party that has the trees, from what these come to, in the labels' unit ``(k,)``."""
    start, unit = part.start or 0.0, part.unit or 0
    return inverted(LINKS[FAMILY[part.objective]], start + np.ldexp(scores, unit))


def inverted(link: Link, u: Vector) -> Vector:
    """What is expected of labels, ``(k,)``, by scores."""
    return link.predictions(u if link.quadratic else np.clip(u, -LARGEST, LARGEST), 0.0, 0)
