"""A Parquet file as a snapshot: ``python -m benchmarks.columnar [--rows 10000000] [--runs 3]``, one JSON line.

A file of that many rows, an id and ten numbers each, of which every thousandth repeats an id. Each step in a process of
its own, with its imports: pyarrow reading the file into memory, and the snapshot of it (ids normalised, duplicates
dropped, digest taken, durable). The least of some runs, and their ratio.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from accord_agents.files.places import Columnar
from accord_agents.intake.reader import Source, take
from accord_protocols.primitives.psi.buckets import KEY
from benchmarks.snapshot import REPEATED, alone

COLUMNS, GROUP = 10, 1 << 20


def make(path: Path, rows: int) -> None:
    """Write the file, a million rows at a time."""
    import pyarrow as pa
    from pyarrow import parquet as pq

    rng, writer = np.random.default_rng(1), None
    for start in range(0, rows, GROUP):
        numbers = range(start, min(start + GROUP, rows))
        ids = [f"user-{k - (k % REPEATED == REPEATED - 1):010d}" for k in numbers]
        part = pa.table({"id": ids, **{f"x{j}": rng.normal(size=len(ids)) for j in range(COLUMNS)}})
        writer = writer or pq.ParquetWriter(path, part.schema)
        writer.write_table(part)
    if writer is not None:
        writer.close()


def read(path: Path) -> int:
    """What pyarrow does: the whole file into memory."""
    from pyarrow import parquet as pq

    return int(pq.read_table(path).num_rows)


def snapshot(path: Path, folder: Path) -> int:
    """The snapshot; its bytes."""
    return take(Source(Columnar(path, "parquet"), "id"), folder, bytes(KEY)).path.stat().st_size


def least(runs: int, step: Any, *values: Any) -> tuple[float, float]:
    """(seconds, peak MiB): the least of each of some runs."""
    found = [alone(step, *values)[1:] for _ in range(runs)]
    return min(seconds for seconds, _ in found), max(peak for _, peak in found)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.columnar", description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="accord-columnar-", dir=Path.cwd()) as name:
        path = Path(name) / "users.parquet"
        alone(make, path, options.rows)
        alone(snapshot, path, Path(name))  # has the loops compiled
        pyarrow, pyarrow_peak = least(options.runs, read, path)
        seconds, peak = least(options.runs, snapshot, path, Path(name))
        found = {"rows": options.rows, "file_mib": round(path.stat().st_size / (1 << 20), 1)}
    found |= {"pyarrow_seconds": pyarrow, "pyarrow_mib": pyarrow_peak, "snapshot_seconds": seconds}
    print(json.dumps(found | {"snapshot_mib": peak, "ratio": round(seconds / pyarrow, 2)}))


if __name__ == "__main__":
    main()
