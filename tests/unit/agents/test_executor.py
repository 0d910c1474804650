"""Jobs in worker processes: the same result for any number of them, and no worker without its agent."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from tests.support.snapshots import written

from accord_agents.execution.executor import LONG, THREADS, ProcessExecutor, is_long
from accord_agents.execution.port import TaskResources
from accord_agents.execution.result import TaskResult
from accord_agents.intake.table import Report, Table
from accord_protocols.kernel.effects import Compute
from accord_protocols.primitives.paillier.keys import generate
from accord_protocols.primitives.xof import Xof
from accord_protocols.tasks import TASKS

KEY = generate(512, Xof(bytes(32)))


def compute(rows: int) -> Compute:
    masks = Xof(bytes(32), "masks").words(rows, 1, 1)
    return Compute("c", "pads.encrypt", {"masks": masks, "slot_bits": 120}, key=b"k" * 32, secrets=("paillier",))


def run(workers: int, job: Compute, supplies: TaskResources, most: int = 0) -> TaskResult:
    async def once() -> TaskResult:
        executor = ProcessExecutor(workers, most)
        try:
            return await executor.run(job, supplies)
        finally:
            executor.close()

    return asyncio.run(once())


def test_the_number_of_workers_does_not_show() -> None:
    supplies = TaskResources(b"k" * 32, {"paillier": KEY.encode()}, None, 0)
    rows = 2 * TASKS["pads.encrypt"].chunk + 17
    one, two = (run(n, compute(rows), supplies).fields["numbers"] for n in (1, 2))
    assert len(one) == rows and (one == two).all()


@pytest.mark.sweep
def test_a_long_job_has_further_workers_that_end_with_it() -> None:
    supplies = TaskResources(b"k" * 32, {"paillier": KEY.encode()}, None, 0)
    rows = LONG * TASKS["pads.encrypt"].chunk
    seen = set[int]()

    async def both() -> tuple[TaskResult, TaskResult, int]:
        executor = ProcessExecutor(1, most=2)
        looking = replace(supplies, done=lambda *_: seen.add(len(executor.processes())))
        try:
            short = await executor.run(compute(rows - TASKS["pads.encrypt"].chunk), looking)
            assert seen == {1}
            long = await executor.run(compute(rows), looking)
            while len(executor.processes()) > 1:  # it was told to end, and is awaited by nobody
                await asyncio.sleep(0.01)
            return short, long, len(executor.processes())
        finally:
            executor.close()

    short, long, left = asyncio.run(both())
    assert 2 in seen and left == 1 and not short.trigger
    assert (long.fields["numbers"] == run(1, compute(rows), supplies).fields["numbers"]).all()


@pytest.mark.parametrize(("groups", "long"), [(1, False), (2, True)])
def test_two_heavy_parts_are_worth_another_worker(groups: int, long: bool) -> None:
    tables = Compute("c", "query.build", {"groups": np.arange(groups)})
    assert TASKS["query.build"].heavy and is_long(tables, TaskResources(b"", {}, None, 0)) == long
    assert not is_long(compute(2 * TASKS["pads.encrypt"].chunk), TaskResources(b"", {}, None, 0))


@pytest.mark.parametrize(
    ("workers", "most", "parts", "threads"),
    [(1, 2, 1, 2), (8, 0, 1, THREADS), (4, 0, 2, 2), (2, 2, 3, 1), (1, 2, LONG, 1)],
)
def test_a_job_of_few_parts_has_threads_instead(workers: int, most: int, parts: int, threads: int) -> None:
    executor, supplies = ProcessExecutor(workers, most), TaskResources(b"", {}, None, 0)
    assert executor.threads(compute(parts * TASKS["pads.encrypt"].chunk), supplies) == threads
    executor.close()


def test_it_is_told_how_many_parts_are_done() -> None:
    told: list[tuple[int, int]] = []
    supplies = TaskResources(
        b"k" * 32, {"paillier": KEY.encode()}, None, 0, done=lambda part, of: told.append((part, of))
    )
    run(1, compute(2 * TASKS["pads.encrypt"].chunk + 17), supplies)
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_a_task_that_fails_says_so_and_harms_nobody() -> None:
    for inputs, word in (({"numbers": 3}, "cut"), ({"numbers": [[3]]}, "done")):
        bad = Compute("c", "pads.decrypt", inputs, secrets=("paillier",))
        reply = run(1, bad, TaskResources(b"", {"paillier": KEY.encode()}, None, 0))
        assert reply.trigger == "failed" and "pads.decrypt" in reply.reason and word in reply.reason + reply.detail


def test_too_few_rows_are_a_refusal(tmp_path: Path) -> None:
    import numpy as np

    table = Table(("a",), ("x",), np.ones((1, 1)), None, Report(1, 0, 0))
    snapshot = written(table, tmp_path)
    inputs = {"rows": np.array([0]), "settings": {}, "modulus": 0, "equals": 0, "labelled": False, "l2": 0.0}
    inputs |= {"model": "linear", "link": "linear", "curvature": 1.0, "class_weights": None}
    job = Compute("c", "prepare.fit", inputs, data=True)
    reply = run(1, job, TaskResources(b"", {}, (str(snapshot.path), snapshot.digest), 1))
    assert reply.trigger == "refused" and "TRAIN row" in reply.detail and "TRAIN row" not in reply.reason


PROGRAM = """
import asyncio, os, sys
from accord_agents.execution.executor import ProcessExecutor
async def main():
    executor = ProcessExecutor(2)
    executor.warm()
    await asyncio.sleep(1.5)
    print(*executor.processes(), flush=True)
    await asyncio.sleep(60)
if __name__ == "__main__":
    asyncio.run(main())
"""


@pytest.mark.sweep
def test_a_killed_agent_leaves_no_worker(tmp_path: Path) -> None:
    program = tmp_path / "agent.py"
    program.write_text(PROGRAM)
    with subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, text=True) as agent:
        assert agent.stdout is not None
        workers = [int(pid) for pid in agent.stdout.readline().split()]
        assert workers and all(psutil.pid_exists(pid) for pid in workers)
        os.kill(agent.pid, signal.SIGKILL)
        agent.wait()
    end = time.monotonic() + 10
    while any(psutil.pid_exists(pid) for pid in workers) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(psutil.pid_exists(pid) for pid in workers)


def test_an_executor_has_a_worker() -> None:
    with pytest.raises(ValueError, match="at least one worker"):
        ProcessExecutor(0)
