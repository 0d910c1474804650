"""Memory and time of a snapshot of many ids: ``python -m benchmarks.snapshot [--ids 10000000]``, one JSON line.

The ids and one column are made as they are asked for, so that what is measured is the snapshot: writing it, reading it
back (checked once through), and going through all ids, each in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, overload

import numpy as np

from accord_agents.intake.snapshot import read_snapshot, write_snapshot
from accord_agents.intake.table import Report, Table


class Made(Sequence[str]):
    """``user-0000000000`` and so on, none of them in memory."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...

    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return [self[k] for k in range(*index.indices(self._count))]
        return f"user-{range(self._count)[index]:010d}"

    def __iter__(self) -> Iterator[str]:
        return (f"user-{k:010d}" for k in range(self._count))


def write(count: int, folder: Path, _digest: str) -> str:
    """Write it; returns its digest."""
    values = np.broadcast_to(np.float64(1.5), (count, 1))
    return write_snapshot(Table(Made(count), ("x",), values, None, Report(count, 0, 0)), folder).digest


def read(_count: int, folder: Path, digest: str) -> str:
    """Read it, and go through all ids."""
    table = read_snapshot(folder / f"{digest}.table", digest)
    assert sum(map(len, table.ids)) == 15 * len(table.ids)
    return digest


def alone(step: Any, *values: Any) -> tuple[str, float, float]:
    """(result, seconds, peak MiB) of a step in a process of its own."""
    here, there = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(there, step, values))
    process.start()
    found: tuple[str, float, float] = here.recv()
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
    with tempfile.TemporaryDirectory(prefix="accord-snapshot-") as folder:
        digest, wrote, peak = alone(write, options.ids, Path(folder), "")
        _, looked, most = alone(read, options.ids, Path(folder), digest)
        size = round((Path(folder) / f"{digest}.table").stat().st_size / (1 << 20), 1)
    found = {"ids": options.ids, "file_mib": size, "write_seconds": wrote, "write_mib": peak}
    print(json.dumps(found | {"read_seconds": looked, "read_mib": most}))


if __name__ == "__main__":
    main()
