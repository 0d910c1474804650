"""What a bridge remembers: where it reads on, and on which side it first saw each record.

A record is carried away from the side of its first sight and never back, which is durable before the record is
published: whatever is read again after a crash or out of a restored log, it keeps its direction. What its sender says
again, because somebody still lacks it, is carried again; that the same looks like an echo out of a ring of bridges is
why repeats are spaced ever further apart. An echo takes its time to come round: soon it comes too early, and ends.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from accord_broker.port import Position
from accord_schemas.errors import AccordError, UsageError

SCHEMA = 1
KEEP = 14 * 86400.0
"""Seconds after its last new record at which a collaboration is forgotten."""
SOONEST, SPREAD = 0.5, 8
"""A record seen again is carried again after so many seconds, and after this part of the time since its first sight."""
_APPLICATION = 0x41434252
_TABLES = """
CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE position(side INTEGER NOT NULL, source TEXT NOT NULL, log TEXT NOT NULL, at INTEGER NOT NULL,
                      digest BLOB NOT NULL, PRIMARY KEY(side, source)) WITHOUT ROWID;
CREATE TABLE collaboration(number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, last REAL NOT NULL);
CREATE TABLE seen(digest BLOB PRIMARY KEY, side INTEGER NOT NULL, collaboration INTEGER NOT NULL, first REAL NOT NULL,
                  carried REAL) WITHOUT ROWID;
CREATE INDEX seen_collaboration ON seen(collaboration);
"""


class Verdict(Enum):
    """What becomes of a record."""

    CARRY = "carried"
    REPEATED = "repeated"
    """It is on the other side since a moment ago."""
    RETURNED = "returned"
    """It came over from the other side."""


@dataclass(frozen=True, slots=True)
class Sight:
    """A record as a bridge saw it.

    Args:
        digest: `Record.digest`, 32 bytes.
        key: The collaboration's id.
        again: Whether it is read a second time at the same place, out of a log whose positions do not hold any more.
    """

    digest: bytes
    key: str
    again: bool = False


class State:
    """Opens or creates a bridge's state and holds it; any thread may call.

    Args:
        path: The file; ``PATH-lock``, ``PATH-wal`` and ``PATH-shm`` appear beside it.
        places: The two brokers, as they may be shown.
        clock: Seconds since the epoch.

    Raises:
        UsageError: The file is something else, or belongs to a bridge between other brokers.
        AccordError: Another bridge holds it, or it cannot be written.
    """

    def __init__(self, path: Path, places: tuple[str, str], clock: Callable[[], float] = time.time) -> None:
        self._path, self._clock = path, clock
        self._mutex = threading.Lock()
        self._lock = self._hold()
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite gives its other files the same rights
            with self._clearly():
                self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
                try:
                    self._prepare(places)
                except BaseException:
                    self._db.close()
                    raise
        except OSError as error:
            os.close(self._lock)
            raise UsageError(f"The bridge's state {path} cannot be used: {error.strerror}.") from None
        except BaseException:
            os.close(self._lock)
            raise

    @property
    def client(self) -> str:
        """What brokers know this bridge by."""
        return self._meta("client") or ""

    def positions(self, side: int) -> dict[str, Position]:
        """Where to read on at a side, by source."""
        rows = self._db.execute("SELECT source, log, at, digest FROM position WHERE side=?", (side,)).fetchall()
        return {source: Position(source, log, at, seen) for source, log, at, seen in rows}

    def admit(self, side: int, sights: Sequence[Sight]) -> list[Verdict]:
        """Judge records read at a side, in order; durable before any of them may be published on the other one."""
        now = self._clock()
        chosen: set[bytes] = set()
        verdicts = []
        with self._transaction():
            for sight in sights:
                verdict = Verdict.REPEATED if sight.digest in chosen else self._judge(side, sight, now)
                if verdict is Verdict.CARRY:
                    chosen.add(sight.digest)
                verdicts.append(verdict)
        return verdicts

    def settle(self, side: int, carried: Sequence[bytes], positions: Sequence[Position]) -> None:
        """The other side has taken these digests, and reading goes on after these positions."""
        now = self._clock()
        with self._transaction():
            self._db.executemany("UPDATE seen SET carried=? WHERE digest=?", [(now, seen) for seen in carried])
            self._db.executemany(
                "INSERT OR REPLACE INTO position VALUES(?,?,?,?,?)",
                [(side, p.source, p.log, p.offset, p.digest) for p in positions],
            )

    def prune(self) -> None:
        """Forget the collaborations that have said nothing new for long."""
        with self._transaction():
            old = "SELECT number FROM collaboration WHERE last<?"
            horizon = (self._clock() - KEEP,)
            self._db.execute(f"DELETE FROM seen WHERE collaboration IN ({old})", horizon)  # noqa: S608
            self._db.execute("DELETE FROM collaboration WHERE last<?", horizon)

    def close(self) -> None:
        """Close the file and let go of it."""
        with self._mutex:
            self._db.close()
            os.close(self._lock)

    def _judge(self, side: int, sight: Sight, now: float) -> Verdict:
        row = self._db.execute("SELECT side, first, carried FROM seen WHERE digest=?", (sight.digest,)).fetchone()
        if row is None:
            self._db.execute(
                "INSERT INTO collaboration(key, last) VALUES(?,?) ON CONFLICT(key) DO UPDATE SET last=excluded.last",
                (sight.key, now),
            )
            query = "INSERT INTO seen SELECT ?, ?, number, ?, NULL FROM collaboration WHERE key=?"
            self._db.execute(query, (sight.digest, side, now, sight.key))
            return Verdict.CARRY
        origin, first, carried = row
        if origin != side:
            return Verdict.RETURNED
        if carried is None or (not sight.again and _due(now, first, carried)):
            return Verdict.CARRY
        return Verdict.REPEATED

    def _hold(self) -> int:
        beside = self._path.with_name(f"{self._path.name}-lock")
        try:
            lock = os.open(beside, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            hint = "Name another file with --state."
            raise UsageError(f"The bridge's state {self._path} cannot be used: {error.strerror}.", hint=hint) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            hint = "Each bridge needs a state of its own: name another file with --state."
            raise AccordError(f"Another bridge runs with the state {self._path}.", hint=hint) from None
        return lock

    def _prepare(self, places: tuple[str, str]) -> None:
        query = "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_master)"
        application, version, tables = self._db.execute(
            f"{query} FROM pragma_application_id, pragma_user_version"
        ).fetchone()
        fresh = not (application or version or tables)
        if not fresh and application != _APPLICATION:
            raise UsageError(f"The file {self._path} is no state of a bridge.", hint="Name another with --state.")
        if version > SCHEMA:
            hint = "Use a newer version of accord."
            raise UsageError(f"The state {self._path} has version {version}, this program knows {SCHEMA}.", hint=hint)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        if fresh:
            settings = f"PRAGMA application_id={_APPLICATION}; PRAGMA user_version={SCHEMA};"
            self._db.executescript(f"BEGIN IMMEDIATE; {_TABLES} {settings} COMMIT")
        names = ("A", "B", "client")  # each kept as it was first
        values = zip(names, (*places, os.urandom(16).hex()), strict=True)
        self._db.executemany("INSERT OR IGNORE INTO meta VALUES(?,?)", list(values))
        kept = (self._meta("A"), self._meta("B"))
        if kept != places:
            hint = "Name another file with --state, or the brokers in the same order."
            raise UsageError(f"The state {self._path} is that of a bridge between {kept[0]} and {kept[1]}.", hint=hint)

    def _meta(self, name: str) -> str | None:
        row = self._db.execute("SELECT value FROM meta WHERE name=?", (name,)).fetchone()
        return row[0] if row else None

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._mutex, self._clearly():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _clearly(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code == sqlite3.SQLITE_NOTADB:
                hint = "Name another with --state."
                raise UsageError(f"The file {self._path} is no state of a bridge.", hint=hint) from None
            hint = "Check free space and rights of its folder, then start again: nothing is lost."
            raise AccordError(f"The bridge's state {self._path} cannot be used: {error}.", hint=hint) from None


def _due(now: float, first: float, carried: float) -> bool:
    """Whether a record that was carried before is carried again: over any time, only logarithmically often."""
    since = now - carried
    return since < 0 or since >= max(SOONEST, (now - first) / SPREAD)  # a clock that was set back holds nothing up
