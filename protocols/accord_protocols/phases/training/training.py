"""A training at the agreed level of protection: one instance at everybody, which starts that level's machine."""

from __future__ import annotations

from accord_protocols.kernel.effects import Done, Spawn
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Machine
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.phases.training.levels import level_of
from accord_protocols.phases.training.states import Given, Trained


class Training(Machine):
    """One instance, at everybody."""

    kind = "training"
    by_reference = True

    @property
    def level(self) -> str:
        """The instance that trains."""
        return level_of(self.agreement).machine.kind

    @transition(Given, nothing, starts=True)
    def start(self, state: Given, inputs: Inputs, draw: Draw) -> Fired:
        """Start it."""
        return Fired((Spawn(self.level, state),), self.end.keeping(None))

    @transition(None, lambda self, _: [self.done(self.level)])
    def end(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """What it ended with."""
        return Fired((Done(inputs.ended(Trained, self.level)),))
