"""What one row of a collaboration made a party do."""

from __future__ import annotations

from dataclasses import dataclass, field

from accord_protocols.kernel.effects import Fields
from accord_protocols.kernel.engine import Job
from accord_schemas.frame import Frame


@dataclass(frozen=True, slots=True)
class Move:
    """The collaboration reached a state, or another round of training, at a time."""

    time: str
    state: str
    round: int = 0
    loss: float | None = None
    reason: str = ""


@dataclass(slots=True)
class Outcome:
    """What one row made this party do.

    Args:
        event: The frame that the row brought; None for the own command and job results.
    """

    event: Frame | None = None
    frames: list[Frame] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    notes: list[Fields] = field(default_factory=list)
    witnessed: bool = False


def announced(state: str, time: int) -> str:
    """The step at which a party says that it reached a state, for the how-manieth time: no address is used twice."""
    return f"state.{state.lower()}" if time == 1 else f"state.{state.lower()}.{time}"
