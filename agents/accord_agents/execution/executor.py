"""Runs jobs in a pool of worker processes. A job's id is its address, so that running it again changes nothing."""

from __future__ import annotations

import asyncio
import functools
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import ParamSpec, TypeVar

from accord_agents.execution.allocator import trimmed
from accord_agents.execution.joining import Joined
from accord_agents.execution.ordered import counted, in_order
from accord_agents.execution.parts import Parts
from accord_agents.execution.port import TaskResources
from accord_agents.execution.result import TaskResult, undone
from accord_agents.execution.room import Room
from accord_agents.execution.worker import TaskRequest, ready, start, work
from accord_protocols.kernel.effects import Compute
from accord_protocols.tasks.registry import TASKS, cut, spans
from accord_schemas.address import Address
from accord_schemas.blob import Blob

P = ParamSpec("P")
T = TypeVar("T")
ATTEMPTS = 3
"""A job that breaks the pool this often fails its collaboration, and only that."""
QUEUED = 2
"""Parts of one job that are under way for each worker: what is done waits in memory for the parts before it."""
LONG = 12
"""Parts from which on a job is worth the start of further workers, a third of a second each; of a heavy one two are."""
THREADS = 4
"""Of a worker at most: with each, more is in memory."""
ORDINARY, FURTHER = "ordinary", "further"


class ProcessExecutor:
    """An `Executor` of `workers` processes, and of further ones for jobs of many parts.

    Args:
        workers: Processes for what comes.
        most: Processes that a job of many parts is spread over, at least `workers`; those beyond `workers` end with it.
            Agents that share a machine have a core each for what all do at once; where one waits for another, one core
            would be idle. A job of few parts has as many threads.

    Raises:
        ValueError: There is to be no worker at all.
    """

    def __init__(self, workers: int, most: int = 0) -> None:
        if workers < 1:
            raise ValueError("an executor has at least one worker")
        self._workers, self._further = workers, max(0, most - workers)
        self._pools: dict[str, ProcessPoolExecutor] = {}
        self._long = 0
        """Jobs of many parts that are under way."""
        self._context = multiprocessing.get_context("spawn")
        self._pids: set[int] = set()

    async def run(self, compute: Compute, supplies: TaskResources) -> TaskResult:
        """A job's result; parts are joined in their order, whoever was faster."""
        for _ in range(ATTEMPTS):
            try:
                orders = cut_up(compute, supplies, self.threads(compute, supplies))
            except Exception as error:  # noqa: BLE001 - a fault here must not take the agent and its other work along
                return undone(compute.task, f"it could not be cut: {type(error).__name__}")
            crew, joined = [self._opened(ORDINARY)], Joined(supplies.blobs)
            long = bool(self._further) and is_long(compute, supplies)
            room = Room()
            if long:
                trimmed()  # what its inputs came in
                crew.append(self._opened(FURTHER))
                self._long += 1
            try:
                room.add(crew[0], QUEUED * self._workers)
                if long:  # a heavy part is worth waiting for a worker's start
                    started = None if TASKS[compute.task].heavy else self._submit(crew[1], ready)
                    room.add(crew[1], QUEUED * self._further, started)
                submit = functools.partial(self._done, room)
                reply = await in_order(orders, submit, joined, supplies, room.size, counted(compute, supplies))
            except BrokenProcessPool:
                for pool in crew:
                    self._retire(pool)
                continue
            finally:
                joined.discard()
                self._long -= long
                if long and not self._long:
                    self._retire(crew[-1])
            return reply
        return undone(compute.task, f"it ended its worker {ATTEMPTS} times")

    def _retire(self, pool: ProcessPoolExecutor) -> None:
        """Let a pool finish what it has and end; the next job starts another."""
        self._pools = {kind: other for kind, other in self._pools.items() if other is not pool}
        pool.shutdown(wait=False)

    def threads(self, compute: Compute, supplies: TaskResources) -> int:
        """Of each worker, where there are fewer parts than processes would find work."""
        parts = len(spans(TASKS[compute.task], compute.inputs, supplies.rows))
        each = (self._workers + self._further) // min(parts, self._workers)
        return 1 if parts >= LONG else max(1, min(THREADS, each))

    def warm(self) -> None:
        """Start a worker before there is work."""
        self._submit(self._opened(ORDINARY), ready)

    def processes(self) -> list[int]:
        """Process ids of the workers."""
        self._pids &= _children()
        return sorted(self._pids)

    def close(self) -> None:
        """End the workers at once; what they were at is done again after the next start."""
        pids, pools, self._pools = self.processes(), self._pools, {}
        for pool in pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():
            if child.pid in pids:
                child.kill()

    def _done(self, room: Room, order: TaskRequest) -> asyncio.Future[TaskResult]:
        pool = room.freest()
        return asyncio.wrap_future(room.taken(pool, self._submit(pool, work, order)))

    def _submit(self, pool: ProcessPoolExecutor, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have a worker call something; a pool starts its workers here, which tells whose they are."""
        before = _children()
        future = pool.submit(call, *args, **kwargs)
        self._pids |= _children() - before
        return future

    def _opened(self, kind: str) -> ProcessPoolExecutor:
        if kind not in self._pools:
            workers = self._workers if kind == ORDINARY else self._further
            self._pools[kind] = ProcessPoolExecutor(workers, mp_context=self._context, initializer=start)
        return self._pools[kind]


def _children() -> set[int]:
    return {child.pid for child in multiprocessing.active_children() if child.pid is not None}


def fresh(cid: str, address: Address) -> str:
    """The keystore's name for a job's fresh key: drawn once, so that the job gives the same after a crash."""
    return "/".join((cid, "fresh", *address))


def cut_up(compute: Compute, supplies: TaskResources, threads: int = 1) -> Iterator[TaskRequest]:
    """One order per part of the work, made when its turn comes; `threads` are what a worker may use.

    Raises:
        ValueError: The fields that are split differ in length.
    """
    task = TASKS[compute.task]
    parts = spans(task, compute.inputs, supplies.rows)
    blobs = supplies.blobs if len(parts) == 1 else None  # parts are small
    secrets, kept = dict(supplies.secrets), _parts(compute, supplies) if len(parts) > 1 else None

    def order(number: int, span: slice) -> TaskRequest:
        here = {name: value for name, value in compute.inputs.items() if not isinstance(value, Blob)}
        inputs = {name: value for name, value in compute.inputs.items() if isinstance(value, Blob)}
        inputs |= cut(task, here, span)
        return TaskRequest(
            compute.task, inputs, supplies.key, secrets, supplies.snapshot, number, span, blobs, kept, threads
        )

    return (order(number, span) for number, span in enumerate(parts))


def done_here(compute: Compute, supplies: TaskResources) -> TaskResult:
    """A job's result, computed in this process."""
    joined = Joined(supplies.blobs)
    try:
        for order in cut_up(compute, supplies):
            joined.add(work(order))
        return joined.whole()
    finally:
        joined.discard()


def _parts(compute: Compute, supplies: TaskResources) -> Parts | None:
    """Where the parts of this very work are kept."""
    if supplies.parts is None:
        return None
    drawn, data = supplies.key, supplies.snapshot[1] if supplies.snapshot else ""
    secrets = [part for name in sorted(supplies.secrets) for part in (name, supplies.secrets[name])]
    return supplies.parts.bound(compute.task, compute.inputs, drawn, data, *secrets)


def is_long(compute: Compute, supplies: TaskResources) -> bool:
    """Whether a job is worth the start of further workers."""
    task = TASKS[compute.task]
    return len(spans(task, compute.inputs, supplies.rows)) >= (2 if task.heavy else LONG)
