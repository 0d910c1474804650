"""What SQLite and the operating system say about a log file, in words that tell what to do."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from accord_broker.port import BrokerError

_HELD = ("is held by another process that does not go on", "Look for a stopped process.", True)
_DENIED = ("cannot be written", "Check the permissions of the file and its folder.", False)
_WORDS = {
    sqlite3.SQLITE_BUSY: _HELD,
    sqlite3.SQLITE_LOCKED: _HELD,
    sqlite3.SQLITE_FULL: ("cannot grow: the disk is full", "Free some space.", True),
    sqlite3.SQLITE_IOERR: ("cannot be read or written: the disk reports an error", "Look at its free space.", True),
    sqlite3.SQLITE_READONLY: _DENIED,
    sqlite3.SQLITE_PERM: _DENIED,
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened for writing", "Check the path and the permissions.", False),
    sqlite3.SQLITE_NOTADB: ("is no Accord log", "Name another file.", False),
    sqlite3.SQLITE_CORRUPT: ("is damaged", "Move it away; the agents send again what a new log lacks.", False),
}


def explain(path: Path, error: sqlite3.Error | OSError) -> BrokerError:
    """The error of a call on the log at `path`; ``retry`` where waiting may help."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_IOERR) & 0xFF  # the upper bytes are details
    words, hint, retry = _WORDS.get(code, (f"failed: {error}", "", False))
    return BrokerError(f"The log {path} {words}.", hint=hint, retry=retry)


def lost(path: Path) -> BrokerError:
    """The log is not the one that was opened; opening again finds what is there now."""
    return BrokerError(f"The log {path} was removed, replaced or cut off while it was in use.", retry=True)
