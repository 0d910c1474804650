"""Runs jobs on a cluster: the same orders as locally, sealed to workers that come and go with the work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from accord_agents.execution.cluster.crew import IDLE, Crew, Employer, Worker
from accord_agents.execution.cluster.orders import Shipment, opened, sealed
from accord_agents.execution.executor import ATTEMPTS, QUEUED, cut_up
from accord_agents.execution.joining import Joined
from accord_agents.execution.ordered import counted, in_order
from accord_agents.execution.port import TaskResources
from accord_agents.execution.result import TaskResult, undone
from accord_agents.execution.worker import TaskRequest
from accord_protocols.kernel.effects import Compute

KEPT = 4
"""Files and blobs that stay with the cluster while there is work: several jobs read them."""


class Cluster(Employer, Protocol):
    """What gives workers, and keeps pieces."""

    def connect(self) -> int:
        """Join; returns how many processors there are."""
        ...

    def put(self, piece: memoryview) -> Any:
        """Keep a piece; returns what it is called."""

    def get(self, name: Any) -> Any:
        """A piece."""

    def leave(self) -> None:
        """End what is under way there."""


class ClusterExecutor:
    """An `Executor` of workers on a cluster.

    Args:
        cluster: Gives workers.
        workers: How many at most; None for as many as the cluster has processors.
        said: Told for people what the cluster does.
    """

    def __init__(self, cluster: Cluster, workers: int | None, said: Callable[[str], None] = lambda _: None) -> None:
        self._cluster, self._workers, self._said = cluster, workers, said
        self._connecting: asyncio.Task[None] | None = None
        self._crew = Crew(cluster, said)
        self._used = 0.0
        self._rows = Shipment(cluster.put, KEPT)

    @property
    def workers(self) -> list[Worker]:
        """Those that there are, at work or idle."""
        return self._crew.workers

    async def run(self, compute: Compute, supplies: TaskResources) -> TaskResult:
        """A job's result; parts are joined in their order, whoever was faster.

        Raises:
            AccordError: There is no cluster, or its nodes run another version.
        """
        self.warm()
        assert self._connecting is not None
        await asyncio.shield(self._connecting)
        try:
            orders = cut_up(compute, supplies)
        except Exception as error:  # noqa: BLE001 - a fault here must not take the agent and its other work along
            return undone(compute.task, f"it could not be cut: {type(error).__name__}")
        joined, shipment = Joined(supplies.blobs), Shipment(self._cluster.put)

        def submit(order: TaskRequest) -> asyncio.Future[TaskResult]:
            return asyncio.ensure_future(self._done(order, shipment))

        try:
            return await in_order(
                orders, submit, joined, supplies, QUEUED * self._crew.width, counted(compute, supplies)
            )
        finally:
            joined.discard()
            self._used = asyncio.get_running_loop().time()
            asyncio.get_running_loop().call_later(IDLE, self._release)

    async def _done(self, order: TaskRequest, shipment: Shipment) -> TaskResult:
        """One part; a worker that is lost on the way costs another one a try, with which no other order is."""
        for attempt in range(ATTEMPTS):
            try:
                return await self._tried(order, shipment, QUEUED if attempt else 1)
            except self._cluster.losses as error:
                self._said(f"{order.task}, part {order.number}: {type(error).__name__}; it is done again")
        return undone(order.task, f"the cluster lost it {ATTEMPTS} times")

    async def _tried(self, order: TaskRequest, shipment: Shipment, room: int) -> TaskResult:
        worker, message = await self._crew.taken(room), None
        try:
            message = await asyncio.to_thread(sealed, order, worker.public, shipment, self._rows, near=worker.near)
            reply = await worker.work(message)
        except BaseException:
            self._crew.dismiss(worker)  # it is lost, or still at work
            if message is not None:
                message.clear()
            raise
        self._crew.done(worker, room)  # it goes on while the result is opened
        try:
            result, seconds = await asyncio.to_thread(opened, message, reply, order.blobs, self._cluster.get)
        except Exception:
            self._crew.dismiss(worker)
            message.clear()
            raise
        worth = order.parts is not None and not result.secrets and not result.trigger and seconds >= order.parts.worth
        if worth and order.parts is not None:
            await asyncio.to_thread(order.parts.keep, order.number, result.fields)
        return result

    def _release(self) -> None:
        """Give back what has had nothing to do for a while."""
        if asyncio.get_running_loop().time() - self._used >= IDLE - 0.5:
            self._rows = Shipment(self._cluster.put, KEPT)
            self._crew.dismiss_idle()

    def warm(self) -> None:
        """Connect, before there is work."""
        if self._connecting is None or (self._connecting.done() and self._connecting.exception()):
            self._connecting = asyncio.ensure_future(self._connect())
            self._connecting.add_done_callback(lambda task: task.cancelled() or task.exception())

    async def _connect(self) -> None:
        processors = await asyncio.to_thread(self._cluster.connect)
        self._crew.width = self._workers or processors

    def processes(self) -> list[int]:
        """Process ids of the workers on this machine."""
        return sorted(worker.pid for worker in self.workers if worker.here)

    def close(self) -> None:
        """End the workers and leave the cluster."""
        self._crew.close()
        self._cluster.leave()
