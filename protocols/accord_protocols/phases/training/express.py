"""Linear and ridge regression at `express`: one pass over the rows, and everything else on shares of second moments.

As `accord_protocols.phases.training.closed.machine`, with other stages, and two rounds: after the first one the label
holder chooses a penalty, by cross-validation if there is one, after the second it says how large the residuals are.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np

from accord_protocols.closed.script import spreading
from accord_protocols.closed.shape import W_BITS
from accord_protocols.express.script import choosing, solving
from accord_protocols.kernel.effects import Effect, Note, Reach, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Setup
from accord_protocols.kernel.transition import Draw, Fired, transition
from accord_protocols.phases.training.closed.machine import Closed
from accord_protocols.phases.training.closed.states import Following, Holder, Owning
from accord_protocols.phases.training.masking import heard
from accord_protocols.primitives.sharing import RING
from accord_protocols.tasks.results.training import Staged
from accord_schemas.address import Address
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Chosen, Event, Shares, Verdict

NEAR = 1e-2
"""How far the trace of H·Y may be from m before the last step: that one squares what is missing of each direction."""
ILL = (
    "The equations were not solved to the full precision: columns of several parties are nearly combinations of each "
    "other. Set a larger train.l2, or leave such columns out."
)


class Express(Closed):
    """One instance, at everybody."""

    kind = "express"
    tasks = "express"
    says: ClassVar[dict[str, type[Event]]] = {**Closed.says, "chosen": Chosen}
    goes: ClassVar[dict[str, Goes]] = {**Closed.goes, "chosen": Goes.ALL}

    @classmethod
    def expected(cls, setup: Setup, qualifier: str) -> bool:
        """At this level alone."""
        return not qualifier and setup.agreement.train is not None and setup.agreement.train.protection == "express"

    @transition(Holder, lambda self, _: [self.job("assembled")])
    def begin(self, state: Holder, inputs: Inputs, draw: Draw) -> Fired:
        """Set out for the second moments."""
        bag = {**inputs.result(Staged, self.job("assembled")).kept, "label": self._label(state.at)}
        stages = solving(state.shape, self.train.folds, self.train.penalties)
        return self._staged(replace(state, bag=bag, script=tuple(stages)))

    def _staged(self, state: Holder, *effects: Effect) -> Fired:
        """Wait for what the next stage hears; after the last one the label holder decides."""
        if state.place < len(state.script):
            return Fired(effects, self.hear.keeping(state))
        if self.setup.labelled:
            return Fired(effects, self.decide.keeping(state))
        send = Send(f"figures.{state.at.number}", [self.setup.leader], Shares(values=self._figures(state)))
        return Fired((*effects, send), self.go.keeping(state))

    def _figures(self, state: Holder) -> np.ndarray:
        """What the label holder opens: the errors of cross-validation, then those of the model and a check."""
        opens = self.train.folds or state.at.number
        return np.ascontiguousarray(state.bag["errors"]) if opens else np.zeros((0, 2), np.uint64)

    # ---- the label holder's decisions

    @transition(Holder, lambda self, state: [self.at(f"figures.{state.at.number}", self.other)])
    def decide(self, state: Holder, inputs: Inputs, draw: Draw) -> Fired:
        """Label holder: choose a penalty; then say how large the residuals are."""
        own, at = self._figures(state), self.at(f"figures.{state.at.number}", self.other)
        theirs = inputs.event(Shares, at).values
        if theirs.shape != own.shape:
            raise ProtocolError("figures are not as agreed", whose=self.other)
        opened = RING.to_ints(RING.add(own, theirs))
        note, event = self._chosen(state, opened) if not state.at.number else self._measured(state, opened)
        send = Send(self._step_of(state.at), self.agreement.order, event)
        return Fired((note, send), self.go.keeping(state))

    def _squares(self, state: Holder, opened: int) -> float:
        """The sum of squared residuals, in the labels' scaled unit."""
        return max(0.0, float(state.bag["squares"]) + opened / 2.0 ** (2 * W_BITS - state.shape.mean_bits))

    def _chosen(self, state: Holder, opened: list[int]) -> tuple[Note, Event]:
        """The penalty of the smallest error; of equal ones, the largest."""
        if not self.train.folds:
            return Note({}), Chosen(l2=self.train.l2)
        unit = 4.0**state.at.given.announced.shift / state.shape.rows
        errors = {l2: self._squares(state, v) * unit for l2, v in zip(self.train.penalties, opened, strict=True)}
        best = min(errors, key=lambda l2: (errors[l2], -l2))
        return Note({"l2_path": {repr(l2): error for l2, error in errors.items()}}), Chosen(l2=best)

    def _measured(self, state: Holder, opened: list[int]) -> tuple[Note, Event]:
        shape, (residual, trace) = state.shape, opened
        freedom = shape.rows - shape.m
        variance = self._squares(state, residual) / freedom if freedom > 0 else 0.0
        solved = abs(trace / 2.0**W_BITS - shape.m) <= NEAR
        event = Verdict(action="tolerance" if solved else "stalled", variance=variance)
        return Note({"warnings": [] if solved else [ILL]}), event

    # ---- what everybody does with them

    def _step_of(self, at: Following) -> str:
        return f"verdict.{at.number}" if at.number else f"chosen.{at.number}"

    def _decision(self, at: Following) -> Address:
        return self.at(self._step_of(at), self.setup.leader)

    def _told(self, at: Following, inputs: Inputs) -> tuple[Following, tuple[Effect, ...]]:
        """Where this party stands after a decision, and what it reports of it."""
        leader, wrong, reached = self.setup.leader, "a decision is not of the agreed form", Reach("round", at.number)
        if not at.number:
            chosen = inputs.event(Chosen, self._decision(at))
            if chosen.l2 not in self.train.penalties:
                raise ProtocolError(wrong, whose=leader)
            return replace(at, number=1, told=heard(at.told, chosen)), (reached, Note({"l2": chosen.l2}))
        verdict = inputs.event(Verdict, self._decision(at))
        if verdict.action not in ("tolerance", "stalled"):
            raise ProtocolError(wrong, whose=leader)
        told = heard(at.told, verdict)
        return replace(at, told=told, variance=verdict.variance, stop=verdict.action), (reached,)

    @transition(Following, lambda self, at: [self._decision(at)])
    def follow(self, state: Following, inputs: Inputs, draw: Draw) -> Fired:
        """Who does not compute: hear both."""
        at, effects = self._told(state, inputs)
        return self._done(at, Owning(at), *effects) if at.stop else Fired(effects, self.follow.keeping(at))

    @transition(Holder, lambda self, state: [self._decision(state.at)])
    def go(self, state: Holder, inputs: Inputs, draw: Draw) -> Fired:
        """Computing party: keep what belongs to the chosen penalty; then the end."""
        at, effects = self._told(state.at, inputs)
        if at.stop:
            return self._ended(replace(state, at=at), *effects)
        chosen = inputs.event(Chosen, self._decision(state.at)).l2
        stages = (choosing(self.train.penalties.index(chosen)), *spreading())
        return self._staged(replace(state, at=at, script=stages, place=0), *effects)
