"""Trainings on made data: files for any number of parties, a whole run of their agents, and what it took."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

NAMES = ("bank", "shop", "telco", "insurer", "clinic")
_CHUNK = 10_000
PHASES = ("keys", "align", "prepare", "offline", "train", "evaluate")


@dataclass(frozen=True, slots=True)
class Size:
    """Of a training.

    Args:
        rows: That all parties have.
        features: Of each party, the label holder first.
    """

    rows: int
    features: tuple[int, ...]

    @property
    def parties(self) -> int:
        """N."""
        return len(self.features)


def split(features: int, parties: int) -> tuple[int, ...]:
    """So many features over so many parties, as evenly as can be."""
    return tuple(features // parties + (p < features % parties) for p in range(parties))


def write(folder: Path, size: Size, model: str) -> dict[str, Path]:
    """A file for each party, written some rows at a time: all have the same ids, in the same order."""
    rng, files = np.random.default_rng(0), {}
    weights = [rng.normal(size=k) / max(1, sum(size.features)) ** 0.5 for k in size.features]
    for p, (name, k) in enumerate(zip(NAMES, size.features, strict=False)):
        files[name] = folder / f"{name}.csv"
        with files[name].open("w") as file:
            file.write(",".join(["id", *(f"x{p}_{j}" for j in range(k)), *(["y"] if not p else [])]) + "\n")
    for first in range(0, size.rows, _CHUNK):
        count = min(_CHUNK, size.rows - first)
        blocks = [rng.normal(size=(count, k)).round(4) for k in size.features]
        score = sum(block @ w for block, w in zip(blocks, weights, strict=True))
        y = labels(model, 2 * np.asarray(score), rng)
        for p, (name, block) in enumerate(zip(files, blocks, strict=True)):
            with files[name].open("a") as file:
                for k, row in enumerate(block.tolist()):
                    cells = [f"user-{first + k:08d}", *map(repr, row), *([repr(float(y[k]))] if not p else [])]
                    file.write(",".join(cells) + "\n")
    return files


def labels(model: str, score: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Of a family."""
    if model == "logistic":
        chosen: np.ndarray = rng.random(len(score)) < 1 / (1 + np.exp(-score))
        return chosen.astype(float)
    if model == "poisson":
        counts: np.ndarray = rng.poisson(np.exp(0.3 * score)).astype(float)
        return counts
    return score + rng.normal(size=len(score))


def played(
    folder: Path, size: Size, train: Mapping[str, Any], family: str = "", protocol: str = "ecdh"
) -> dict[str, Any]:
    """The result of a whole run: every party an agent of its own, on this machine; labels are of the model's family."""
    files = write(folder, size, family or str(train["model"]))
    parties = {
        name: {
            "role": "feature_holder" if p else "label_holder",
            "data": {"csv": str(files[name]), "id": "id"} | ({} if p else {"label": "y"}),
        }
        for p, name in enumerate(files)
    }
    scenario = {
        "name": "benchmark",
        "parties": parties,
        "train": dict(train),
        "align": {"max_overlap": None, "protocol": protocol},
        "evaluate": {"reference": False},
    }
    (folder / "scenario.yaml").write_text(json.dumps(scenario))
    return run(folder)


def run(folder: Path) -> dict[str, Any]:
    """The result of the folder's ``scenario.yaml``.

    Raises:
        SystemExit: It was not completed.
    """
    accord, out = Path(sys.executable).with_name("accord"), folder / "run"
    subprocess.run([accord, "run", folder / "scenario.yaml", "--out", out, "--quiet"], check=True)
    result: dict[str, Any] = json.loads((out / "result.json").read_bytes())
    if result["status"] != "COMPLETED":
        raise SystemExit(f"the run ended {result['status']}: {result['reason']}")
    return result


def figures(result: Mapping[str, Any]) -> dict[str, Any]:
    """Seconds by phase, megabytes that all parties sent, rounds, the largest agent's memory."""
    seconds = {phase: round(result["seconds"][phase] or 0.0, 1) for phase in PHASES}
    sent = sum(result["bytes"].values()) / 1e6
    peak = round(max(result["peak_rss_mib"].values()))
    engine = {name: result[name] for name in ("engine", "protection", "rounds", "converged")}
    return engine | {"seconds": seconds, "megabytes": round(sent, 1), "peak_mib": peak}
