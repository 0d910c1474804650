"""Heavy tasks on a real Ray of this machine: the bytes of a local run, and workers and nodes that are killed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.integration.command import ACCORD
from tests.support.real import asked_for

from accord_scenarios.cli import main

asked_for()
ROOT = Path(__file__).parents[2]


def test_a_worker_and_a_node_that_are_killed_cost_a_retry() -> None:
    command = [sys.executable, "-m", "tests.support.ray_nodes"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    found = {line["what"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert set(found) == {"none", "worker", "node"}, done.stderr[-2000:]
    assert all(line["same"] for line in found.values())
    assert not found["none"]["said"] and found["worker"]["said"] and found["node"]["said"]


def test_a_run_on_ray_has_the_model_of_a_local_one(tmp_path: Path) -> None:
    given = ["run", "diabetes", "--set", "seed=3", "--set", "keys.bits=2048", "--quiet", "--out"]
    for name, more in (("here", ()), ("there", ("--executor", "ray"))):
        subprocess.run([ACCORD, *given, tmp_path / name, *more], timeout=600, check=True)
    here, there = (json.loads((tmp_path / name / "result.json").read_bytes()) for name in ("here", "there"))
    assert there["status"] == "COMPLETED" and here["model_digest"] == there["model_digest"]
    assert "auto" in (tmp_path / "there" / "registry" / "party.yaml").read_text()


def test_what_is_no_executor_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("spark", "ray:ray://head:10001", "ray:head"):
        assert main(["run", "diabetes", "--executor", name]) == 2
        assert "expected ray, or ray:HOST:PORT" in capsys.readouterr().err
