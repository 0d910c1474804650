"""Joint predictions by two agents on this machine: ``python -m benchmarks.predict [--rows 20000] [--asked 300]``.

Two parties train a small model. Then they predict that many new rows in one go, and some of them one by one in an
online collaboration: how long one takes from a request to its answer, both journaled, whatever runs beside.
One JSON line: seconds of the first, milliseconds of the others (median and 95th percentile), ids asked a second.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import quantiles

import numpy as np

TRAINED, COLUMNS = 1000, 5
PARTIES = ("bank", "shop")


def write(folder: Path, name: str, first: int, count: int, seed: int) -> dict[str, Path]:
    """A file for each party, of the same ids; the bank's has a label."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(count, COLUMNS * len(PARTIES)))
    y = X.sum(axis=1) + rng.normal(size=count)
    files = {}
    for p, party in enumerate(PARTIES):
        block = X[:, COLUMNS * p : COLUMNS * (p + 1)]
        files[party] = folder / f"{party}-{name}.csv"
        with files[party].open("w") as file:
            file.write(",".join(["id", *(f"x{p}_{k}" for k in range(COLUMNS)), *(["y"] if not p else [])]) + "\n")
            for k, row in enumerate(block.tolist()):
                cells = [f"user-{first + k:08d}", *map(repr, row), *([repr(float(y[k]))] if not p else [])]
                file.write(",".join(cells) + "\n")
    return files


def accord(*words: object) -> float:
    """Seconds of a command."""
    began = time.monotonic()
    subprocess.run([Path(sys.executable).with_name("accord"), *map(str, words)], check=True)
    return time.monotonic() - began


def latencies(log: Path) -> list[float]:
    """Milliseconds from one request to the next, which is said as soon as the one before was answered."""
    lines = (json.loads(line) for line in log.read_text().splitlines())
    asked = [line for line in lines if line["event"] == "row" and line["kind"] == "command"][2:]  # propose, accept
    times = [datetime.fromisoformat(line["timestamp"]).timestamp() for line in asked]
    return [1000 * (later - earlier) for earlier, later in pairwise(times)]


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--asked", type=int, default=300)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, run = Path(name), Path(name) / "run"
        old = write(folder, "old", 0, TRAINED, 1)
        roles = {"bank": "label_holder", "shop": "feature_holder"}
        data = {p: {"csv": str(old[p]), "id": "id"} | ({"label": "y"} if p == "bank" else {}) for p in PARTIES}
        scenario = {
            "name": "predict",
            "parties": {p: {"role": roles[p], "data": data[p]} for p in PARTIES},
            "train": {"l2": 0.01},
            "align": {"max_overlap": None, "protocol": "ecdh"},
            "keys": {"bits": 2048},
        }
        (folder / "scenario.yaml").write_text(json.dumps(scenario))
        accord("run", folder / "scenario.yaml", "--out", run, "--quiet")
        new = write(folder, "new", TRAINED, given.rows, 2)
        some = write(folder, "some", TRAINED, given.asked, 2)
        files = {
            name: [f"--data={p}={path}" for p, path in found.items()] for name, found in (("new", new), ("some", some))
        }
        batch = accord("predict", run, *files["new"], "--out", folder / "new.csv", "--quiet")
        accord("predict", run, *files["some"], "--out", folder / "some.csv", "--quiet", "--online")
        times = latencies(run / "predictions" / "2" / "bank" / "agent.log")
    cuts = quantiles(times, n=100)
    figures = {"p50_ms": cuts[49], "p95_ms": cuts[94], "a_second": 1000 * len(times) / sum(times)}
    said = {"rows": given.rows, "batch_seconds": round(batch, 1), "asked": len(times)}
    print(json.dumps(said | {name: round(value, 1) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
