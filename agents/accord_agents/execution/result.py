"""What comes back from a worker: apart from the port, so that a worker starts without the events and their library."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


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
