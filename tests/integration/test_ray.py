"""Heavy tasks on a real Ray of this machine: the bytes of a local run, and nodes and workers that are killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.real import asked_for

from accord_agents.execution.cluster.connection import RayCluster, library
from accord_agents.execution.cluster.executor import ClusterExecutor
from accord_agents.execution.executor import done_here
from accord_agents.execution.port import TaskResources
from accord_protocols.kernel.effects import Compute
from accord_protocols.primitives.paillier.keys import generate
from accord_protocols.primitives.xof import Xof
from accord_protocols.tasks.registry import TASKS
from accord_scenarios.cli import main

asked_for()
pytestmark = pytest.mark.filterwarnings("ignore")  # Ray's own
KEY = generate(1024, Xof(bytes(32)))
ROWS = 12 * TASKS["pads.encrypt"].chunk
MASKS = Xof(bytes(32), "masks").words(ROWS, 1, 1)
JOB = Compute("c", "pads.encrypt", {"masks": MASKS, "slot_bits": 120}, key=b"k" * 32, secrets=("paillier",))
SUPPLIES = TaskResources(b"k" * 32, {"paillier": KEY.encode()}, None, 0)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two nodes with a processor each, and a head that has none to give."""
    library()
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    made.add_node(num_cpus=1)
    made.add_node(num_cpus=1)
    yield made
    made.shutdown()


def ran(address: str, disturbed: Any) -> tuple[np.ndarray[Any, Any], list[str]]:
    """The numbers of a job in the midst of which something happens, and what was said of it."""
    said: list[str] = []

    async def once() -> np.ndarray[Any, Any]:
        executor = ClusterExecutor(RayCluster(address), None, said.append)

        def told(part: int, of: int) -> None:
            if part == 2:
                disturbed(executor)

        try:
            reply = await executor.run(JOB, replace(SUPPLIES, done=told))
            assert not reply.trigger, reply.detail
            numbers: np.ndarray[Any, Any] = reply.fields["numbers"]
            return numbers
        finally:
            executor.close()

    return asyncio.run(once()), said


def test_a_worker_and_a_node_that_are_killed_cost_a_retry(cluster: Any) -> None:
    wanted = done_here(JOB, SUPPLIES).fields["numbers"]
    numbers, said = ran(cluster.address, lambda executor: None)
    assert np.array_equal(numbers, wanted) and not said

    def worker(executor: ClusterExecutor) -> None:
        os.kill(executor.workers[0].pid, signal.SIGKILL)

    numbers, said = ran(cluster.address, worker)
    assert np.array_equal(numbers, wanted) and said
    nodes = list(cluster.worker_nodes)
    numbers, said = ran(cluster.address, lambda executor: cluster.remove_node(nodes[0], allow_graceful=False))
    assert np.array_equal(numbers, wanted) and said


def test_a_run_on_ray_has_the_model_of_a_local_one(tmp_path: Path) -> None:
    given = ["diabetes", "--set", "seed=3", "--set", "keys.bits=2048", "--quiet"]
    assert main(["run", *given, "--out", str(tmp_path / "here")]) == 0
    assert main(["run", *given, "--out", str(tmp_path / "there"), "--executor", "ray"]) == 0
    here, there = (json.loads((tmp_path / name / "result.json").read_bytes()) for name in ("here", "there"))
    assert there["status"] == "COMPLETED" and here["model_digest"] == there["model_digest"]
    said = (tmp_path / "there" / "registry" / "agent.log").read_text()
    assert '"undone"' not in said and "auto" in (tmp_path / "there" / "registry" / "party.yaml").read_text()


def test_what_is_no_executor_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("spark", "ray:ray://head:10001", "ray:head"):
        assert main(["run", "diabetes", "--executor", name]) == 2
        assert "expected ray, or ray:HOST:PORT" in capsys.readouterr().err
