"""The log as a table: blocking SQLite calls, one object per process, used by one thread at a time.

WAL, ``synchronous=NORMAL``: what was acknowledged survives the death of any process; a power cut may lose the last records,
which their senders publish again, because no watermark covered them. SQLite 3.7.0 to 3.51.2 can lose a WAL that is reset while
others read (the WAL-reset bug), so checkpoints run only under a lock of our own.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from accord_broker.port import BrokerError, Position, Record

SCHEMA = 1
SOURCE = "log"
WAL_LIMIT = 16 << 20
_MAGIC = 0x41434C31  # "ACL1" as application_id
_TABLES = """
CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE log(position INTEGER PRIMARY KEY AUTOINCREMENT, family TEXT NOT NULL, key TEXT NOT NULL,
                 frame BLOB NOT NULL, digest BLOB NOT NULL);
"""


class LogTable:
    """Opens or creates a log.

    Raises:
        BrokerError: The folder cannot be written, or the file is no log of this version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._wal = path.with_name(path.name + "-wal")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise BrokerError(f"the log {path} cannot be used: {error.strerror}.", hint="Choose a folder that can be written.") from None
        try:
            self.log_id = self._open()
        except sqlite3.Error as error:
            os.close(self._lock)
            raise self.trouble(error) from None
        self._file = os.stat(path).st_ino

    def _open(self) -> str:
        fcntl.flock(self._lock, fcntl.LOCK_EX)  # several agents may be first at once
        try:
            self._db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=30)
            db = self._db
            db.execute("PRAGMA page_size=16384")
            magic = db.execute("PRAGMA application_id").fetchone()[0]
            empty = not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            if not empty and magic != _MAGIC:
                db.close()
                raise BrokerError(f"{self.path} is no Accord log.", hint="Name another file, or a new one.")
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=NORMAL")
            db.execute("PRAGMA wal_autocheckpoint=0")
            if empty:
                db.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA application_id={_MAGIC}; PRAGMA user_version={SCHEMA}; COMMIT")
                db.execute("INSERT INTO meta VALUES('id', ?)", (os.urandom(16).hex(),))
            if db.execute("PRAGMA user_version").fetchone()[0] != SCHEMA:
                db.close()
                raise BrokerError(f"{self.path} was written by a newer version.", hint="Upgrade accord.")
            return str(db.execute("SELECT value FROM meta WHERE name='id'").fetchone()[0])
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)

    def append(self, records: Sequence[Record]) -> None:
        """Append records in one transaction."""
        self._same_file()
        rows = [(r.family, r.key, r.frame, hashlib.sha256(r.frame).digest()) for r in records]
        try:
            self._db.execute("BEGIN IMMEDIATE")  # a deferred transaction could fail with BUSY_SNAPSHOT whatever the timeout
            self._db.executemany("INSERT INTO log(family, key, frame, digest) VALUES(?,?,?,?)", rows)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise self.trouble(error) from None
        self._checkpoint()

    def read(self, after: int, limit: int, max_bytes: int) -> list[tuple[Record, Position]]:
        """Records beyond a position; at least one where there is one, whatever its size."""
        self._same_file()
        found: list[tuple[Record, Position]] = []
        size = 0
        query = "SELECT position, family, key, frame, digest FROM log WHERE position>? ORDER BY position LIMIT ?"
        try:
            rows = self._db.execute(query, (after, limit))
            for at, family, key, frame, digest in rows:
                if found and size + len(frame) > max_bytes:
                    break
                size += len(frame)
                found.append((Record(family, key, frame), Position(SOURCE, self.log_id, at, digest)))
            rows.close()
        except sqlite3.Error as error:
            raise self.trouble(error) from None
        return found

    def holds(self, position: Position) -> bool:
        """Whether the log still holds what a position says."""
        row = self._db.execute("SELECT digest FROM log WHERE position=?", (position.offset,)).fetchone()
        return position.log == self.log_id and row is not None and row[0] == position.digest

    def end(self) -> int:
        """The last position; 0 when empty."""
        return int(self._db.execute("SELECT coalesce(max(position), 0) FROM log").fetchone()[0])

    def close(self) -> None:
        """Close the file."""
        self._db.close()
        os.close(self._lock)

    def trouble(self, error: sqlite3.Error) -> BrokerError:
        """An error of SQLite in our words."""
        busy = "locked" in str(error) or "busy" in str(error)
        hint = "Another process holds it; try again." if busy else "Check free space and rights of its folder."
        return BrokerError(f"the log {self.path} cannot be used: {error}.", hint=hint, retry=busy)

    def _same_file(self) -> None:
        try:
            same = os.stat(self.path).st_ino == self._file
        except OSError:
            same = False
        if not same:
            raise BrokerError(f"the log {self.path} was removed or replaced while in use.", hint="Stop all agents, then start them again.")

    def _checkpoint(self) -> None:
        try:
            if os.stat(self._wal).st_size < WAL_LIMIT:
                return
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return  # no WAL yet, or another process is at it
        try:
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.OperationalError:
            return  # readers hold it; the next writer tries again
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)
