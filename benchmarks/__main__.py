"""Run the benchmarks: ``python -m benchmarks [--bits 3072] [--rows 10000] [--columns 13] [--json]``."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from benchmarks.paillier import Row, run


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--bits", type=int, default=3072)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--columns", type=int, default=13)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = run(options.bits, options.rows, options.columns)
    if options.json:
        print(json.dumps({"bits": options.bits, "seconds": [asdict(row) for row in rows]}, indent=2))
        return
    print(f"Paillier, {options.bits} bits, one core. `phe` and the plain loop: measured on a sample and scaled.\n")
    print(f"{'':44}{'ours':>12}{'phe':>12}{'naive':>12}{'x phe':>8}{'x naive':>9}")
    for row in rows:
        print(line(row))


def line(row: Row) -> str:
    """One line of the table."""
    times = "".join(f"{duration(value):>12}" for value in (row.ours, row.phe, row.naive))
    ratios = (f"{value / row.ours:.1f}" if value else "" for value in (row.phe, row.naive))
    return f"{row.name:44}{times}{next(ratios):>8}{next(ratios):>9}"


def duration(seconds: float | None) -> str:
    """Three digits and a unit."""
    if seconds is None:
        return ""
    if seconds < 1e-3:
        return f"{1e6 * seconds:.3g} µs"
    return f"{1e3 * seconds:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


if __name__ == "__main__":
    main()
