"""What comes into an agent's loop, and what it calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from accord_agents.journal.rows import Batch
from accord_broker.port import Delivery
from accord_protocols.kernel.engine import Job
from accord_schemas.address import Address
from accord_schemas.errors import FrameError
from accord_schemas.frame import Frame


@dataclass(slots=True)
class Input:
    """One thing for the loop to take: a delivery, or a call on the dispatcher."""

    delivery: Delivery | None = None
    call: Callable[[str], object] | None = None
    heavy: bool = False

    @property
    def size(self) -> int:
        """Bytes, for the bound on a batch."""
        return len(self.delivery.record.frame) if self.delivery else 0


async def _unheeded(_collaboration: Any, _note: Mapping[str, Any]) -> None:
    """Nobody looks at notes."""


@dataclass(slots=True)
class Hooks:
    """What the service adds: jobs, decisions on proposals, results, progress; who hears that a job's result
    is journaled, who counts what was committed, who compares clocks, who looks at the memory, and who at the notes of
    what was folded before anything follows from it."""

    job: Callable[[str, Job], None]
    proposed: Callable[[Any], None]
    outcome: Callable[[Any, Any], None]
    tick: Callable[[], None]
    ready: Callable[[], None]
    journaled: Callable[[str, Address], None] = lambda cid, job: None
    committed: Callable[[Batch, float], None] = lambda batch, seconds: None
    heard: Callable[[Mapping[str, str]], None] = lambda times: None
    look: Callable[[], None] = lambda: None
    noted: Callable[[Any, Mapping[str, Any]], Awaitable[None]] = _unheeded


def subject_of(data: bytes) -> str:
    """The collaboration that a frame names which came before, or of which the head alone was kept."""
    try:
        return Frame.restore(data, None).header.subject
    except FrameError:
        return ""
