"""Many small collaborations in the same agents: ``python -m benchmarks.soak [--count 200] [--rows 60]``.

Two agents serve over an embedded log; one proposes, the other accepts by policy, again and again. Ended collaborations
are closed after a second and erased a few seconds later (in earnest: 10 s, and the agreed days). Prints each agent's
memory without its workers, and the size of its journal.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import yaml

from accord_scenarios.layout import POLICY

ACCORD = Path(sys.executable).with_name("accord")
PARTIES = ("bank", "shop")


def agent(path: str) -> None:
    """One agent, with shorter waits."""
    from accord_agents.config.party_file import load
    from accord_agents.service import retention
    from accord_agents.service.serving import serve

    retention.REST, retention.LOOK = 1.0, 5.0
    serve(load(Path(path)))


class Soak:
    """Two agents and what they are asked to do."""

    def __init__(self, home: Path, rows: int) -> None:
        self.home, self._rows = home, rows
        self._env = os.environ | {"ACCORD_PASSPHRASE": "soak"}
        parties: dict[str, Any] = {}
        rng = np.random.default_rng(1)
        X = rng.normal(size=(rows, 4))
        y = X.sum(axis=1) + rng.normal(size=rows)
        for p, name in enumerate(PARTIES):
            label = {"label": "y"} if p == 0 else {}
            with (home / f"{name}.csv").open("w", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(["id", "a", "b", *(["y"] if p == 0 else [])])
                for i in range(rows):
                    writer.writerow([f"p{i}", *X[i, 2 * p : 2 * p + 2], *([y[i]] if p == 0 else [])])
            data = {"csv": f"{name}.csv", "id": "id", **label}
            parties[name] = {"role": "feature_holder" if p else "label_holder", "data": data}
            config = {
                "party": name, "broker": "embedded:log.db", "data": data, "keystore": f"{name}.keystore",
                "identities": f"{name}.json", "out": name, "workers": 1,
                "policy": POLICY,
            }  # fmt: skip
            (home / f"{name}.yaml").write_text(yaml.safe_dump(config))
            self._do("keys", "init", config=name)
            self._do("keys", "export", f"{name}.id", config=name)
        for name, other in (PARTIES, PARTIES[::-1]):
            self._do("keys", "trust", f"{other}.id", config=name)
        self.scenario: dict[str, Any] = {
            "parties": parties, "align": {"max_overlap": None}, "keys": {"bits": 2048},
            "train": {"model": "linear", "max_rounds": 3}, "limits": {"retain_days": 0},
        }  # fmt: skip
        command = [sys.executable, "-m", "benchmarks.soak", "--agent"]
        self.agents = {
            name: psutil.Popen([*command, str(home / f"{name}.yaml")], env=self._env, stderr=subprocess.DEVNULL)
            for name in PARTIES
        }
        time.sleep(3)

    def _do(self, *arguments: str, config: str) -> str:
        command = [str(ACCORD), *arguments, "--config", f"{config}.yaml"]
        done = subprocess.run(command, cwd=self.home, env=self._env, capture_output=True, text=True, check=True)
        return done.stdout

    def play(self, number: int) -> None:
        """One collaboration, to its end."""
        (self.home / "s.yaml").write_text(json.dumps({"name": f"soak {number}", **self.scenario}))
        cid = self._do("propose", "s.yaml", config="bank").split()[1]
        end = time.monotonic() + 180
        while True:
            found = json.loads(self._do("status", cid, "--json", config="bank"))
            if found and found[0]["state"] == "COMPLETED":
                return
            assert time.monotonic() < end and not (found and found[0]["state"] in ("FAILED", "REFUSED", "EXPIRED")), (
                found
            )
            time.sleep(0.1)

    def figures(self) -> dict[str, float]:
        """MiB: each agent's memory, each journal."""
        memory = {f"{n} memory": a.memory_info().rss / (1 << 20) for n, a in self.agents.items()}
        files = {f"{n} journal": (self.home / n / "journal.db").stat().st_size / (1 << 20) for n in PARTIES}
        return memory | files

    def stop(self) -> None:
        """End the agents."""
        for process in self.agents.values():
            process.terminate()
        for process in self.agents.values():
            process.wait(20)


def main() -> None:
    """Play and print."""
    if sys.argv[1:2] == ["--agent"]:
        agent(sys.argv[2])
        return
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--rows", type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        soak = Soak(Path(home), options.rows)
        try:
            rows = []
            for number in range(1, options.count + 1):
                soak.play(number)
                if number % max(1, options.count // 10) == 0:
                    rows.append(soak.figures())
                    print(f"{number:5}", "".join(f"{k} {v:8.1f} MiB   " for k, v in rows[-1].items()), flush=True)
        finally:
            soak.stop()
        warm = rows[len(rows) // 4 :]
        for name in [n for n in rows[0] if n.endswith("memory")]:
            growth = warm[-1][name] / warm[0][name] - 1
            print(f"{name}: {100 * growth:+.1f} % from collaboration {options.count // 4 or 1} to {options.count}")


if __name__ == "__main__":
    main()
