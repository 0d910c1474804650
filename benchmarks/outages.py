"""A broker that goes away: ``python -m benchmarks.outages [--broker kafka] [--count 20] [--seconds 1 90] [--busy 0]``.

Two agents, a bridge and a following auditor stand on one broker, which is stopped by SIGKILL and SIGTERM in turn, idle
and in every phase of a collaboration, and stays away for some time between the given seconds. Nobody is ever started
again. Prints how many ended, how often their logs say that they started once more, and how many events were lost,
doubled, or are missing on the bridge's other side; every figure must be 0.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import math
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.chaos.standing import Server, Standing
from tests.contract.mosquitto import Mosquitto
from tests.integration.command import Command
from tests.support.servers import Kafka

MOMENTS = ("", "AGREED", "KEYED", "ALIGNED", "PREPARED", "TRAINING", "CONVERGED")
"""States after which the broker goes away; the first is idle."""
SIGNALS = (signal.SIGKILL, signal.SIGTERM)
COPIED = 30.0
"""Seconds within which the bridge is to have carried what was said last."""
WITHIN = 5.0
"""Seconds within which whoever watches an agent is to know."""


def plan(count: int, low: float, high: float) -> Iterator[tuple[str, signal.Signals, float]]:
    """Moment, signal and seconds of each outage; the seconds grow evenly and are spread over moments and signals."""
    step = next(k for k in itertools.count(7) if math.gcd(k, count) == 1)
    for i in range(count):
        share = (i * step % count) / max(1, count - 1)
        yield MOMENTS[i % len(MOMENTS)], SIGNALS[i % len(SIGNALS)], low + (high - low) * share


@contextlib.contextmanager
def busy(loops: int) -> Iterator[None]:
    """Endless loops beside."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(loops)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def wait(standing: Standing) -> int:
    """Give the bridge time to finish its copy; returns how many events it lacks then."""
    end = time.monotonic() + COPIED
    while (missing := standing.not_copied()) and time.monotonic() < end:
        time.sleep(0.5)
    return missing


def play(server: Server, home: Path, outages: list[tuple[str, signal.Signals, float]]) -> bool:
    """Play all outages of one broker; returns whether every figure is 0."""
    with Standing(Command(home), server) as standing:
        downs, ups = [], []
        for number, (state, how, seconds) in enumerate(outages, 1):
            _, down, up = standing.outage(state, how, seconds)
            downs.append(down)
            ups.append(up)
            said = f"shown after {down:.1f} s, ready again after {up:.1f} s"
            print(f"{number:4}  {state or 'idle':10} {how.name}  away {seconds:5.1f} s  {said}", flush=True)
        missing = wait(standing)
        ended, codes = standing.ended(), standing.stop()
        lost, doubled = standing.lost_and_doubled()
        restarted = standing.restarted()
    wrong = [name for name, code in codes.items() if code]
    figures = f"{len(ended)} ended, {restarted} restarted, {lost} lost, {doubled} doubled, {missing} not bridged"
    print(f"{len(outages)} outages: {figures}")
    print(f"shown after {max(downs):.1f} s at most, ready again after {max(ups):.1f} s at most", *ended, *wrong)
    return not (ended or wrong or restarted or lost or doubled or missing) and max(downs) <= WITHIN


def main() -> int:
    """Play and print; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.outages", description=__doc__)
    parser.add_argument("--broker", choices=("kafka", "mosquitto", "both"), default="both")
    parser.add_argument("--count", type=int, default=7, help="outages of each broker")
    parser.add_argument("--seconds", type=float, nargs=2, default=(1.0, 10.0), metavar=("LOW", "HIGH"))
    parser.add_argument("--busy", type=int, default=0, metavar="LOOPS", help="endless loops beside")
    options = parser.parse_args()
    held = True
    for name in ("kafka", "mosquitto") if options.broker == "both" else (options.broker,):
        with tempfile.TemporaryDirectory() as folder, busy(options.busy):
            home, place = Path(folder) / "home", Path(folder) / name
            home.mkdir()
            print(name, flush=True)
            server = Kafka(place) if name == "kafka" else Mosquitto(place)
            server.start()
            try:
                held &= play(server, home, list(plan(options.count, *options.seconds)))
            finally:
                server.stop(signal.SIGKILL)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
