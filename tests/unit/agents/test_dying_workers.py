"""Workers that die in the middle of a job."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

import accord_agents.execution.executor
from accord_agents.execution.executor import ATTEMPTS, ProcessExecutor
from accord_agents.execution.port import TaskResources
from accord_agents.execution.result import TaskResult
from accord_agents.execution.worker import TaskRequest, work
from accord_protocols.kernel.effects import Compute

# one byte a started attempt; a worker is another process, so it is told by the environment
COUNTER, DEATHS = "ACCORD_TEST_COUNTER", "ACCORD_TEST_DEATHS"
JOB = Compute("c", "keys.exchange.check", {"computing": [], "keys": {}})
NOTHING = TaskResources(b"k" * 32, {}, None, 0)


def dies(order: TaskRequest) -> TaskResult:
    counter = Path(os.environ[COUNTER])
    with counter.open("ab") as file:
        file.write(b".")
    if counter.stat().st_size <= int(os.environ[DEATHS]):
        os._exit(7)
    return TaskResult({"task": order.task})


@pytest.fixture
def counter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(COUNTER, str(tmp_path / "counter"))
    monkeypatch.setattr(accord_agents.execution.executor, "work", dies)
    return tmp_path / "counter"


def replies(*jobs: Compute) -> list[TaskResult]:
    async def all_of_them() -> list[TaskResult]:
        executor = ProcessExecutor(1)
        try:
            return [await executor.run(job, NOTHING) for job in jobs]
        finally:
            executor.close()

    return asyncio.run(all_of_them())


@pytest.mark.sweep
def test_a_job_that_always_ends_its_worker_fails_and_the_next_job_is_done(
    counter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DEATHS, str(ATTEMPTS))
    bad, good = replies(JOB, JOB)
    assert bad.trigger == "failed" and bad.reason == "the job keys.exchange.check could not be done"
    assert bad.detail == f"it ended its worker {ATTEMPTS} times"
    assert not bad.fields and not bad.secrets
    assert good == TaskResult({"task": "keys.exchange.check"})
    assert len(counter.read_bytes()) == ATTEMPTS + 1


@pytest.mark.sweep
def test_a_job_whose_worker_died_by_accident_is_done_again(counter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DEATHS, str(ATTEMPTS - 1))
    assert replies(JOB) == [TaskResult({"task": "keys.exchange.check"})]
    assert len(counter.read_bytes()) == ATTEMPTS


def test_nothing_secret_in_the_repr_of_an_order_or_a_reply() -> None:
    secret = b"a secret of 32 bytes, for a test"
    order = TaskRequest("keys.exchange.check", {"numbers": secret}, secret, {"paillier": secret}, None, 0, slice(None))
    supplies = TaskResources(secret, {"paillier": secret}, None, 0)
    reply = TaskResult({"numbers": secret}, {"paillier": secret})
    assert not any("a secret" in repr(each) for each in (order, supplies, reply))


def test_a_fault_in_a_task_tells_its_kind_and_no_value() -> None:
    order = TaskRequest("keys.paillier.make", {"bits": "a secret"}, b"k" * 32, {}, None, 0, slice(None))
    reply = work(order)
    assert reply.trigger == "failed" and "keys.paillier.make" in reply.reason and "a secret" not in reply.reason
