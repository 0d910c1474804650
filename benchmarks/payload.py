"""One large payload from a worker of one agent to a machine of another, read by a third as a bystander; one JSON line.

``python -m benchmarks.payload --mib 200 [--before REV]``: peak memory of each agent and its workers above what they
took before, bytes that each wrote to disk, and seconds from the first byte made to the machine that takes the payload.
Memory and bytes are counted on until a worker of the receiver has read it all. ``--before`` measures an earlier
revision in the same run, in turns, and adds its figures.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ("scenarios", "agents", "broker", "protocols", "schemas")
PARTIES = {"sender": "bank", "receiver": "shop", "bystander": "telco"}
PAUSE = 0.02
SCENARIO = """\
name: payload
parties:
  bank: {{role: label_holder, data: {{csv: rows.csv, id: id}}}}
  shop: {{role: feature_holder, data: {{csv: rows.csv, id: id}}}}
  telco: {{role: feature_holder, data: {{csv: rows.csv, id: id}}}}
align: {{max_overlap: null}}
"""


class Watch:
    """Looks at the processes of every agent, until the payload was read.

    Args:
        out: Folder of the run.
        marks: Folder of the toy's marks.
    """

    def __init__(self, out: Path, marks: Path) -> None:
        self._out, self._marks = out, marks
        self.idle: dict[str, float] = {}
        self.peak = dict.fromkeys(PARTIES, 0.0)
        self._written: dict[str, dict[int, int]] = {name: {} for name in PARTIES}
        self._before: dict[str, int] = {}
        self.times: dict[str, float] = {}
        self.over = threading.Event()

    def run(self) -> None:
        """Until told to stop."""
        while not self.over.is_set():
            for mark in ("started", "heard", "looked"):
                path = self._marks / mark
                if mark not in self.times and path.exists():
                    self.times[mark] = path.stat().st_mtime
            for name, party in PARTIES.items():
                self._look(name, self._out / party / "agent.pid")
            time.sleep(PAUSE)

    def _look(self, name: str, pid: Path) -> None:
        with contextlib.suppress(OSError, ValueError):
            processes = list(_family(int(pid.read_text())))
            memory = sum(map(_resident, processes))
            self._written[name] |= {process: _written(process) for process in processes}
            if "started" not in self.times:
                self.idle[name], self._before[name] = memory, sum(self._written[name].values())
            elif "looked" not in self.times:
                self.peak[name] = max(self.peak[name], memory)

    def figures(self, mib: int) -> dict[str, Any]:
        """What was seen."""
        found: dict[str, Any] = {"mib": mib, "seconds": round(self.times["heard"] - self.times["started"], 2)}
        found |= {f"{name}_mib": round(max(0.0, self.peak[name] - self.idle[name]), 1) for name in PARTIES}
        written = {n: (sum(self._written[n].values()) - self._before[n]) / (1 << 20) for n in PARTIES}
        return found | {"written_mib": {name: round(value, 1) for name, value in written.items()}}


def _family(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from _family(int(child))


def _resident(pid: int) -> float:
    with contextlib.suppress(OSError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)
    return 0.0


def _written(pid: int) -> int:
    with contextlib.suppress(OSError):
        lines = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
        return int(lines["write_bytes"])
    return 0


def measure(mib: int, source: Path) -> dict[str, Any]:
    """One run of the code in a folder."""
    with tempfile.TemporaryDirectory(prefix="accord-payload-") as folder:
        base, marks = Path(folder), Path(folder) / str(mib)
        marks.mkdir()
        (base / "rows.csv").write_text("id,x,y\n" + "".join(f"user-{k},{k},{k}\n" for k in range(8)))
        (base / "payload.yaml").write_text(SCENARIO.format())
        paths = [str(ROOT / "benchmarks" / "toy"), *(str(source / floor) for floor in FLOORS)]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "ACCORD_PAYLOAD": str(marks)}
        start = "import sys; from accord_scenarios.cli import main; sys.exit(main())"
        command = [sys.executable, "-c", start, "run", str(base / "payload.yaml")]
        watch = Watch(base / "out", marks)
        watching = threading.Thread(target=watch.run)
        watching.start()
        try:
            done = subprocess.run(
                [*command, "--out", str(base / "out"), "--quiet"],
                env=environment,
                cwd=base,
                capture_output=True,
                text=True,
            )
        finally:
            watch.over.set()
            watching.join()
        if done.returncode or set(watch.times) != {"started", "heard", "looked"}:
            raise SystemExit(f"the run failed ({done.returncode}): {done.stderr.strip()[-2000:]}")
        return watch.figures(mib)


@contextlib.contextmanager
def checked_out(revision: str) -> Iterator[Path]:
    """The code of a revision, in a worktree of its own."""
    with tempfile.TemporaryDirectory(prefix="accord-before-") as folder:
        tree = Path(folder) / "tree"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--detach", "--quiet", str(tree), revision], check=True)
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.payload", description=__doc__)
    parser.add_argument("--mib", type=int, default=200)
    parser.add_argument("--before", metavar="REV")
    parser.add_argument("--turns", type=int, default=1, help="runs of each; the fastest counts")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        sources = [ROOT] + ([stack.enter_context(checked_out(options.before))] if options.before else [])
        turns = [[measure(options.mib, source) for source in sources] for _ in range(options.turns)]
    now, *before = (min(runs, key=lambda run: float(run["seconds"])) for runs in zip(*turns, strict=True))
    if before:
        now |= {"before": before[0], "times_faster": round(before[0]["seconds"] / now["seconds"], 2)}
    print(json.dumps(now))


if __name__ == "__main__":
    main()
