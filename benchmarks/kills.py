"""Agents killed at random moments: ``python -m benchmarks.kills [--kills 60] [--broker embedded] [--seed 1]``.

A seeded run of three parties is played again and again while SIGKILL hits a random agent at random moments. Every run
must end with the same models; no event may be lost, doubled or said in two versions.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import tempfile
import time
from pathlib import Path

import psutil
from tests.chaos.rig import PARTIES, Rig
from tests.integration.command import Command

from benchmarks.brokers import brokers


def play(rig: Rig, url: str, rng: random.Random, most: int) -> int:
    """One run; returns how many kills it survived."""
    kills = 0

    def mischief(out: Path) -> None:
        nonlocal kills
        while kills < most and not (out / "result.json").exists():
            time.sleep(rng.uniform(0.02, 0.9))
            folder = out / rng.choice(PARTIES)
            with contextlib.suppress(OSError, ValueError, psutil.NoSuchProcess):
                psutil.Process(int((folder / "agent.pid").read_text())).kill()
                kills += 1

    rig.play(url, mischief, "AGREED")
    return kills


def main() -> None:
    """Play and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--broker", choices=("embedded", "kafka", "mqtt"), default="embedded")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng, total, runs = random.Random(options.seed), 0, 0
    with tempfile.TemporaryDirectory() as home:
        rig = Rig(Command(Path(home)))
        with brokers(Path(home)) as urls:
            if options.broker not in urls:
                parser.error(f"there is no {options.broker} here")
            start = time.monotonic()
            while total < options.kills:
                url = f"{urls[options.broker]}-{runs}"
                total += play(rig, url, rng, min(12, options.kills - total))
                runs += 1
                print(f"{total:4} kills in {runs} runs, all with the same models", flush=True)
            print(f"{total} kills, {runs} runs, {time.monotonic() - start:.0f} s: nothing lost, nothing doubled")


if __name__ == "__main__":
    main()
