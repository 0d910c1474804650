"""Workers and nodes of a real Ray that are killed: ``python -m benchmarks.ray_nodes``; needs the extra `accord[ray]`.

Two nodes on loopback, on which one job is run again and again while parts of it are killed: a line each, whether the
numbers are those of a local run. No test of CI: a Ray that does not come up within its own thirty seconds is no fault.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from accord_agents.execution.cluster.connection import RayCluster, alone
from accord_agents.execution.cluster.executor import ClusterExecutor
from accord_agents.execution.executor import done_here
from accord_agents.execution.port import TaskResources
from accord_protocols.kernel.effects import Compute
from accord_protocols.primitives.paillier.keys import generate
from accord_protocols.primitives.xof import Xof
from accord_protocols.tasks.registry import TASKS

KEY = generate(1024, Xof(bytes(32)))
MASKS = Xof(bytes(32), "masks").words(12 * TASKS["pads.encrypt"].chunk, 1, 1)
JOB = Compute("c", "pads.encrypt", {"masks": MASKS, "slot_bits": 120}, key=b"k" * 32, secrets=("paillier",))
SUPPLIES = TaskResources(b"k" * 32, {"paillier": KEY.encode()}, None, 0)


def ran(address: str, disturbed: Callable[[ClusterExecutor], object]) -> tuple[Any, list[str]]:
    """The numbers of the job, in the midst of which something happens, and what was said of it."""
    said: list[str] = []

    async def once() -> Any:
        executor = ClusterExecutor(RayCluster(address), None, said.append)

        def told(part: int, _of: int) -> None:
            if part == 2:
                disturbed(executor)

        try:
            reply = await executor.run(JOB, replace(SUPPLIES, done=told))
            assert not reply.trigger, reply.detail
            return reply.fields["numbers"]
        finally:
            executor.close()

    return asyncio.run(once()), said


def _other(nodes: list[Any]) -> Any:
    """One that this process is not a driver at: that would be the agent's own machine."""
    import ray

    own = ray.get_runtime_context().get_node_id()
    return next(node for node in nodes if node.node_id != own)


def main() -> None:
    """Print what came of each disturbance."""
    alone()
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
        wanted = done_here(JOB, SUPPLIES).fields["numbers"]
        disturbances: dict[str, Callable[[ClusterExecutor], object]] = {
            "none": lambda executor: None,
            "worker": lambda executor: os.kill(executor.workers[0].pid, signal.SIGKILL),
            "node": lambda executor: cluster.remove_node(_other(nodes), allow_graceful=False),
        }
        for name, disturbed in disturbances.items():
            numbers, said = ran(cluster.address, disturbed)
            print(json.dumps({"what": name, "same": bool(np.array_equal(numbers, wanted)), "said": said}), flush=True)
    finally:
        cluster.shutdown()


if __name__ == "__main__":
    main()
