"""How training grows: ``python -m benchmarks.scaling [--small] [--protection closed] [--model logistic] [--json]``.

    python -m benchmarks.scaling --rows 1000000 --model linear --protection shared --align ot --dir /var/tmp

One size is changed at a time: rows 1,000 to 100,000, features of all parties together 5 to 100, parties 2 to 5. Each
line is a whole run of agents on this machine: seconds by phase, megabytes that all sent, rounds, the largest agent's
peak, and what lies on disk at the end. Below: how much longer the most rows take than the fewest. With `--rows` these
sizes alone; what they need is said first, and a folder with less room is refused.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.played import PHASES, Size, figures, played, split

WHOLE = ((1_000, 10_000, 100_000), (5, 20, 50, 100), (2, 3, 4, 5))
SMALL = ((300, 1_000), (4, 8), (2, 3))
_ROW, _COLUMN = 3_000, 700
"""Bytes on disk for a row and party, and for each of its columns: log, journal and payloads, files and snapshot. Of a
linear model at `shared` a quarter of it is there at the end."""
_MEMORY = 1_800
"""Bytes of an agent with its workers for a row, as from 10,000 to 100,000 rows of 20 columns at `shared`."""


def sizes(rows: tuple[int, ...], features: tuple[int, ...], parties: tuple[int, ...]) -> Iterator[Size]:
    """Rows, then features, then parties, around the second least of each."""
    middle = Size(rows[1], split(features[1], parties[0]))
    found = [Size(n, middle.features) for n in rows]
    found += [Size(middle.rows, split(m, parties[0])) for m in features]
    found += [Size(middle.rows, split(features[1], count)) for count in parties]
    yield from dict.fromkeys(found)


def line(size: Size, found: dict[str, Any]) -> str:
    """Of the table."""
    cells = [f"{size.rows:,}", str(sum(size.features)), str(size.parties)]
    cells += [f"{found['seconds'][phase]:.1f}" for phase in PHASES]
    cells += [f"{found['megabytes']:,.1f}", str(found["rounds"]), str(found["peak_mib"]), f"{found['disk_mb']:,}"]
    return "| " + " | ".join(cells) + " |"


def needs(size: Size, where: Path) -> str:
    """What a size needs at most, about, before it is begun.

    Raises:
        SystemExit: There is less room.
    """
    disk = size.rows * size.parties * (_ROW + _COLUMN * max(size.features)) / 1e9
    memory, free = size.parties * (0.4 + _MEMORY * size.rows / 1e9), shutil.disk_usage(where).free / 1e9
    said = f"{size.rows:,} rows: up to {disk:.1f} GB in {where}, and {memory:.1f} GB of memory for all agents"
    if free < disk:
        raise SystemExit(f"{said}; {free:.0f} GB are free there, see --dir.")
    return said


def growth(measured: dict[Size, dict[str, Any]]) -> str:
    """Of the time that depends on rows, between the most and the fewest rows of one width."""
    width = next(iter(measured)).features
    same = sorted((s for s in measured if s.features == width), key=lambda s: s.rows)
    few, many = ((s, sum(measured[s]["seconds"][p] for p in PHASES if p != "keys")) for s in (same[0], same[-1]))
    times = f"{many[0].rows / few[0].rows:.0f} times the rows take {many[1] / max(few[1], 0.1):.1f} times as long"
    return f"{times} ({few[1]:.1f} s and {many[1]:.1f} s, without keys)"


def _used(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__)
    parser.add_argument("--small", action="store_true", help="sizes that take a minute")
    parser.add_argument("--model", default="logistic", choices=("linear", "logistic", "poisson"))
    parser.add_argument("--protection", default="closed", choices=("score", "express", "shared", "closed"))
    parser.add_argument("--align", default="ecdh", choices=("rsa", "ecdh", "ot"))
    parser.add_argument("--rows", type=int, nargs="+", help="these sizes alone")
    parser.add_argument("--features", type=int, default=20, help="of all parties together, with --rows")
    parser.add_argument("--parties", type=int, default=2, choices=(2, 3, 4, 5), help="with --rows")
    parser.add_argument("--dir", type=Path, help="where the files of runs lie meanwhile; the temporary folder")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    train = {"model": options.model, "protection": options.protection, "l2": 0.01, "tolerance": 1e-4}
    measured: dict[Size, dict[str, Any]] = {}
    if not options.json:
        print("| rows | features | parties | " + " | ".join(PHASES) + " | MB | rounds | peak MiB | disk MB |")
        print("|" + "---:|" * (7 + len(PHASES)), flush=True)
    wanted = sizes(*(SMALL if options.small else WHOLE))
    if options.rows:
        wanted = iter([Size(rows, split(options.features, options.parties)) for rows in options.rows])
    for size in wanted:
        with tempfile.TemporaryDirectory(dir=options.dir) as name:
            print(needs(size, Path(name)), file=sys.stderr, flush=True)
            found = figures(played(Path(name), size, train, protocol=options.align))
            measured[size] = found | {"disk_mb": round(_used(Path(name)) / 1e6)}
        said = {"rows": size.rows, "features": size.features} | measured[size]
        print(json.dumps(said) if options.json else line(size, measured[size]), flush=True)
    if not options.json and len(measured) > 1:
        print(f"\n{growth(measured)}")


if __name__ == "__main__":
    main()
