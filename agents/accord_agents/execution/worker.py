"""What runs in a worker process: one part of a task at a time. Never outlives its agent."""

from __future__ import annotations

import functools
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from accord_agents.execution.allocator import WORKER, spare, trimmed
from accord_agents.execution.blobs import BlobStore
from accord_agents.execution.parts import Parts
from accord_agents.execution.result import TaskResult, undone
from accord_agents.intake.snapshot import read_snapshot
from accord_agents.intake.table import Table
from accord_protocols.tasks.registry import TASKS, Context, Task, part, run
from accord_schemas.blob import LARGE, Blob
from accord_schemas.blocks import NAMES
from accord_schemas.errors import AccordError, ProtocolError, StorageError, TamperError, UsageError
from accord_schemas.payload import raw


@dataclass(frozen=True, slots=True)
class TaskRequest:
    """One part of a job, on its way to a worker.

    Args:
        task: Its name.
        inputs: Fields, cut to this part.
        key: Of its randomness.
        secrets: Keystore entries.
        snapshot: (path, digest) of the party's rows, where the task reads them.
        number: Of the part.
        span: Rows of the part.
        blobs: Where large numbers of the result go; None leaves them in memory.
        parts: Where the result is kept if it was much work; None keeps it nowhere.
        threads: How many the worker may use.
    """

    task: str
    inputs: dict[str, Any] = field(repr=False)
    key: bytes = field(repr=False)
    secrets: dict[str, bytes] = field(repr=False)
    snapshot: tuple[str, str] | None
    number: int
    span: slice
    blobs: BlobStore | None = None
    parts: Parts | None = None
    threads: int = 1


def start() -> None:
    """Called once in a new worker."""
    spare(WORKER)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the runner, which tells the agent, which stops us
    threading.Thread(target=_watch, daemon=True).start()


def _watch() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()  # also returns when the agent was killed, which the standard pool's workers survive
        os._exit(1)


def ready() -> None:
    """What a worker is asked before there is work. It stands here because a worker loads where its work stands: the
    executor's file knows events."""


_met = set[str]()
"""Tasks that this worker has done."""


def work(order: TaskRequest) -> TaskResult:
    """Do one part. What loading a task took and left, ten MiB or so, is given back after its first time."""
    return done(order, lambda: _table(*order.snapshot) if order.snapshot else None)


def done(order: TaskRequest, rows: Callable[[], Table | None]) -> TaskResult:
    """The same with the party's rows from wherever they are.

    Raises:
        StorageError: There is no space.
        TamperError: What it reads was changed.
    """
    try:
        return _done(order, rows)
    finally:
        if order.task not in _met:
            _met.add(order.task)
            trimmed()


def _done(order: TaskRequest, rows: Callable[[], Table | None]) -> TaskResult:
    task, begun = TASKS[order.task], time.process_time()
    try:
        table = rows()
        inputs = {name: _read(value, order.span, task, name) for name, value in order.inputs.items()}
        context = Context(inputs, order.key, order.secrets, table, threads=order.threads)
        result = run(order.task, part(task, context, order.number, order.span))
        fields = {name: _kept(value, order.blobs) for name, value in result.fields.items()}
        if order.parts is not None and not result.secrets and time.process_time() - begun >= order.parts.worth:
            order.parts.keep(order.number, fields)
    except ProtocolError as error:
        return TaskResult(trigger="failed", reason=error.message, whose=error.whose or "")
    except UsageError as error:
        return TaskResult(trigger="refused", reason="the common rows cannot be used", detail=str(error))
    except (StorageError, TamperError):
        raise  # the agent stops; the collaboration goes on once there is space, or what was damaged is restored
    except AccordError as error:
        return undone(order.task, str(error))
    except Exception as error:  # noqa: BLE001 - a fault here must not take the agent and its other work along
        return undone(order.task, type(error).__name__)
    return TaskResult(fields, result.secrets)


def _read(value: Any, span: slice, task: Task, name: str) -> Any:
    """An input in memory: of a blob that is split, the rows of this part; what the task reads itself stays one."""
    if not isinstance(value, Blob) or name.partition(".")[0] in task.lazy:
        return value
    return value.rows(span) if name in task.split else value.load()


def _kept(value: Any, blobs: BlobStore | None) -> Any:
    if blobs is None or not isinstance(value, np.ndarray) or value.nbytes < LARGE or not value.ndim:
        return value
    with blobs.writer() as writer:
        for start_at in range(0, value.nbytes, LARGE):
            writer.write(memoryview(raw(value))[start_at : start_at + LARGE])
        return Blob(writer.finish(), NAMES[value.dtype], value.shape, blobs)


@functools.lru_cache(maxsize=1)
def _table(path: str, digest: str) -> Table:
    return read_snapshot(Path(path), digest)
