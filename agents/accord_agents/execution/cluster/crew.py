"""The workers that an executor has on a cluster: who has least to do, and when another one is hired."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from accord_agents.execution.cluster.orders import Message
from accord_agents.execution.executor import QUEUED

IDLE = 10.0
"""Seconds after which a worker that has nothing to do gives its processor back to the cluster."""
PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds between attempts to hire one: until a cluster notices that a node is dead it sends new workers there."""


class Worker(Protocol):
    """A process somewhere that does orders, one at a time; further ones wait with it."""

    @property
    def public(self) -> bytes:
        """Its public key."""

    @property
    def pid(self) -> int:
        """Its process id."""

    @property
    def here(self) -> bool:
        """Whether it runs on this machine, so that its memory counts as the agent's."""

    @property
    def near(self) -> bool:
        """Whether it can read the agent's files."""

    async def work(self, message: Message) -> tuple[bytes, list[Any]]:
        """Do an order: the result, sealed, and the pieces that it refers to."""
        ...


class Employer(Protocol):
    """Of a cluster, what gives workers and takes them back."""

    @property
    def losses(self) -> tuple[type[Exception], ...]:
        """What comes of workers and pieces that are lost on the way."""

    async def hire(self, said: Callable[[str], None]) -> Worker:
        """A new worker, as soon as there is a processor for it."""
        ...

    def dismiss(self, worker: Any) -> None:
        """End a worker, if it has not ended yet."""


class Crew:
    """Workers that come and go. Each has up to `QUEUED` orders: while it does one, the next is sealed and on its way.

    Args:
        cluster: Gives workers.
        said: Told for people what the cluster does.

    Attributes:
        width: How many workers there are at most.
        workers: Those that there are, at work or idle.
    """

    def __init__(self, cluster: Employer, said: Callable[[str], None]) -> None:
        self._cluster, self._said = cluster, said
        self.width = 1
        self.workers: list[Worker] = []
        self._orders: dict[int, int] = {}
        """By a worker's identity, the room that its orders take, of `QUEUED`."""
        self._hiring = set[asyncio.Future[Worker]]()
        self._waiting = 0
        self._trouble: BaseException | None = None
        self._changed = asyncio.Event()

    async def taken(self, room: int = 1) -> Worker:
        """A worker for an order: one that is idle, a new one, or the one that has least to do.

        Args:
            room: What the order takes, of `QUEUED`; with all of it the worker has no other.

        Raises:
            Exception: What came of hiring one, where there is no other.
        """
        self._waiting += 1
        try:
            while True:
                least = min(self.workers, key=self._under_way, default=None)
                more = self._trouble is None and len(self.workers) + len(self._hiring) < self.width
                if least is not None and self._under_way(least) + room <= (room if more else QUEUED):
                    self._orders[id(least)] += room
                    return least
                if more:
                    self._hire()
                self._changed.clear()
                await self._changed.wait()
                if self._trouble is not None and not self.workers:
                    trouble, self._trouble = self._trouble, None
                    raise trouble
        finally:
            self._waiting -= 1

    def _hire(self) -> None:
        """Have another worker come; whoever waits takes what is free first, which may never be that one."""
        task = asyncio.ensure_future(self._come())
        self._hiring.add(task)
        task.add_done_callback(self._hired)

    async def _come(self) -> Worker:
        for pause in PAUSES:
            try:
                return await self._cluster.hire(self._said)
            except self._cluster.losses:
                await asyncio.sleep(pause)
        return await self._cluster.hire(self._said)

    def _hired(self, task: asyncio.Future[Worker]) -> None:
        self._hiring.discard(task)
        if task.cancelled():
            pass
        elif (trouble := task.exception()) is not None:
            self._trouble = trouble if self._waiting else None  # no other is asked for until something changes
        else:
            worker = task.result()
            self.workers.append(worker)
            self._orders[id(worker)] = 0
            if not self._waiting:  # it came late: perhaps for the next job
                asyncio.get_running_loop().call_later(IDLE, self._dismiss_if_idle, worker)
        self._changed.set()

    def done(self, worker: Worker, room: int = 1) -> None:
        """An order is done."""
        if id(worker) in self._orders:  # else it was lost at another order
            self._orders[id(worker)] -= room
        self._trouble = None
        self._changed.set()

    def dismiss(self, worker: Worker) -> None:
        """End a worker; whoever waits for another order of its learns that it is lost."""
        if id(worker) in self._orders:
            del self._orders[id(worker)]
            self.workers = [other for other in self.workers if other is not worker]
            self._cluster.dismiss(worker)
        self._trouble = None
        self._changed.set()

    def close(self) -> None:
        """Ask for no more."""
        self.width = 0
        for task in self._hiring:
            task.cancel()

    def dismiss_idle(self) -> None:
        """End those that have nothing to do."""
        for worker in list(self.workers):
            self._dismiss_if_idle(worker)

    def _dismiss_if_idle(self, worker: Worker) -> None:
        if self._orders.get(id(worker)) == 0:
            self.dismiss(worker)

    def _under_way(self, worker: Worker) -> int:
        return self._orders[id(worker)]
