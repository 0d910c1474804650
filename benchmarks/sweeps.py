"""Every sweep at full depth: ``python -m benchmarks.sweeps [PATH ...]``. Takes hours; CI sees a third of the points.

Every row count of every journal as an old backup, death at every point of every commit, every bit that may be flipped.
Further arguments go to pytest; without any, the suites that hold sweeps are run.
"""

from __future__ import annotations

import os
import subprocess
import sys

from tests.support.real import SWEEPS

SUITES = ("tests/property", "tests/unit/agents", "tests/unit/evidence")


def main() -> None:
    """Run them, one process a core."""
    paths = sys.argv[1:] or SUITES
    command = [sys.executable, "-m", "pytest", "-q", "-n", "auto", "--dist", "load", *paths]
    sys.exit(subprocess.run(command, env=os.environ | {SWEEPS: "all"}, check=False).returncode)


if __name__ == "__main__":
    main()
