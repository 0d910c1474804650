"""The machines: tables of transitions and pure functions. No IO, no clock, no randomness of their own."""

from accord_protocols.machines.align import Align, Edge
from accord_protocols.machines.core import Machine
from accord_protocols.machines.evaluate import Evaluate
from accord_protocols.machines.gate import Gate
from accord_protocols.machines.keys import Keys
from accord_protocols.machines.pads import Pads
from accord_protocols.machines.prepare import Prepare
from accord_protocols.machines.session import Session
from accord_protocols.machines.train import Train

ROOT = Session.kind
"""The machine that every collaboration starts with; it starts the others."""

MACHINES: dict[str, type[Machine]] = {
    machine.kind: machine for machine in (Session, Keys, Gate, Align, Edge, Prepare, Pads, Train, Evaluate)
}
