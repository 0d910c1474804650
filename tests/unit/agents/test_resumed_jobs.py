"""A job whose agent or worker was killed goes on: what is done of it is not done again."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import accord_agents.execution.executor
from accord_agents.execution.blobs import BlobStore
from accord_agents.execution.executor import ProcessExecutor, cut_up
from accord_agents.execution.parts import Parts, tidy
from accord_agents.execution.port import TaskResources
from accord_agents.execution.result import TaskResult
from accord_agents.execution.worker import TaskRequest, work
from accord_protocols.kernel.effects import Compute
from accord_protocols.primitives.paillier.keys import generate
from accord_protocols.primitives.xof import Xof
from accord_protocols.tasks import TASKS
from accord_schemas.address import JOB, Address

PARTS, LAST = 5, 3
ADDRESS = Address("pads.bank", "numbers", JOB)
SECRETS = {"paillier": generate(512, Xof(bytes(32))).encode()}
DONE, DEADLY = "ACCORD_TEST_DONE", "ACCORD_TEST_DEADLY"  # a worker is another process: it is told by the environment


def job(rows: int = (PARTS - 1) * TASKS["pads.encrypt"].chunk + 7, of: bytes = bytes(32)) -> Compute:
    inputs = {"masks": Xof(of, "masks").words(rows, 1, 1), "slot_bits": 120}
    return Compute("numbers", "pads.encrypt", inputs, key=b"k" * 32, secrets=("paillier",))


@pytest.fixture
def supplies(tmp_path: Path) -> TaskResources:
    store = BlobStore(tmp_path / "blobs", bytes(32))
    return TaskResources(b"k" * 32, SECRETS, None, 0, store, parts=Parts(store, ADDRESS, worth=0.0))


@pytest.fixture
def done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file to which each part that a worker does adds its number."""
    monkeypatch.setenv(DONE, str(tmp_path / "done"))
    monkeypatch.setattr(accord_agents.execution.executor, "work", counted)
    return tmp_path / "done"


def counted(order: TaskRequest) -> TaskResult:
    log = Path(os.environ[DONE])
    if os.environ.get(DEADLY) == str(order.number) and not (once := log.with_suffix(".once")).exists():
        once.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    reply = work(order)
    with log.open("a") as file:
        file.write(f"{order.number}")
    return reply


def run(compute: Compute, supplies: TaskResources) -> TaskResult:
    async def once() -> TaskResult:
        executor = ProcessExecutor(1)
        try:
            return await executor.run(compute, supplies)
        finally:
            executor.close()

    return asyncio.run(once())


def until_killed(compute: Compute, supplies: TaskResources) -> None:
    """As an agent that dies: nothing of it is left but files."""

    async def once() -> None:
        executor, enough = ProcessExecutor(1), asyncio.Event()
        loop = asyncio.get_running_loop()

        def told(part: int, _of: int) -> None:
            if part == LAST:
                loop.call_soon_threadsafe(enough.set)

        running = asyncio.create_task(executor.run(compute, replace(supplies, done=told)))
        await enough.wait()
        executor.close()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(once())


@pytest.mark.sweep
def test_parts_that_were_done_when_an_agent_was_killed_are_not_done_again(supplies: TaskResources, done: Path) -> None:
    until_killed(job(), supplies)
    before, found = done.read_text(), list[int]()
    assert LAST <= len(before) <= PARTS
    again = run(job(), replace(supplies, found=found.append))
    assert sorted(done.read_text()) == [*map(str, range(PARTS))], "a part was done twice, or never"
    assert found == [len(before)]
    alone = run(job(), replace(supplies, parts=None))
    assert np.array_equal(again.fields["numbers"], alone.fields["numbers"])


def test_a_worker_that_is_killed_costs_the_part_that_it_was_at(
    supplies: TaskResources, done: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DEADLY, str(LAST))
    assert not run(job(), supplies).trigger
    assert sorted(done.read_text()) == [*map(str, range(PARTS))], "a part was done twice, or never"


def test_parts_of_other_work_are_not_taken(supplies: TaskResources) -> None:
    assert supplies.parts is not None
    (first, *_) = cut_up(job(), supplies)
    assert first.parts is not None
    first.parts.keep(0, {"numbers": np.arange(3)})
    assert first.parts.find(0) is not None and first.parts.find(1) is None
    others = (
        (job(of=b"o" * 32), supplies),
        (job(), replace(supplies, key=b"o" * 32)),
        (job(), replace(supplies, secrets={"paillier": b"another"})),
        (job(), replace(supplies, snapshot=("path", "another"))),
    )
    for compute, given in others:
        (order, *_) = cut_up(compute, given)
        assert order.parts is not None and order.parts.find(0) is None


def test_a_part_that_was_cut_short_or_changed_is_done_again(supplies: TaskResources) -> None:
    assert supplies.parts is not None
    parts = supplies.parts.bound("pads.encrypt", {})
    for kept, changed in ((-1, b""), (5, b""), (-1, b"?!")):
        parts.keep(0, {"numbers": np.arange(3)})
        path = parts.folder / "0"
        path.write_bytes(path.read_bytes()[:kept] + changed)
        assert parts.find(0) is None


def test_what_is_kept_is_encrypted_for_this_user_alone_and_goes_with_its_job(supplies: TaskResources) -> None:
    assert supplies.parts is not None
    parts, other = supplies.parts.bound("t", {}), replace(supplies.parts, job=Address("other", "numbers", JOB))
    for each in (parts, other):
        each.keep(0, {"secret": b"a secret of 32 bytes, for a test"})
    assert b"a secret" not in (parts.folder / "0").read_bytes() and "a secret" not in repr(parts)
    assert (parts.folder / "0").stat().st_mode & 0o777 == 0o600 and parts.folder.stat().st_mode & 0o777 == 0o700
    tidy(parts.store, [ADDRESS])
    assert parts.find(0) is not None and not other.folder.exists()
    parts.discard()
    assert not parts.folder.parent.exists()


def test_little_work_is_not_kept(supplies: TaskResources) -> None:
    assert supplies.parts is not None
    lazy = replace(supplies, parts=replace(supplies.parts, worth=3600.0))
    run(job(TASKS["pads.encrypt"].chunk + 7), lazy)
    assert not supplies.parts.folder.exists()
