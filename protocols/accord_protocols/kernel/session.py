"""A collaboration from agreement to completion: starts each phase of the job when the one before has ended."""

from __future__ import annotations

from typing import ClassVar

from accord_protocols.kernel.machine import (
    Draw,
    Effect,
    Fired,
    Inputs,
    Machine,
    Memory,
    Note,
    Reach,
    Send,
    Spawn,
    transition,
)
from accord_protocols.kernel.plan import Known, Phase
from accord_schemas.address import SELF
from accord_schemas.events import Complete, Event


class Session(Machine):
    """The root instance; what the phases are, the job's plan says."""

    kind = "session"
    says: ClassVar[dict[str, type[Event]]] = {"complete": Complete}

    def phase(self, memory: Memory) -> Phase:
        """The one that goes on."""
        return self.setup.plan.phases[memory["phase"]]

    @transition(lambda self, memory: [self.at("data", SELF)])
    def agreed(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Everybody has accepted: begin."""
        return self._begin(0, Known())

    @transition(lambda self, memory: [self.done(self.phase(memory).machine)])
    def ended(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """A phase has ended: begin the next one, or say that the own result is whole."""
        phase = self.phase(memory)
        known = memory["known"].plus(inputs[self.done(phase.machine)])
        count = phase.rounds.count(known) if phase.rounds else 0
        reached = (Reach(phase.trigger, count),) if phase.reaches else ()
        if memory["phase"] + 1 < len(self.setup.plan.phases):
            return self._begin(memory["phase"] + 1, known, reached)
        send = Send("complete", self.agreement.order, self.setup.plan.complete(known))
        return Fired({}, (*reached, send), "completed")

    @transition(lambda self, memory: [self.at("complete", p) for p in self.agreement.order])
    def completed(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Everybody has a result."""
        digests = {a.sender: event.model for a, event in sorted(inputs.items()) if event.model}
        return Fired({}, (Note({"model_digest": digests}), Reach("completed")))

    def _begin(self, number: int, known: Known, effects: tuple[Effect, ...] = ()) -> Fired:
        memory = {"phase": number, "known": known}
        phase = self.phase(memory)
        return Fired(memory, (*effects, Spawn(phase.machine, phase.given(known))), "ended")
