"""Trees by whole agents: ``python -m benchmarks.forest [--rows 200000] [--columns 20] [--trees 2] [--shared]``.

Two parties with as many columns each, 32 bins, depth 5, every party an agent of its own on this machine, through the
journaled log. A tree's seconds are those of all trees, divided by them; what comes before the first one is `once`.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path

from benchmarks.played import Size, played


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.forest", description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--trees", type=int, default=2)
    parser.add_argument("--shared", action="store_true", help="level shared, squared loss")
    parser.add_argument("--small", action="store_true", help="2,000 rows, 3 + 3 columns")
    options = parser.parse_args()
    if options.small:
        options.rows, options.columns = 2_000, 3
    train = {
        "model": "boosted_trees",
        "objective": "squared" if options.shared else "logistic",
        "protection": "shared" if options.shared else "paths",
        "trees": options.trees,
        "stop_after": None,
    }
    with tempfile.TemporaryDirectory() as name:
        result = played(Path(name), Size(options.rows, (options.columns,) * 2), train, family="logistic")
    seconds, sent = result["seconds"], result["bytes"]
    figures = {
        "rows": options.rows,
        "columns": [options.columns] * 2,
        "protection": train["protection"],
        "cores": os.cpu_count(),
        "seconds_once": round(seconds["prepare"] + seconds["offline"], 1),
        "seconds_a_tree": round(seconds["train"] / result["trees"], 2),
        "megabytes_a_tree": round(sent["gradients"] / 1e6 / result["trees"], 2),
        "peak_mib": round(max(result["peak_rss_mib"].values())),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
