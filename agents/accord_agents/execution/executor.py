"""Runs jobs in a pool of worker processes. A job's id is its address, so that running it again changes nothing."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from typing import Any

from accord_agents.execution.worker import Order, Reply, start, work
from accord_protocols.kernel.machine import Compute
from accord_protocols.tasks.registry import TASKS, Result, cut, join, spans
from accord_schemas.address import Address

ATTEMPTS = 3
"""A job that breaks the pool this often fails its collaboration, and only that."""


@dataclass(frozen=True, slots=True)
class Supplies:
    """What a job gets besides its inputs.

    Args:
        key: Of its randomness, or fresh from the operating system.
        secrets: Keystore entries.
        snapshot: (path, digest) of the rows.
        rows: How many there are.
    """

    key: bytes = field(repr=False)
    secrets: Mapping[str, bytes] = field(repr=False)
    snapshot: tuple[str, str] | None
    rows: int


class Executor:
    """A pool of `workers` processes.

    Raises:
        ValueError: There is to be no worker at all.
    """

    def __init__(self, workers: int) -> None:
        if workers < 1:
            raise ValueError("an executor has at least one worker")
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None

    async def run(self, compute: Compute, supplies: Supplies) -> Reply:
        """A job's result; parts are joined in their order, whoever was faster."""
        task = TASKS[compute.task]
        try:
            orders = cut_up(compute, supplies)
        except Exception as error:  # noqa: BLE001 - a fault here must not take the agent and its other work along
            return Reply(trigger="failed", reason=f"the job {compute.task} could not be cut: {type(error).__name__}")
        for _ in range(ATTEMPTS):
            pool = self._opened()
            try:
                loop = asyncio.get_running_loop()
                replies = await asyncio.gather(*(loop.run_in_executor(pool, work, order) for order in orders))
            except BrokenProcessPool:
                self._retire(pool)
                continue
            if task.heavy:
                self._retire(pool)
            return whole(replies)
        return Reply(trigger="failed", reason=f"the job {compute.task} ended its worker {ATTEMPTS} times")

    def _retire(self, pool: ProcessPoolExecutor) -> None:
        """Let a pool finish what it has and end; the next job starts another."""
        if self._pool is pool:
            self._pool = None
        pool.shutdown(wait=False)

    def warm(self) -> None:
        """Start a worker before there is work."""
        self._opened().submit(_nothing)

    def processes(self) -> list[int]:
        """Process ids of the workers."""
        children: dict[int, Any] = getattr(self._pool, "_processes", None) or {}
        return list(children)

    def close(self) -> None:
        """End the workers at once; what they were at is done again after the next start."""
        pool, self._pool = self._pool, None
        if pool is not None:
            children = list((getattr(pool, "_processes", None) or {}).values())
            pool.shutdown(wait=False, cancel_futures=True)
            for child in children:
                child.kill()

    def _opened(self) -> ProcessPoolExecutor:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self._workers, mp_context=context, initializer=start)
        return self._pool


def fresh(cid: str, address: Address) -> str:
    """The keystore's name for a job's fresh key: drawn once, so that the job gives the same after a crash."""
    return "/".join((cid, "fresh", *address))


def cut_up(compute: Compute, supplies: Supplies) -> list[Order]:
    """One order per part of the work."""
    task = TASKS[compute.task]
    secrets = dict(supplies.secrets)
    return [
        Order(compute.task, cut(task, compute.inputs, span), supplies.key, secrets, supplies.snapshot, number, span)
        for number, span in enumerate(spans(task, compute.inputs, supplies.rows))
    ]


def whole(replies: Sequence[Reply]) -> Reply:
    """One reply of the parts', in their order: the first that says how the collaboration ends, or all joined."""
    for reply in replies:
        if reply.trigger:
            return reply
    result = join([Result(reply.fields, reply.secrets) for reply in replies])
    return Reply(result.fields, result.secrets)


def _nothing() -> None:
    return None
