"""A million bad events: ``python -m benchmarks.fuzz [--events 1000000] [--seed 1]``.

They are mutations of a real collaboration's events, as a stranger, a network or a cheating party would send them, given
to one party in the middle of a collaboration. Prints how often each reason was given, and the memory at the tenths.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil
from tests.support.fuzz import Fuzz


def play(seed: int, events: int) -> tuple[Counter[str], list[float], int]:
    """One process's share: reasons, MiB at each tenth, collaborations ended by a cheating party."""
    with tempfile.TemporaryDirectory() as folder:
        fuzz = Fuzz(Path(folder), seed)
        memory = []
        for _ in range(10):
            fuzz.run(events // 10)
            memory.append(psutil.Process().memory_info().rss / (1 << 20))
        assert fuzz.completes(), "the collaboration does not go to its end any more"
        fuzz.close()
        return fuzz.reasons, memory, fuzz.restarts


def main() -> None:
    """Play and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    start, cores = time.monotonic(), multiprocessing.cpu_count()
    shares = [(options.seed + k, options.events // cores) for k in range(cores)]
    with multiprocessing.get_context("spawn").Pool(cores) as pool:
        results = pool.starmap(play, shares)
    reasons: Counter[str] = sum((found for found, _, _ in results), Counter())
    for reason, count in reasons.most_common():
        print(f"{count:9}  {reason}")
    for number, (_, memory, restarts) in enumerate(results, 1):
        print(
            f"process {number}: MiB {', '.join(f'{m:.0f}' for m in memory)}; ended by a cheating party {restarts} times"
        )
    total = sum(reasons.values())
    print(f"{total} events in {time.monotonic() - start:.0f} s, {len(reasons)} reasons, no crash")


if __name__ == "__main__":
    main()
