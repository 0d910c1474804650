"""Many columns at `closed`: ``python -m benchmarks.wide [--rows 100000] [--features 165] [--rounds 10] [--small]``.

Two parties, as many features each, logistic regression, the Hessian of the score 0 once (`gram`: for many columns).
FATE published 294 s an epoch for a matrix of 100,000 rows and 165 + 165 columns, on 16 cores; here both parties share
this machine's. Nothing is opened in either.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path

from benchmarks.played import Size, figures, played

FATE_EPOCH = 294
"""Seconds, of 100,000 rows and 165 + 165 columns."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.wide", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--features", type=int, default=165)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--small", action="store_true", help="1,000 rows, 12 + 12 columns, 3 rounds")
    options = parser.parse_args()
    if options.small:
        options.rows, options.features, options.rounds = 1_000, 12, 3
    train = {
        "model": "logistic",
        "protection": "closed",
        "optimiser": "gram",
        "l2": 0.01,
        "tolerance": 1e-4,
        "max_rounds": options.rounds,
    }
    with tempfile.TemporaryDirectory() as name:
        found = figures(played(Path(name), Size(options.rows, (options.features,) * 2), train))
    training = found["seconds"]["offline"] + found["seconds"]["train"]
    size = {"rows": options.rows, "features": [options.features] * 2, "cores": os.cpu_count()}
    rate = {"seconds_a_round": round(training / max(1, found["rounds"]), 1), "fate_seconds_an_epoch": FATE_EPOCH}
    print(json.dumps(size | found | rate))


if __name__ == "__main__":
    main()
