"""What tests bring from a registry: kept in the user's cache, whole or not at all, brought by one test process."""

from __future__ import annotations

import fcntl
import os
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path


def brought(name: str, make: Callable[[Path], None]) -> Path:
    """A folder of the cache; where it is not there yet, `make` fills one that is moved there.

    Args:
        name: Of the folder: what is in it, with its version.
        make: Fills a new, empty folder.
    """
    caches = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "accord"
    caches.mkdir(parents=True, exist_ok=True)
    kept = caches / name
    if not kept.is_dir():
        # One for all names: two downloads by Maven into one empty repository disturb each other, too.
        with (caches / "bringing.lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not kept.is_dir():
                with tempfile.TemporaryDirectory(dir=caches) as folder:
                    work = Path(folder) / "whole"
                    work.mkdir()
                    make(work)
                    work.rename(kept)
    return kept


def fetch(what: str, command: Sequence[str], cwd: Path) -> None:
    """Run what downloads; an AssertionError with what it said where it fails."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command[0]} could not bring {what}: {(done.stdout + done.stderr)[-2000:]}"
