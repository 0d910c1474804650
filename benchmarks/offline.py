"""The offline phase of two parties at level `shared`, per round that it serves, beside the one of an earlier revision.

``python -m benchmarks.offline [--before a71b58b] [--rows 6000 | --full] [--json]``. Both parties own a key: everything
is done in both directions, key generation and proofs included, by the tasks that workers run and in the parts that they
are cut into, on as many processes as there are cores. Before and after take turns, each in processes of its own; the
earlier one runs in a git worktree of its own, which is removed. The figures are processor seconds, which neighbours of
a shared machine disturb least, and wall-clock seconds.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ("schemas", "protocols", "broker", "agents", "scenarios")
FULL = 24_000


@contextlib.contextmanager
def revision(name: str) -> Iterator[Path]:
    """The files of a revision in a folder of their own."""
    with tempfile.TemporaryDirectory(prefix="accord-before-") as folder:
        tree = Path(folder) / "tree"
        git = ("git", "-C", str(ROOT), "worktree")
        added = subprocess.run([*git, "add", "-q", "--detach", str(tree), name], capture_output=True, text=True)
        if added.returncode:
            sys.exit(f"The revision {name} cannot be had from {ROOT}: {added.stderr.strip()}. Fetch the whole history.")
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


def measure(tree: Path, options: argparse.Namespace) -> dict[str, Any]:
    """One offline phase with the code of a tree."""
    sizes = [str(value) for value in (options.bits, options.rows, options.columns, options.rounds)]
    path = os.pathsep.join(str(tree / floor) for floor in FLOORS)
    script = ROOT / "benchmarks" / "offline_phase.py"
    done = subprocess.run(
        [sys.executable, "-P", str(script), *sizes],
        env=os.environ | {"PYTHONPATH": path},
        cwd=tree,
        check=True,
        capture_output=True,
        text=True,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.offline", description=__doc__)
    parser.add_argument("--before", default="a71b58b", help="the earlier revision")
    parser.add_argument("--bits", type=int, default=3072)
    parser.add_argument("--rows", type=int, default=6000)
    parser.add_argument("--full", action="store_true", help=f"{FULL:,} rows")
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=60, help="agreed at most")
    parser.add_argument("--repeats", type=int, default=1, help="the best of so many")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    options.rows = FULL if options.full else options.rows
    runs: dict[str, list[dict[str, Any]]] = {"before": [], "after": []}
    with revision(options.before) as earlier:
        for _ in range(options.repeats):
            for name, tree in (("before", earlier), ("after", ROOT)):
                runs[name].append(measure(tree, options))
    best = {name: min(found, key=lambda run: run["processor"]) for name, found in runs.items()}
    times = {kind: {name: run[kind] / run["slots"] for name, run in best.items()} for kind in ("processor", "wall")}
    faster = {kind: both["before"] / both["after"] for kind, both in times.items()}
    if options.json:
        print(json.dumps({"runs": runs, "per_round": times, "faster": faster}, indent=2))
        return
    print(f"Offline phase, {options.bits} bits, {options.rows:,} x {options.columns}, two parties, both directions.\n")
    for name, run in best.items():
        steps = ", ".join(f"{step} {seconds:.1f}" for step, seconds in run["steps"].items())
        print(f"{name:7} {run['slots']} rounds in {run['processor']:.1f} s of processor ({steps}), {run['wall']:.1f} s")
    for kind, both in times.items():
        before, after = both["before"], both["after"]
        print(f"a round, {kind}: {before:.3f} s before, {after:.3f} s after, {faster[kind]:.2f} times as fast")


if __name__ == "__main__":
    main()
