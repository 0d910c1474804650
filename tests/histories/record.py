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

from accord_scenarios import library

HERE = Path(__file__).parent
OPTIONS = ("keys.bits=2048", "seed=1")
LIMIT = 3 << 20
"""Bytes that one history may take in the repository."""
_DOCUMENTS = ("result.json", "model.json", "overlap.json", "intersection.csv", "predictions.csv")
_KEPT = ("keystore", "keystore.key", *_DOCUMENTS, "snapshots/*", "payloads/*", "blobs/*/*")


def recorded() -> dict[str, tuple[str, str]]:
    """Command and scenario of each history: every bundled scenario, and every job that none of them is."""
    return {name: ("run", name) for name in library.names()} | {"psi": ("psi", "wine"), "overlap": ("overlap", "wine")}


def record(name: str, command: str, scenario: str | Path, *options: str) -> Path:
    """Play a scenario and keep what its parties left in ``NAME.tar.xz``, with no path of this machine in it.

    One dictionary for all files: what a party sent stands in its journal and in those of its recipients.
    """
    target = HERE / f"{name}.tar.xz"
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        accord = Path(sys.executable).with_name("accord")
        sets = [part for option in (*OPTIONS, *options) for part in ("--set", option)]
        subprocess.run([accord, command, scenario, "--out", run, "--quiet", *sets], check=True)
        with tarfile.open(target, "w:xz", preset=9) as archive:
            for path in sorted([run / "identities.json", run / "result.json"]):
                _add(archive, path.relative_to(run), path.read_bytes())
            for config in sorted(run.glob("*/party.yaml")):
                _party(archive, run, config.parent)
    if target.stat().st_size > LIMIT:
        raise SystemExit(f"{target} has {target.stat().st_size} bytes; shrink the scenario with further options")
    return target


def _party(archive: tarfile.TarFile, run: Path, folder: Path) -> None:
    config = yaml.safe_load((folder / "party.yaml").read_text(encoding="utf-8"))
    config |= {"broker": "embedded:../broker.db", "data": config["data"] | {"csv": "left-out.csv"}}
    home = folder.relative_to(run)
    _add(archive, home / "party.yaml", yaml.safe_dump(config, allow_unicode=True).encode())
    compact = folder / "compact.db"
    journal = sqlite3.connect(folder / "journal.db")
    journal.execute("VACUUM INTO ?", (str(compact),))
    journal.close()
    _add(archive, home / "journal.db", compact.read_bytes())
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
        path = record(name, *recorded()[name])
        print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
