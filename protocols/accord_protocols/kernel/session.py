"""A collaboration from agreement to completion: starts each phase of the job when the one before has ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from accord_protocols.kernel.effects import Effect, Note, Reach, Send, Spawn
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Machine
from accord_protocols.kernel.plan import Brought, Known, Phase
from accord_protocols.kernel.transition import Draw, Fired, transition
from accord_schemas.address import SELF
from accord_schemas.events import Complete, Event


@dataclass(frozen=True, slots=True, repr=False)
class Going:
    """Which phase goes on, by its place in the plan, and what those before it ended with."""

    phase: int
    known: Known


class Session(Machine):
    """The root instance; what the phases are, the job's plan says."""

    kind = "session"
    by_reference = True
    says: ClassVar[dict[str, type[Event]]] = {"complete": Complete}

    def phase(self, number: int) -> Phase:
        """One of the plan."""
        return self.setup.plan.phases[number]

    @transition(None, lambda self, _: [self.at("data", SELF)], starts=True)
    def agreed(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """Everybody has accepted: begin."""
        return self._begin(Going(0, Known().plus(inputs.result(Brought, self.at("data", SELF)))))

    @transition(Going, lambda self, state: [self.done(self.phase(state.phase).machine)])
    def ended(self, state: Going, inputs: Inputs, draw: Draw) -> Fired:
        """A phase has ended: begin the next one, or say that the own result is whole."""
        phase = self.phase(state.phase)
        known = state.known.plus(inputs.ended(object, phase.machine))
        count = phase.rounds.count(known) if phase.rounds else 0
        reached = (Reach(phase.trigger, count),) if phase.reaches else ()
        if state.phase + 1 < len(self.setup.plan.phases):
            return self._begin(Going(state.phase + 1, known), *reached)
        send = Send("complete", self.agreement.order, self.setup.plan.complete(known))
        return Fired((*reached, send), self.completed.keeping(None))

    @transition(None, lambda self, _: [self.at("complete", p) for p in self.agreement.order])
    def completed(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """Everybody has a result."""
        digests = {party: event.model for party, event in inputs.events(Complete).items() if event.model}
        return Fired((Note({"model_digest": digests}), Reach("completed")))

    def _begin(self, going: Going, *effects: Effect) -> Fired:
        phase = self.phase(going.phase)
        return Fired((*effects, Spawn(phase.machine, phase.given(going.known))), self.ended.keeping(going))
