"""A file as a snapshot: ``python -m benchmarks.columnar [--rows 10000000] [--runs 5] [--csv]``, one JSON line.

A file of that many rows, an id and ten numbers each, of which every thousandth repeats an id. Each step in a process of
its own, with its imports: pyarrow reading the file into memory, and the snapshot of it (ids normalised, duplicates
dropped, digest taken, durable). The two in turns, so that neither finds the memory that it has just given back and both
have the machine of the same minute: all seconds, and the ratios of the medians and of the least ones.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from statistics import median
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


def as_csv(parquet: Path, csv: Path) -> None:
    """The same rows as text."""
    from pyarrow import csv as pc
    from pyarrow import parquet as pq

    with pq.ParquetFile(parquet) as file, pc.CSVWriter(csv, file.schema_arrow) as writer:
        for batch in file.iter_batches():
            writer.write_batch(batch)


def read(path: Path) -> int:
    """What pyarrow does: the whole file into memory."""
    if path.suffix == ".csv":
        from pyarrow import csv as pc

        return int(pc.read_csv(path).num_rows)
    from pyarrow import parquet as pq

    return int(pq.read_table(path).num_rows)


def snapshot(path: Path, folder: Path) -> int:
    """The snapshot; its bytes."""
    place = path if path.suffix == ".csv" else Columnar(path, "parquet")
    return take(Source(place, "id"), folder, bytes(KEY)).path.stat().st_size


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.columnar", description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--csv", action="store_true", help="the rows as a CSV file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="accord-columnar-", dir=Path.cwd()) as name:
        path = Path(name) / "users.parquet"
        alone(make, path, options.rows)
        if options.csv:
            parquet, path = path, path.with_suffix(".csv")
            alone(as_csv, parquet, path)
            parquet.unlink()
        alone(snapshot, path, Path(name))  # has the loops compiled
        alone(read, path)  # has the file in the system's memory
        turns = [(alone(read, path)[1:], alone(snapshot, path, Path(name))[1:]) for _ in range(options.runs)]
        found: dict[str, Any] = {"rows": options.rows, "file_mib": round(path.stat().st_size / (1 << 20), 1)}
    for what, runs in zip(("pyarrow", "snapshot"), zip(*turns, strict=True), strict=True):
        found |= {f"{what}_seconds": [seconds for seconds, _ in runs], f"{what}_mib": max(peak for _, peak in runs)}
    pyarrow, ours = found["pyarrow_seconds"], found["snapshot_seconds"]
    ratios = {"ratio": median(ours) / median(pyarrow), "ratio_of_least": min(ours) / min(pyarrow)}
    print(json.dumps(found | {name: round(value, 2) for name, value in ratios.items()}))


if __name__ == "__main__":
    main()
