"""What runs jobs, whatever it is made of: processes of this machine, or another party's own cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from accord_agents.execution.blobs import BlobStore
from accord_agents.execution.parts import Parts
from accord_agents.execution.result import TaskResult
from accord_protocols.kernel.effects import Compute


def _silent(*_counts: int) -> None:
    pass


@dataclass(frozen=True, slots=True)
class TaskResources:
    """What a job gets besides its inputs.

    Args:
        key: Of its randomness, or fresh from the operating system.
        secrets: Keystore entries.
        snapshot: (path, digest) of the rows.
        rows: How many there are.
        blobs: Where its large numbers go; None leaves them in memory.
        done: Told how many of its parts are done, of how many.
        parts: Where those that are done are kept until all are; None keeps none.
        found: Told how many were kept before an agent died, and are not done again.
    """

    key: bytes = field(repr=False)
    secrets: Mapping[str, bytes] = field(repr=False)
    snapshot: tuple[str, str] | None
    rows: int
    blobs: BlobStore | None = None
    done: Callable[[int, int], None] = _silent
    parts: Parts | None = None
    found: Callable[[int], None] = _silent


class Executor(Protocol):
    """Runs jobs. Equal jobs have equal results, whoever runs them, and however often."""

    async def run(self, compute: Compute, supplies: TaskResources) -> TaskResult:
        """A job's result."""
        ...

    def warm(self) -> None:
        """There will be work soon."""

    def processes(self) -> list[int]:
        """Process ids on this machine, whose memory counts as the agent's."""
        ...

    def close(self) -> None:
        """End at once; what is under way is done again after the next start."""
