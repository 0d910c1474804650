"""Alignment with local workers and on a Ray of this machine, and what one heavy job costs with more workers.

``python -m benchmarks.ray [--ids 100000] [--workers 1 2] [--json]``, with `accord[ray]`. Two parties align by `ot` in a
whole `accord psi`, once with workers beside the agents and once with ``--executor ray``: seconds of the alignment of
both kinds. Then one job of Paillier ciphertexts on that many workers, beside the same number of local ones. Ray's
own start is left out. The results of both kinds are compared.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from accord_agents.execution.cluster.connection import RayCluster, start
from accord_agents.execution.cluster.executor import ClusterExecutor
from accord_agents.execution.executor import ProcessExecutor
from accord_agents.execution.port import Executor, TaskResources
from accord_protocols.kernel.effects import Compute
from accord_protocols.primitives.paillier.keys import generate
from accord_protocols.primitives.xof import Xof
from accord_protocols.tasks.registry import TASKS

_PARTS = 16


def aligned(folder: Path, ids: int, name: str, *more: str) -> tuple[float, int]:
    """Seconds of an alignment, and how many ids are common."""
    parties = {}
    for role, party, first in (("label_holder", "bank", 0), ("feature_holder", "shop", ids // 2)):
        file = folder / f"{party}.csv"
        if not file.exists():
            rows = (f"user-{k:09d}" for k in range(first, first + ids))
            file.write_text("id\n" + "\n".join(rows) + "\n")
        parties[party] = {"role": role, "data": {"csv": str(file), "id": "id"}}
    scenario = {"name": "ray", "job": "psi", "parties": parties, "align": {"protocol": "ot"}}
    (folder / "scenario.yaml").write_text(json.dumps(scenario))
    accord = Path(sys.executable).with_name("accord")
    command: list[str | Path] = [accord, "psi", folder / "scenario.yaml", "--quiet", "--out", folder / name]
    subprocess.run([*command, *more], check=True)
    result = json.loads((folder / name / "result.json").read_bytes())
    return result["seconds"]["align"], result["intersection_size"]


async def encrypted(executor: Executor) -> tuple[float, Any]:
    """Seconds of a job in parts, once workers are there; and its numbers."""
    key = generate(2048, Xof(bytes(32)))

    async def numbers(parts: int) -> Any:
        masks = Xof(bytes(32), "masks").words(parts * TASKS["pads.encrypt"].chunk, 1, 1)
        inputs = {"masks": masks, "slot_bits": 120}
        job = Compute("c", "pads.encrypt", inputs, key=b"k" * 32, secrets=("paillier",))
        return (await executor.run(job, TaskResources(b"k" * 32, {"paillier": key.encode()}, None, 0))).fields[
            "numbers"
        ]

    try:
        await numbers(2)
        began = time.monotonic()
        found = await numbers(_PARTS)
        return time.monotonic() - began, found
    finally:
        executor.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ids", type=int, default=100_000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    figures: dict[str, Any] = {"ids": given.ids}
    with tempfile.TemporaryDirectory(prefix="accord-ray-") as name:
        folder = Path(name)
        for kind, more in (("local", ()), ("ray", ("--executor", "ray"))):
            figures[kind], common = aligned(folder, given.ids, kind, *more)
            assert common == given.ids // 2, f"{common} in common"
    figures["ratio"] = round(figures["ray"] / figures["local"], 3)
    for workers in given.workers:
        here, wanted = asyncio.run(encrypted(ProcessExecutor(workers)))
        address, end = start(workers)
        there, found = asyncio.run(encrypted(ClusterExecutor(RayCluster(address), workers)))
        end()  # the executor has left it, and what this process began ends with that
        assert (wanted == found).all()
        figures[f"job with {workers}"] = {"local": round(here, 2), "ray": round(there, 2)}
    if given.json:
        print(json.dumps(figures))
        return
    print(f"alignment of {given.ids:,} ids by ot: {figures['local']:.1f} s locally, {figures['ray']:.1f} s on Ray")
    for workers in given.workers:
        job = figures[f"job with {workers}"]
        print(f"{_PARTS} parts, {workers} workers: {job['local']:.1f} s locally, {job['ray']:.1f} s on Ray")


if __name__ == "__main__":
    main()
