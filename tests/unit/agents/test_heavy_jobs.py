"""A heavy job's worker has ended before the next job starts, as their memory would add up; the others stay."""

from __future__ import annotations

import asyncio
import multiprocessing.util
import os
import time
from typing import Any

import psutil
import pytest

import accord_agents.execution.executor
from accord_agents.execution.executor import ProcessExecutor
from accord_agents.execution.port import TaskResources
from accord_agents.execution.result import TaskResult
from accord_agents.execution.worker import TaskRequest
from accord_protocols.kernel.effects import Compute

LIGHT = Compute("c", "keys.exchange.check", {"computing": [], "keys": {}})
WARM, HEAVY = Compute("c", "prepare.warm", {}), Compute("c", "prepare.refit", {})
NOTHING = TaskResources(b"k" * 32, {}, None, 0)


def looks(request: TaskRequest) -> TaskResult:
    """In place of a job: who it is and who lives beside it. A worker with much memory takes a while to end."""
    if request.task == HEAVY.task:
        multiprocessing.util.Finalize(None, time.sleep, (1,), exitpriority=0)
    return TaskResult({"me": os.getpid(), "all": [child.pid for child in psutil.Process(os.getppid()).children()]})


def run(*computes: Compute) -> list[dict[str, Any]]:
    async def jobs() -> list[TaskResult]:
        executor = ProcessExecutor(2)
        try:
            return [await executor.run(compute, NOTHING) for compute in computes]
        finally:
            executor.close()

    return [reply.fields for reply in asyncio.run(jobs())]


def test_a_heavy_job_has_the_worker_that_is_there_and_takes_it_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accord_agents.execution.executor, "work", looks)
    light, heavy, last = run(LIGHT, HEAVY, LIGHT)
    assert light["me"] == heavy["me"] in heavy["all"]
    assert last["me"] in last["all"] and heavy["me"] not in last["all"]


def test_a_heavy_job_that_was_warmed_has_a_worker_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accord_agents.execution.executor, "work", looks)
    light, warm, heavy, last = run(LIGHT, WARM, HEAVY, LIGHT)
    assert warm["me"] == heavy["me"] in heavy["all"]
    assert light["me"] == last["me"] in last["all"] and heavy["me"] not in last["all"]
