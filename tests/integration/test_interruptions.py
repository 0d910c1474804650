"""Agents killed, runs interrupted, disks full: the model is that of an undisturbed run, and nobody is left."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.integration.command import Command, Run, frames, progress, wait_for
from tests.support.files import Parties, job, people

from accord_schemas.frame import Frame

SEED = 7


@pytest.fixture(scope="module")
def parties(shared_accord: Command) -> Parties:
    return people(shared_accord.folder, 3, 150, seed=4, nasty=False)


@pytest.fixture(scope="module")
def undisturbed(shared_accord: Command, parties: Parties) -> Run:
    """A seeded run that nobody disturbed."""
    run = shared_accord.run(job(parties, seed=SEED))
    assert run.completed()["insecure_seed"] is True
    assert "seed" in run.text
    return run


def pid(folder: Path) -> int:
    return int((folder / "agent.pid").read_text())


def until(process: subprocess.Popen[bytes], folder: Path, state: str) -> None:
    """Wait until a party's agent has reached a state, while the run goes on."""
    wait_for(lambda: state in progress(folder) or process.poll() is not None, 60, f"{folder.name} is never {state}")
    assert process.poll() is None, "the run ended too early"


def kill_agent(folder: Path) -> list[psutil.Process]:
    """SIGKILL a party's agent, and nothing else; returns its workers."""
    agent = psutil.Process(pid(folder))
    workers = agent.children(recursive=True)
    agent.kill()
    return workers


@pytest.mark.sweep
def test_each_agent_killed_once(shared_accord: Command, parties: Parties, undisturbed: Run) -> None:
    out = shared_accord.out()
    process = shared_accord.start("run", shared_accord.scenario(job(parties, seed=SEED)), "--out", out)
    workers: list[psutil.Process] = []
    for party, state in (("shop", "KEYED"), ("bank", "ALIGNED"), ("telco", "PREPARED")):
        until(process, out / party, state)
        workers += kill_agent(out / party)
    assert workers, "nobody had a worker"
    assert not psutil.wait_procs(workers, 5)[1], "workers outlive their agents"
    assert process.wait(90) == 0
    result = Run(0, out, "").completed()
    assert result["restarts"] == {"bank": 1, "shop": 1, "telco": 1}
    assert result["model_digest"] == undisturbed.result["model_digest"]
    for party in parties:
        assert (out / party / "model.json").read_bytes() == (undisturbed.out / party / "model.json").read_bytes()
    shared_accord.nobody_left()


@pytest.mark.sweep
def test_an_interrupted_run_resumes_to_the_same_model(
    shared_accord: Command, parties: Parties, undisturbed: Run
) -> None:
    out = shared_accord.out()
    process = shared_accord.start("run", shared_accord.scenario(job(parties, seed=SEED)), "--out", out)
    until(process, out / "bank", "GATED")
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 1
    shared_accord.nobody_left(1.0)
    said = shared_accord.said()
    assert f"--resume {out}" in said
    assert "Traceback" not in said
    assert not list(out.glob("*/model.json"))

    resumed = shared_accord("run", "--resume", out)
    assert resumed.returncode == 0, resumed.stderr
    result = Run(0, out, "").completed()
    assert result["model_digest"] == undisturbed.result["model_digest"]
    assert result["coefficients"] == undisturbed.result["coefficients"]

    again = shared_accord("run", "--resume", out)  # of a run that is over: the same answer, at once
    assert again.returncode == 0, again.stderr
    assert Run(0, out, "").completed()["model_digest"] == undisturbed.result["model_digest"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 MiB."""
    if os.geteuid() != 0:
        pytest.skip("NOT TESTED: a full disk; only root can mount one")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", disk], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"NOT TESTED: a full disk; {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


@pytest.mark.sweep
def test_a_full_disk_is_said_and_the_run_resumes_once_there_is_space(
    shared_accord: Command, parties: Parties, undisturbed: Run, small_disk: Path
) -> None:
    out = small_disk / "run"
    process = shared_accord.start("run", shared_accord.scenario(job(parties)), "--out", out)
    until(process, out / "bank", "KEYED")
    ballast = small_disk / "ballast"
    fill(ballast)
    code = process.wait(60)
    text = shared_accord.said()
    assert code == 1, text
    assert "Traceback" not in text
    assert "No space left" in text or "full" in text, text
    assert "fault of the program" not in text, text
    shared_accord.nobody_left()

    ballast.unlink()
    resumed = shared_accord("run", "--resume", out)
    assert resumed.returncode == 0, resumed.stderr
    result = Run(0, out, "").completed()
    assert result["insecure_seed"] is False
    assert len(collaborations(out)) == 1, "the label holder proposed a second time"
    assert set(result["model_digest"].values()).isdisjoint(undisturbed.result["model_digest"].values())
    assert result["loss"][-1] == pytest.approx(undisturbed.result["loss"][-1], rel=1e-6)


def fill(path: Path) -> None:
    """Take all the space there is, also what a moment later is given back."""
    with path.open("wb", buffering=0) as file:
        end = time.monotonic() + 1.0
        while time.monotonic() < end:
            try:
                file.write(bytes(1 << 16))
            except OSError:
                time.sleep(0.02)


@pytest.mark.sweep
def test_a_killed_runner_takes_its_agents_along_and_the_run_resumes(
    shared_accord: Command, parties: Parties, undisturbed: Run
) -> None:
    """Without a seed, so that a label holder that proposed again on its second start would show."""
    out = shared_accord.out()
    process = shared_accord.start("run", shared_accord.scenario(job(parties)), "--out", out)
    until(process, out / "bank", "AGREED")
    process.kill()
    process.wait()
    shared_accord.nobody_left()
    assert "COMPLETED" not in progress(out / "bank"), "the agents went on without the runner"
    resumed = shared_accord("run", "--resume", out)
    assert resumed.returncode == 0, resumed.stderr
    result = Run(0, out, "").completed()
    assert result["loss"][-1] == pytest.approx(undisturbed.result["loss"][-1], rel=1e-6)
    assert len(collaborations(out)) == 1, "the label holder proposed a second time"
    shared_accord.nobody_left()


def collaborations(out: Path) -> set[str]:
    """Every collaboration on a run's log."""
    return {Frame.decode(frame).header.subject for _, frame in frames(out / "broker.db")}
