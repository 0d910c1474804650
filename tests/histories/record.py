"""Records the histories anew: ``python tests/histories/record.py [NAME ...]``; see README.md beside this file."""

from __future__ import annotations

import io
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import yaml

from accord_agents.config.data_sets import EDGE_PATHS
from accord_scenarios import library

HERE = Path(__file__).parent
OPTIONS = ("keys.bits=2048", "seed=1")
OPEN = ("train.protection=score", "train.max_rounds=2", "train.engine=paillier")
SMALLER = {"breast_cancer": OPEN, "doctor_visits": OPEN}
"""At `closed` a party sends tens of megabytes of ciphertexts, which nothing makes smaller."""
OTHERWISE = {"transfer": ("align.protocol=ot",)}
"""Options of histories that show another way of what a further one shows."""
LIMIT = 4 << 20
"""Bytes that one history may take in the repository."""
LARGER = {"faces": 12 << 20}
"""Likewise, of lattice ciphertexts that stand encrypted at both ends: an answer to a probe alone has 120 kB."""
_PREDICTIONS: dict[str, tuple[str, ...]] = {"predict": (), "online": ("--online",), "paths": ("--paths",)}
"""Histories that follow on a run, with the options of `accord predict`."""
_FILES = ("trees", "hidden", "bins", "weighed", "common_neighbours", "similar", "reach")
"""Scenarios beside this file, of what no bundled one shows."""
_DOCUMENTS = (
    "result.json",
    "model.json",
    "overlap.json",
    "intersection.csv",
    "predictions.csv",
    "reasons.csv",
    "answers.csv",
    "graph.csv",
    "bins.json",
    "matches.csv",
)
_KEPT = (*_DOCUMENTS, "snapshots/*", "payloads/*", "blobs/*/*")


def recorded() -> dict[str, tuple[str, str]]:
    """Command and scenario of each history: every bundled scenario, and every job that none of them is."""
    further = {"psi": ("psi", "wine"), "overlap": ("overlap", "wine"), "predict": ("predict", "wine")}
    further |= {"online": ("online", "wine"), "transfer": ("psi", "wine")}
    further |= {name: ("run", str(HERE / f"{name}.yaml")) for name in _FILES}
    further |= {"climbed": ("predict", str(HERE / "climbed.yaml")), "descended": ("paths", str(HERE / "climbed.yaml"))}
    return {name: ("run", name) for name in library.names()} | further


def record(name: str, command: str, scenario: str | Path, *options: str) -> Path:
    """Play a scenario and keep what its parties left in ``NAME.tar.xz``, with no path of this machine in it.

    One dictionary for all files: what a party sent stands in its journal and in those of its recipients.
    """
    target = HERE / f"{name}.tar.xz"
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        accord = Path(sys.executable).with_name("accord")
        sets = [part for option in (*OPTIONS, *options) for part in ("--set", option)]
        first = "run" if command in _PREDICTIONS else command
        subprocess.run([accord, first, scenario, "--out", run, "--quiet", *sets], check=True)
        if command in _PREDICTIONS:
            run = _predicted(accord, run, *_PREDICTIONS[command])
        with tarfile.open(target, "w:xz", preset=9) as archive:
            identities = next(folder / "identities.json" for folder in (run, run.parent.parent) if _known(folder))
            _add(archive, Path("identities.json"), identities.read_bytes())
            _add(archive, Path("result.json"), (run / "result.json").read_bytes())
            for config in sorted(run.glob("*/party.yaml")):
                _party(archive, run, config.parent)
    if target.stat().st_size > LARGER.get(name, LIMIT):
        raise SystemExit(f"{target} has {target.stat().st_size} bytes; shrink the scenario with further options")
    return target


def _known(folder: Path) -> bool:
    return (folder / "identities.json").exists()


def _predicted(accord: Path, run: Path, *options: str) -> Path:
    """The folder of a prediction of the rows that a run was trained on."""
    scenario = yaml.safe_load((run / "scenario.yaml").read_text(encoding="utf-8"))
    files = [f"--data={party}={member['data']['csv']}" for party, member in scenario["parties"].items()]
    subprocess.run([accord, "predict", run, *files, "--out", run / "predicted.csv", "--quiet", *options], check=True)
    return run / "predictions" / "1"


def _party(archive: tarfile.TarFile, run: Path, folder: Path) -> None:
    config = yaml.safe_load((folder / "party.yaml").read_text(encoding="utf-8"))
    keys = {name: folder / config[name] for name in ("keystore", "passphrase_file")}  # perhaps of an earlier run
    files = {key: "left-out.csv" for key in ("csv", "images", *EDGE_PATHS) if config["data"].get(key)}
    config |= {"broker": "embedded:../broker.db", "data": config["data"] | files}
    config |= {"keystore": "keystore", "passphrase_file": "keystore.key", "identities": "../identities.json"}
    config.pop("models", None)
    home = folder.relative_to(run)
    _add(archive, home / "party.yaml", yaml.safe_dump(config, allow_unicode=True).encode())
    compact = folder / "compact.db"
    journal = sqlite3.connect(folder / "journal.db")
    journal.execute("VACUUM INTO ?", (str(compact),))
    journal.close()
    _add(archive, home / "journal.db", compact.read_bytes())
    for path in keys.values():
        _add(archive, home / path.name, path.read_bytes())
    for path in sorted(path for pattern in _KEPT for path in folder.glob(pattern)):
        _add(archive, path.relative_to(run), path.read_bytes())


def _add(archive: tarfile.TarFile, name: Path, body: bytes) -> None:
    entry = tarfile.TarInfo(name.as_posix())
    entry.size, entry.mode = len(body), 0o600
    archive.addfile(entry, io.BytesIO(body))


def unpack(name: str, folder: Path) -> Path:
    """A recorded run, as `accord run` leaves it."""
    with tarfile.open(HERE / f"{name}.tar.xz") as archive:
        for entry in archive:
            path = folder / entry.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(entry.mode)
            path.write_bytes(archive.extractfile(entry).read())  # type: ignore[union-attr]
    return folder


def main() -> None:
    """Record the named histories, or all."""
    for name in sys.argv[1:] or recorded():
        path = record(name, *recorded()[name], *SMALLER.get(name, ()), *OTHERWISE.get(name, ()))
        print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
