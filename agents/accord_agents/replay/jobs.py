"""Executing finished jobs again: same inputs, same keys, same bytes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from accord_agents.collaboration.difference import DifferenceError
from accord_agents.execution.blobs import BlobStore
from accord_agents.execution.executor import done_here, fresh
from accord_agents.execution.port import Executor, TaskResources
from accord_agents.execution.result import TaskResult
from accord_agents.security.keystore import Keystore
from accord_protocols.kernel.engine import Job
from accord_protocols.tasks.registry import CHEAP_ROWS, TASKS
from accord_schemas.blocks import payload
from accord_schemas.errors import TamperError


class Rerun:
    """The jobs of one collaboration.

    Args:
        cid: Its id.
        keystore: Where secrets and fresh keys are.
        snapshots: Folder of the party's rows.
        executor: Executes all, or `only` some; None executes the cheap ones only, here.
        width: Jobs that are under way at once.
        blobs: Where large numbers go.
        only: Tasks that are executed besides the cheap ones; None for all, where there is an executor.
    """

    def __init__(
        self,
        cid: str,
        keystore: Keystore,
        snapshots: Path,
        executor: Executor | None,
        width: int,
        blobs: BlobStore | None = None,
        only: Collection[str] | None = None,
    ) -> None:
        self._blobs, self._only = blobs, only
        self._cid, self._keystore, self._snapshots, self._executor = cid, keystore, snapshots, executor
        self._free = asyncio.Semaphore(width)
        self._tasks: set[asyncio.Task[None]] = set()
        self.done = 0
        self.again: Counter[str] = Counter()
        """How many jobs were executed again, by task."""

    async def check(self, job: Job, recorded: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        """Execute a finished job again; returns as soon as another may be brought.

        Args:
            job: As the fold asks for it.
            recorded: The fields of its result.
            data: What the party said about its rows.

        Raises:
            DifferenceError: It gives something else, or an earlier one did.
        """
        self.done += 1
        compute = job.compute
        if recorded.get("trigger"):  # it had no result: a peer's fault, which the fold repeats, or want of memory
            return
        if self._executor is None or not (self._only is None or compute.task in self._only):
            if TASKS[compute.task].cheap and data["rows"] <= CHEAP_ROWS:
                changed, supplies = self._order(job, recorded, data)
                self._compare(changed, recorded, done_here(changed.compute, supplies))
            return
        await self._free.acquire()
        self._raise()
        self._tasks.add(asyncio.create_task(self._execute(self._executor, job, recorded, data)))

    async def finish(self) -> None:
        """Wait for all.

        Raises:
            DifferenceError: One gives something else.
        """
        await asyncio.gather(*self._tasks)

    async def stop(self) -> None:
        """Begin no more, and forget what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _raise(self) -> None:
        for task in [task for task in self._tasks if task.done()]:
            self._tasks.discard(task)
            task.result()

    async def _execute(
        self, executor: Executor, job: Job, recorded: Mapping[str, Any], data: Mapping[str, Any]
    ) -> None:
        try:
            changed, supplies = self._order(job, recorded, data)
            self._compare(changed, recorded, await executor.run(changed.compute, supplies))
        finally:
            self._free.release()

    def _order(self, job: Job, recorded: Mapping[str, Any], data: Mapping[str, Any]) -> tuple[Job, TaskResources]:
        compute = job.compute
        key = self._secret(fresh(self._cid, job.address)) if compute.fresh else compute.key
        secrets = {name: self._secret(f"{self._cid}/{name}") for name in compute.secrets}
        path = self._snapshots / f"{data['snapshot']}.table"
        snapshot = (str(path), data["snapshot"]) if compute.data else None
        supplies = TaskResources(key, secrets, snapshot, data["rows"], self._blobs)
        task = TASKS[compute.task]
        if task.replayed_by:
            inputs = {**compute.inputs, task.recorded: recorded[task.recorded]}
            job = Job(job.address, replace(compute, task=task.replayed_by, inputs=inputs))
        return job, supplies

    def _compare(self, job: Job, recorded: Mapping[str, Any], reply: TaskResult) -> None:
        address = f"{job.address.instance}/{job.address.step}, job {job.compute.task}"
        if reply.trigger:
            message = f"{address}, cannot be executed again: {reply.reason}"
            raise DifferenceError("trigger", address=address, message=message)
        if payload(reply.fields).digest != payload(recorded).digest:
            names = sorted(set(reply.fields) | set(recorded))
            fields = [{name: f[name]} if name in f else {} for name in names for f in (reply.fields, recorded)]
            pairs = zip(names, fields[::2], fields[1::2], strict=True)
            raise DifferenceError(
                next(n for n, a, b in pairs if payload(a).digest != payload(b).digest), address=address
            )
        for name, secret in sorted(reply.secrets.items()):
            if self._secret(f"{self._cid}/{name}") != secret:
                raise DifferenceError(f"the secret {name}", address=address)
        self.again[job.compute.task] += 1

    def _secret(self, name: str) -> bytes:
        if name not in self._keystore:
            raise TamperError(f"the keystore lacks {name}.", hint="Put back a copy of it.")
        return self._keystore.get(name)
