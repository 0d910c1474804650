"""What runs jobs, whatever it is made of: processes of this machine, or another party's own cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from accord_agents.execution.blobs import BlobStore
from accord_protocols.kernel.effects import Compute


def _silent(_part: int, _of: int) -> None:
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
    """

    key: bytes = field(repr=False)
    secrets: Mapping[str, bytes] = field(repr=False)
    snapshot: tuple[str, str] | None
    rows: int
    blobs: BlobStore | None = None
    done: Callable[[int, int], None] = _silent


@dataclass(frozen=True, slots=True)
class TaskResult:
    """A job's result, large numbers as blobs; or why there is none: `trigger` says how the collaboration ends.

    `reason` is one of few fixed ones and is said to everybody; `detail`, with numbers and paths, is for the own people.
    """

    fields: dict[str, Any] = field(default_factory=dict, repr=False)
    secrets: dict[str, bytes] = field(default_factory=dict, repr=False)
    trigger: str = ""
    reason: str = ""
    whose: str = ""
    detail: str = ""


def undone(task: str, detail: str) -> TaskResult:
    """A job that could not be done, by a fault of this party's."""
    return TaskResult(trigger="failed", reason=f"the job {task} could not be done", detail=detail)


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
