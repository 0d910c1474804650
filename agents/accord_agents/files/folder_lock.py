"""A party's folder: one agent at a time, its process id while it runs."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from accord_schemas.errors import AccordError

PID = "agent.pid"


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a party's folder for as long as the block runs.

    Raises:
        AccordError: Another agent holds it, or it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / "agent.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise AccordError(
            f"the folder {folder} cannot be used: {error.strerror}.", hint="Choose another, or change its rights."
        ) from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AccordError(
                f"another agent runs in {folder}.", hint="Stop it first; two agents with one identity are never safe."
            ) from None
        pid = folder / PID
        pid.write_text(str(os.getpid()))
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                pid.unlink()
    finally:
        os.close(lock)


def started(folder: Path) -> float | None:
    """When the agent that holds this folder now began to, in seconds since 1970."""
    try:
        return (folder / PID).stat().st_mtime if running(folder) else None
    except OSError:
        return None


def running(folder: Path) -> bool:
    """Whether an agent holds this folder now."""
    try:
        lock = os.open(folder / "agent.lock", os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False
