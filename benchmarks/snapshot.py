"""Memory and time of a snapshot of many ids: ``python -m benchmarks.snapshot [--ids 10000000]``, one JSON line.

A file of that many rows, an id and a number each, of which every thousandth repeats an id; then, each in a process of
its own: reading it once into a snapshot, mapping that (checked once through) and going through all ids, and going
through all buckets.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from accord_agents.intake.reader import Source, take
from accord_agents.intake.snapshot import read_snapshot
from accord_protocols.primitives.psi.buckets import KEY

REPEATED = 1000
IN_BUCKET = 1 << 16


def make(path: Path, count: int) -> None:
    """Write the file."""
    with path.open("w") as file:
        file.write("id,x\n")
        for k in range(count):
            file.write(f"user-{k - (k % REPEATED == REPEATED - 1):010d},{k % 7}.5\n")


def write(csv: Path, folder: Path) -> Path:
    """Read it once into a snapshot."""
    return take(Source(csv, "id"), folder, bytes(KEY)).path


def read(path: Path) -> int:
    """Read the snapshot, and go through all ids."""
    table = read_snapshot(path, path.stem)
    assert sum(map(len, table.ids)) == 15 * len(table.ids)
    return len(table.ids)


def buckets(path: Path) -> int:
    """Read the snapshot, and go through all ids by buckets."""
    table = read_snapshot(path, path.stem)
    assert table.buckets is not None
    of = -(-len(table.ids) // IN_BUCKET)
    assert sum(len(table.buckets.ids(number, of)) for number in range(of)) == len(table.ids)
    return of


def alone(step: Any, *values: Any) -> tuple[Any, float, float]:
    """(result, seconds, peak MiB) of a step in a process of its own."""
    here, there = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(there, step, values))
    process.start()
    there.close()  # or a step that fails would be waited for
    found: tuple[Any, float, float] = here.recv()
    process.join()
    return found


def _run(to: Connection, step: Any, values: tuple[Any, ...]) -> None:
    start = time.monotonic()
    result = step(*values)
    seconds = time.monotonic() - start
    to.send((result, round(seconds, 2), round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.snapshot", description=__doc__)
    parser.add_argument("--ids", type=int, default=10_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="accord-snapshot-") as name:
        csv = Path(name) / "users.csv"
        make(csv, options.ids)
        path, *wrote = alone(write, csv, Path(name))
        ids, *looked = alone(read, path)
        of, *went = alone(buckets, path)
        sizes = {"csv_mib": csv.stat().st_size, "file_mib": path.stat().st_size}
    found: dict[str, Any] = {"rows": options.ids, "ids": ids, "buckets": of}
    found |= {what: round(size / (1 << 20), 1) for what, size in sizes.items()}
    for what, (seconds, peak) in {"write": wrote, "read": looked, "bucket": went}.items():
        found |= {f"{what}_seconds": seconds, f"{what}_mib": peak}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
