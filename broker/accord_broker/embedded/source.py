"""The log file for those who only watch: opened so that nothing is created, written or locked.

Blocks for the milliseconds that a read takes: for programs that do nothing else meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from accord_broker.embedded.errors import explain, lost
from accord_broker.embedded.frames import Frames, frames_of
from accord_broker.embedded.log import APPLICATION, SCHEMA, SOURCE
from accord_broker.port import QUARANTINE, BrokerError, Delivery, Position, Record
from accord_schemas.errors import UsageError

POLL = 0.1
"""Seconds between looks for more."""


class EmbeddedSource:
    """An `accord_broker.port.Source` on a log file that may be in use.

    While nobody else has it open there is no write-ahead log beside it, and SQLite would make one for any reader that
    did not swear the file to be immutable. That holds until a write-ahead log appears; then the file is opened again.

    Args:
        path: The file, which exists.
    """

    history = True

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self._wal = self._path.with_name(f"{path.name}-wal")
        self._db: sqlite3.Connection | None = None
        self._live = False
        self._file: tuple[int, int] | None = None
        self._after = 0
        self._frames: Frames | None = None
        self._id = ""

    async def open(self) -> None:
        """Open the file.

        Raises:
            UsageError: There is none, or it is no log.
        """
        if not self._path.is_file():
            raise UsageError(f"There is no log {self._path}.", hint="Correct the path of the broker URL.")
        self._file = self._on_disk()
        try:
            self._connect()
            query = "SELECT application_id, user_version FROM pragma_application_id, pragma_user_version"
            application, version = self._query(query)[0]
            if application != APPLICATION:
                raise UsageError(f"The file {self._path} is no Accord log.", hint="Name another file.")
            if version > SCHEMA:
                what = f"The log {self._path} has version {version}, this program knows up to {SCHEMA}."
                raise UsageError(what, hint="Use a newer version of accord.")
            self._id = self._query("SELECT value FROM meta WHERE name='log'")[0][0]
            self._frames = Frames(frames_of(self._path, self._id), write=False)
            self._large = "at, size" if version > 2 else "NULL, NULL"
        except BrokerError as error:
            raise UsageError(error.message, hint=error.hint) from None

    async def close(self) -> None:
        """Close the file."""
        db, self._db = self._db, None
        if db is not None:
            db.close()
        frames, self._frames = self._frames, None
        if frames is not None:
            frames.close()

    async def subscribe(self, after: Mapping[str, Position]) -> frozenset[str]:
        """Read on after `after` ["log"] where that record still is in its place, else from the first one."""
        position = after.get(SOURCE)
        there = position is not None and self._holds(position)
        self._after = position.offset if position is not None and there else 0
        return frozenset(after) - ({SOURCE} if there else set())

    async def receive(self, limit: int, max_bytes: int, timeout: float) -> list[Delivery]:
        """The next records in the log's order."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while True:
            found = self._read(limit, max_bytes)
            left = deadline - loop.time()
            if found or left <= 0:
                return found
            await asyncio.sleep(min(POLL, left))

    async def end(self) -> Mapping[str, int]:
        """The offset of the last record that is not in quarantine."""
        rows = self._query("SELECT max(position) FROM log WHERE family<>?", QUARANTINE)
        return {} if rows[0][0] is None else {SOURCE: rows[0][0]}

    async def committed(self, deliveries: Sequence[Delivery]) -> None:
        """Nothing to do: the log keeps every record."""

    def _kept_apart(self, at: int, size: int) -> bytes:
        """A frame that lies beside the log."""
        assert self._frames is not None, "an open log has a file of large frames"
        return self._frames.read(at, size)

    def _read(self, limit: int, max_bytes: int) -> list[Delivery]:
        found: list[Delivery] = []
        columns = f"position, family, key, frame, {self._large}"
        query = f"SELECT {columns} FROM log WHERE position>? ORDER BY position LIMIT ?"  # noqa: S608 - our own names
        for offset, family, key, frame, at, size in self._query(query, self._after, limit):
            size = len(frame) if size is None else size
            if found and size > max_bytes:
                break
            max_bytes -= size
            self._after = offset
            if family != QUARANTINE:
                frame = frame if at is None else self._kept_apart(at, size)
                record = Record(family, key, frame)
                found.append(Delivery(record, Position(SOURCE, self._id, offset, record)))
        return found

    def _holds(self, position: Position) -> bool:
        query = f"SELECT family, key, frame, {self._large} FROM log WHERE position=?"  # noqa: S608
        for family, key, frame, at, size in self._query(query, position.offset):
            frame = frame if at is None else self._kept_apart(at, size)
            return position.log == self._id and Record(family, key, frame).digest() == position.digest
        return False

    def _connect(self) -> None:
        if self._db is not None:
            self._db.close()
        self._live = self._wal.exists()
        mode = "mode=ro" if self._live else "mode=ro&immutable=1"
        try:
            self._db = sqlite3.connect(f"{self._path.as_uri()}?{mode}", uri=True, timeout=10, isolation_level=None)
        except sqlite3.Error as error:
            raise explain(self._path, error) from None

    def _query(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        if self._db is None:
            raise RuntimeError("the source is not open")
        if self._on_disk() != self._file:
            raise lost(self._path)
        if not self._live and self._wal.exists():
            self._connect()
        try:
            with contextlib.closing(self._db.execute(query, values)) as rows:
                return rows.fetchall()
        except sqlite3.Error as error:
            raise explain(self._path, error) from None

    def _on_disk(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino
