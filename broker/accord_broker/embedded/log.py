"""The log file. Calls block; one thread makes all of them, from opening to closing.

Write-ahead logging with ``synchronous=NORMAL``: what was appended survives the death of any process; a power cut may
take the last records, which their senders then send again. The file is opened by nothing but SQLite, because closing
any other descriptor of it in this process would drop SQLite's locks (https://sqlite.org/howtocorrupt.html, 2.2).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from accord_broker.embedded.errors import explain, lost
from accord_broker.embedded.frames import LARGE, Frames, frames_of
from accord_broker.port import QUARANTINE, BrokerError, Delivery, Position, Record
from accord_broker.wire.trace import single

SOURCE = "log"
SCHEMA = 3
WAL_LIMIT = 16 << 20
"""Bytes of write-ahead log above which it is copied into the file and cut to nothing."""
_TRANSACTION = 8 << 20
"""Bytes of frames that one transaction appends at most (but always one record), which bounds the write-ahead log."""
APPLICATION = 0x41434C47
_PATIENCE = 10.0
"""Seconds to wait for another process."""
_TABLES = """
CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE log(position INTEGER PRIMARY KEY AUTOINCREMENT,
                 family TEXT NOT NULL, key TEXT NOT NULL, frame BLOB NOT NULL, trace TEXT NOT NULL DEFAULT '',
                 at INTEGER, size INTEGER);
"""
_SINCE = {
    1: ("ALTER TABLE log ADD COLUMN trace TEXT NOT NULL DEFAULT ''",),
    2: ("ALTER TABLE log ADD COLUMN at INTEGER", "ALTER TABLE log ADD COLUMN size INTEGER"),
}
"""What brings a log of a version to the next one; a program that has it open already goes on writing."""


class Log:
    """One connection to a log file, which is created where there is none.

    Args:
        path: The file; its folder exists. ``PATH-lock``, ``PATH-wal``, ``PATH-shm`` and, for large frames, ``PATH-ID``
            appear beside it.

    Raises:
        BrokerError: The file cannot be written, is something else, or was written by a newer version.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self._wal = self._path.with_name(f"{path.name}-wal")
        if not self._path.parent.is_dir():
            raise BrokerError(f"The folder of the log {path} does not exist.", hint="Create it, or correct the path.")
        try:
            for file in (self._path, self._path.with_name(f"{path.name}-lock")):
                _create(file)
            self._lock = os.open(self._path.with_name(f"{path.name}-lock"), os.O_RDWR)
        except OSError as error:
            raise BrokerError(f"The log {path} cannot be opened for writing: {error.strerror}.") from None
        with contextlib.ExitStack() as undo:
            undo.callback(os.close, self._lock)
            with self._only_one():
                self._db = self._connect()
                undo.callback(self._db.close)
                with self._clearly(opening=True):
                    self._prepare()
                    self.id: str = self._db.execute("SELECT value FROM meta WHERE name='log'").fetchone()[0]
                    self._identity = self._on_disk()
                    _create(frames_of(self._path, self.id))
                    self._frames = Frames(frames_of(self._path, self.id), write=True)
            undo.pop_all()

    def close(self) -> None:
        """Close the file, one process at a time.

        Of two that do at once SQLite takes neither for the last one, and leaves the records in the write-ahead log,
        where a copy of the file alone lacks them.
        """
        with contextlib.ExitStack() as held:
            with contextlib.suppress(BrokerError):  # whoever keeps it locked will not keep this one open
                held.enter_context(self._only_one())
            self._db.close()
            self._frames.close()
        os.close(self._lock)

    def append(self, records: Sequence[Record]) -> None:
        """Append the records in order, in as few transactions as their size allows."""
        with self._clearly():
            for group in _groups(records):
                self._db.execute("BEGIN IMMEDIATE")
                self._same()
                self._db.executemany(
                    "INSERT INTO log(family, key, frame, trace, at, size) VALUES(?,?,?,?,?,?)", map(self._row, group)
                )
                self._db.execute("COMMIT")
                self._same()  # removed meanwhile: nobody else will ever see the records
                self._trim()

    def _row(self, record: Record) -> tuple[str, str, bytes, str, int | None, int | None]:
        if len(record.frame) < LARGE:
            return record.family, record.key, record.frame, record.trace, None, None
        at = self._frames.append(record.frame)
        return record.family, record.key, b"", record.trace, at, len(record.frame)

    def read(self, after: int, limit: int, max_bytes: int) -> tuple[list[Delivery], int]:
        """Records beyond the offset `after`, and the offset up to which the log has now been looked through."""
        found: list[Delivery] = []
        query = (
            "SELECT position, family, key, frame, at, size, trace FROM log WHERE position>? ORDER BY position LIMIT ?"
        )
        with self._clearly(), self._snapshot():
            if after and not self._db.execute("SELECT 1 FROM log WHERE position=?", (after,)).fetchone():
                raise lost(self._path)
            with contextlib.closing(self._db.execute(query, (after, limit))) as rows:
                for offset, family, key, frame, at, size, trace in rows:
                    size = len(frame) if size is None else size
                    if found and size > max_bytes:
                        break
                    max_bytes -= size
                    after = offset
                    if family != QUARANTINE:
                        frame = frame if at is None else self._frames.read(at, size)
                        record = Record(family, key, frame, single([trace]))
                        found.append(Delivery(record, Position(SOURCE, self.id, offset, record)))
            self._same()
        return found, after

    def holds(self, position: Position) -> bool:
        """Whether the record of that position is in this log, at its place."""
        with self._clearly():
            query = "SELECT family, key, frame, at, size FROM log WHERE position=?"
            row = self._db.execute(query, (position.offset,)).fetchone()
            self._same()
        if row is None or position.log != self.id:
            return False
        family, key, frame, at, size = row
        return Record(family, key, frame if at is None else self._frames.read(at, size)).digest() == position.digest

    def end(self) -> int | None:
        """The last readable record's offset, None where there is none."""
        with self._clearly():
            query = "SELECT position FROM log WHERE family<>? ORDER BY position DESC LIMIT 1"
            row = self._db.execute(query, (QUARANTINE,)).fetchone()
            self._same()
        return row[0] if row else None

    def _connect(self) -> sqlite3.Connection:
        try:
            return sqlite3.connect(self._path, timeout=_PATIENCE, isolation_level=None)
        except sqlite3.Error as error:
            raise explain(self._path, error) from None

    def _prepare(self) -> None:
        """Create the tables, or check that they are ours. What is not ours is left as it is."""
        application, version, tables = self._db.execute(
            "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_master)"
            " FROM pragma_application_id, pragma_user_version"
        ).fetchone()
        fresh = not (application or version or tables)
        if not fresh and application != APPLICATION:
            raise BrokerError(f"The file {self._path} is no Accord log.", hint="Name another file.")
        if version > SCHEMA:
            raise BrokerError(
                f"The log {self._path} has version {version}, this program knows up to {SCHEMA}.",
                hint="Use a newer version of accord.",
            )
        self._db.execute("PRAGMA page_size=16384")
        if self._db.execute("PRAGMA journal_mode=WAL").fetchone() != ("wal",):
            raise BrokerError(f"The file system of the log {self._path} cannot share it.", hint="Use a local disk.")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("PRAGMA cache_size=-512")  # KiB; read once and in order, a log gains nothing from more
        self._db.execute("PRAGMA wal_autocheckpoint=0")  # see _trim
        self._db.execute("BEGIN IMMEDIATE")  # also proves, now, that we may write
        if fresh:
            for statement in _TABLES.split(";"):
                self._db.execute(statement)
            self._db.execute("INSERT INTO meta VALUES('log', ?)", (os.urandom(16).hex(),))
            for stale in self._path.parent.glob(frames_of(self._path, "[0-9a-f]" * 32).name):  # of a log that is gone
                stale.unlink(missing_ok=True)
            self._db.execute(f"PRAGMA application_id={APPLICATION}")
        for statement in [s for v in range(version, SCHEMA) for s in _SINCE[v]] if version else []:
            self._db.execute(statement)
        if version < SCHEMA:
            self._db.execute(f"PRAGMA user_version={SCHEMA}")
        self._db.execute("COMMIT")

    def _trim(self) -> None:
        """Copy the write-ahead log into the file when it is long, one process at a time.

        SQLite 3.7.0 to 3.51.2 can lose a commit when two connections checkpoint at once ("WAL-reset bug"): hence a
        lock of our own instead of SQLite's automatic checkpoints.
        """
        if self._wal.stat().st_size > WAL_LIMIT and self._locked():
            try:
                self._frames.settle()
                self._db.execute("PRAGMA busy_timeout=200")  # a stopped reader must not hold up every publisher
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                self._db.execute(f"PRAGMA busy_timeout={int(_PATIENCE * 1000)}")
                fcntl.flock(self._lock, fcntl.LOCK_UN)

    def _locked(self) -> bool:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    @contextlib.contextmanager
    def _only_one(self) -> Iterator[None]:
        deadline = time.monotonic() + _PATIENCE
        while not self._locked():
            if time.monotonic() > deadline:
                raise BrokerError(f"Another process keeps the log {self._path} locked.", retry=True)
            time.sleep(0.005)
        try:
            yield
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)

    @contextlib.contextmanager
    def _snapshot(self) -> Iterator[None]:
        self._db.execute("BEGIN")
        try:
            yield
        finally:
            self._db.execute("COMMIT")

    @contextlib.contextmanager
    def _clearly(self, *, opening: bool = False) -> Iterator[None]:
        """Roll back on failure and turn SQLite's words into ours."""
        try:
            yield
        except (sqlite3.Error, OSError, BrokerError) as error:
            if self._db.in_transaction:
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
            if isinstance(error, BrokerError):
                raise
            if not opening:
                self._same()  # then that is why
            raise explain(self._path, error) from None

    def _on_disk(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _same(self) -> None:
        if self._on_disk() != self._identity:
            raise lost(self._path)


def _groups(records: Sequence[Record]) -> Iterator[Sequence[Record]]:
    start, size = 0, 0
    for at, record in enumerate(records):
        if at > start and size + len(record.frame) > _TRANSACTION:
            yield records[start:at]
            start, size = at, 0
        size += len(record.frame)
    if start < len(records):
        yield records[start:]


def _create(path: Path) -> None:
    """An empty file with the rights of its folder: who may enter the folder shares the log, whatever our umask is.

    SQLite gives the files beside it the same rights. Where the file exists nothing is opened, see above.
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        path.chmod(path.parent.stat().st_mode & 0o666)
