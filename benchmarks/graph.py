"""A graph of which three parties hold the edges, played on this machine: ``python -m benchmarks.graph``.

Options: ``--vertices 5000 --edges 50000 --rounds 8 --bits 2048`` and ``--task reach --asked 200 --hops 2``, and the
other tasks likewise. Edges are
drawn at random, with whole weights from 1 to 8; a tenth of them is held by two parties. One JSON line: seconds in all
and by phase, bytes that the parties sent, how far the scores are from plaintext, or how many answers are wrong.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np

from accord_schemas.graph import COMPARES, Kind

PARTIES = ("bank", "shop", "telco")


def write(path: Path, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A CSV file."""
    with path.open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(head)
        table.writerows(rows)
    return str(path)


def scenario(folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Files of random edges, and what is computed over them."""
    rng = np.random.default_rng(1)
    ends = rng.integers(0, given.vertices, (given.edges, 2))
    ends = ends[ends[:, 0] != ends[:, 1]]
    weights, owners = rng.integers(1, 9, len(ends)), rng.integers(0, len(PARTIES), len(ends))
    second = np.where(rng.random(len(ends)) < 0.1, (owners + 1) % len(PARTIES), -1)
    strength = np.zeros(given.vertices)
    parties: dict[str, Any] = {}
    for number, party in enumerate(PARTIES):
        own = (owners == number) | (second == number)
        rows = [(f"v{a}", f"v{b}", w) for (a, b), w in zip(ends[own].tolist(), weights[own].tolist(), strict=True)]
        edges = write(folder / f"{party}.csv", ["from", "to", "w"], rows)
        parties[party] = {"data": {"edges": edges, "source": "from", "target": "to", "weight": "w"}}
        for side in (0, 1):
            strength += np.bincount(ends[own][:, side], weights[own], given.vertices)
    vertices = write(folder / "vertices.csv", ["id"], ([f"v{k}"] for k in range(given.vertices)))
    flagged = rng.choice(given.vertices, max(1, given.vertices // 250), replace=False).tolist()
    if given.task not in COMPARES:
        parties["telco"]["data"]["flagged"] = write(folder / "flagged.csv", ["id"], ([f"v{k}"] for k in flagged))
    task: dict[str, Any] = {"task": given.task, "vertices": vertices, "result_to": ["bank"]}
    if given.task == "risk":
        task |= {"damping": 0.5, "max_strength": float(strength.max()), "rounds": given.rounds}
    else:
        asked = rng.choice(given.vertices, given.asked, replace=False).tolist()
        parties["bank"]["data"]["ask"] = write(folder / "ask.csv", ["id"], ([f"v{k}"] for k in asked))
        most = {"degree": int(np.bincount(ends.ravel()).max()), "max_edges": given.edges}
        own = {"reach": {"hops": given.hops}, "common_neighbours": most, "similar": {"threshold": 0.5}}
        task |= {**own[given.task], "queries": given.asked}
    return {"name": "graph", "job": "graph", "parties": parties, "graph": task, "keys": {"bits": given.bits}}


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", choices=get_args(Kind), default="risk")
    for name, usual in (
        ("vertices", 5000),
        ("edges", 50_000),
        ("rounds", 8),
        ("bits", 2048),
        ("asked", 200),
        ("hops", 2),
    ):
        parser.add_argument(f"--{name}", type=int, default=usual)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "scenario.yaml").write_text(json.dumps(scenario(folder, given)))
        accord = Path(sys.executable).with_name("accord")
        began = time.monotonic()
        subprocess.run([accord, "run", folder / "scenario.yaml", "--out", folder / "run", "--quiet"], check=True)
        seconds = time.monotonic() - began
        result = json.loads((folder / "run" / "result.json").read_text())
    phases = {phase: s for phase, s in result["seconds"].items() if s is not None}
    sent = sum(result["bytes"].values())
    figures = {"seconds": round(seconds, 1), "phases": phases, "sent": sent, **result["reference"]}
    print(json.dumps({"task": given.task, "vertices": given.vertices, "edges": given.edges, **figures}))


if __name__ == "__main__":
    main()
