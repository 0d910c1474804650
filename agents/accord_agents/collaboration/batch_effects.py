"""What a batch of rows made a party do, and a row that could not be taken."""

from __future__ import annotations

from dataclasses import dataclass, field

from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.collaboration.outcome import Outcome
from accord_agents.journal.rows import Row
from accord_schemas.codes import Code
from accord_schemas.frame import Frame


class PoisonError(Exception):
    """A row could not be processed. The collaboration fails; the others live on.

    Args:
        row: Not kept.
        code: Why.
    """

    def __init__(self, row: Row, code: Code = Code.FAULT) -> None:
        super().__init__(f"{row.kind} row of {row.collaboration}")
        self.row, self.code = row, code


@dataclass(slots=True)
class BatchEffects:
    """What the rows of a batch made this party do, besides what the transaction writes."""

    outcomes: list[tuple[Collaboration, Outcome]] = field(default_factory=list)
    proposed: list[Collaboration] = field(default_factory=list)
    repeated: set[str] = field(default_factory=set)
    asides: list[Frame] = field(default_factory=list)
    """Questions to this party and answers, which no journal holds."""
    doubted: set[tuple[str, str]] = field(default_factory=set)
    """Collaborations, and the peers that say to hold more of our events there than we know."""
    moved: bool = False
    times: dict[str, str] = field(default_factory=dict)
    """The newest time that each peer claims in what it said."""
