"""The machines: tables of transitions and pure functions. No IO, no clock, no randomness of their own."""

from accord_protocols.kernel.machine import Machine
from accord_protocols.kernel.session import Session
from accord_protocols.phases.alignment.gate import Gate
from accord_protocols.phases.alignment.star import Align, Edge
from accord_protocols.phases.keys import Keys
from accord_protocols.phases.training.evaluate import Evaluate
from accord_protocols.phases.training.glm import Train
from accord_protocols.phases.training.offline_paillier import Pads
from accord_protocols.phases.training.prepare import Prepare

ROOT = Session.kind
"""The machine that every collaboration starts with; it starts the others."""

MACHINES: dict[str, type[Machine]] = {
    machine.kind: machine for machine in (Session, Keys, Gate, Align, Edge, Prepare, Pads, Train, Evaluate)
}
