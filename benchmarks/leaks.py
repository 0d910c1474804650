"""What an honest label holder works out at level `shared`: ``python -m benchmarks.leaks [--trees 50] [--rows 24011]
[--files LABELLED.csv OTHER.csv]``.

Trees are grown in the clear by the program's own rules; what would be opened is read by `tests.support.leaking`. Files
begin with an id and, the first one, the label. Without any, rows are made up: 13 + 10 columns of two companies that
know some of the same things about their customers. Prints single rows that were linked, sums over fewer than 20 rows,
how much of the entropy of the other's binned columns is known for certain, and how much counts say in the mean.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from pathlib import Path

import numpy as np
from tests.support.leaking import Reader, alike
from tests.support.twin import Twin

from accord_protocols.boosting.binning import bins_of, cuts_of
from accord_protocols.primitives.psi.ids import is_test
from accord_schemas.parts import Trees

SAID = (1, 5, 10, 20, 30, 50, 100)
HASH_MODULUS = 5


def read(labelled: Path, other: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of the common TRAIN rows the columns of both, and the labels."""
    tables = []
    for path in (labelled, other):
        with path.open(encoding="utf-8", newline="") as file:
            tables.append({row[0]: [float(value) for value in row[1:]] for row in list(csv.reader(file))[1:]})
    ids = [one for one in tables[0] if one in tables[1] and not is_test(one, HASH_MODULUS, 0)]
    first = np.array([tables[0][one] for one in ids])
    return first[:, 1:], np.array([tables[1][one] for one in ids]), first[:, 0]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.leaks", description=__doc__)
    parser.add_argument("--trees", type=int, default=50)
    parser.add_argument("--rows", type=int, default=24_011, help="TRAIN rows, at most")
    parser.add_argument("--files", type=Path, nargs=2, metavar="FILE")
    options = parser.parse_args()
    own, other, y = read(*options.files) if options.files else alike(options.rows, (13, 10))
    own, other, y = (values[: options.rows] for values in (own, other, y))
    terms = Trees(protection="shared", objective="squared", trees=options.trees)
    bins = [
        np.stack([bins_of(column, cuts_of(column, terms.bins)) for column in values.T], axis=1).astype(np.uint8)
        for values in (own, other)
    ]
    twin, reader, began = Twin(bins, y, terms), Reader(bins[0], bins[1], y > y.min(), terms.bins), time.process_time()
    for tree in range(options.trees):
        for opened in twin.grow(tree):
            reader.take(opened)
        if tree + 1 in (*SAID, options.trees):
            known, exact = reader.certain()
            figures = {
                "rows": len(y),
                "trees": tree + 1,
                "linked": reader.claims,
                "sums_of_few_rows": reader.thin,
                "sums": reader.groups,
                "certain": round(known, 4),
                "cells_exact": round(exact, 5),
                "statistics": round(reader.statistics(), 4),
                "cpu_seconds": round(time.process_time() - began),
            }
            print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
