"""What runs in a worker process: one part of a task at a time. Never outlives its agent."""

from __future__ import annotations

import functools
import multiprocessing
import os
import signal
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accord_agents.intake.snapshot import read_snapshot
from accord_agents.intake.table import Table
from accord_protocols.tasks.registry import TASKS, Context, part, run
from accord_schemas.errors import AccordError, ProtocolError, UsageError


@dataclass(frozen=True, slots=True)
class Order:
    """One part of a job, on its way to a worker.

    Args:
        task: Its name.
        inputs: Fields, cut to this part.
        key: Of its randomness.
        secrets: Keystore entries.
        snapshot: (path, digest) of the party's rows, where the task reads them.
        number: Of the part.
        span: Rows of the part.
    """

    task: str
    inputs: dict[str, Any] = field(repr=False)
    key: bytes = field(repr=False)
    secrets: dict[str, bytes] = field(repr=False)
    snapshot: tuple[str, str] | None
    number: int
    span: slice


@dataclass(frozen=True, slots=True)
class Reply:
    """A part's result, or why there is none: `trigger` says how the collaboration ends."""

    fields: dict[str, Any] = field(default_factory=dict, repr=False)
    secrets: dict[str, bytes] = field(default_factory=dict, repr=False)
    trigger: str = ""
    reason: str = ""
    whose: str = ""


def start() -> None:
    """Called once in a new worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the runner, which tells the agent, which stops us
    threading.Thread(target=_watch, daemon=True).start()


def _watch() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()  # also returns when the agent was killed, which the standard pool's workers survive
        os._exit(1)


def work(order: Order) -> Reply:
    """Do one part."""
    task = TASKS[order.task]
    try:
        table = _table(*order.snapshot) if order.snapshot else None
        context = Context(order.inputs, order.key, order.secrets, table)
        result = run(order.task, part(task, context, order.number, order.span))
    except ProtocolError as error:
        return Reply(trigger="failed", reason=error.message, whose=error.whose or "")
    except UsageError as error:
        return Reply(trigger="refused", reason=str(error))
    except AccordError as error:
        return Reply(trigger="failed", reason=str(error))
    except Exception as error:  # noqa: BLE001 - a fault here must not take the agent and its other work along
        return Reply(trigger="failed", reason=f"the job {order.task} could not be done: {type(error).__name__}")
    return Reply(result.fields, result.secrets)


@functools.lru_cache(maxsize=1)
def _table(path: str, digest: str) -> Table:
    return read_snapshot(Path(path), digest)
