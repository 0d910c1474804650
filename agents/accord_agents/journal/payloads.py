"""Where a journal keeps payloads: in its own file, outside of it, or not at all, where they can be made again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from accord_agents.journal.bodies import Bodies
from accord_agents.journal.rows import Outgoing, Row, named
from accord_schemas.errors import TamperError
from accord_schemas.suites import sha256

OUTSIDE = 64 << 10
"""Bytes of an encrypted payload of another from which on it is kept outside."""
BODY = "payload.body, body.collaboration, body.at, body.size"
"""The columns that say what is kept."""


def joined(table: str) -> str:
    """Where a table's payloads are."""
    return f"LEFT JOIN payload ON payload.digest = {table}.payload LEFT JOIN body ON body.digest = {table}.payload"


class Payloads:
    """The payloads of one journal. Who calls has its lock.

    Args:
        path: The journal, for people.
        db: Its connection.
        bodies: What is outside.
    """

    def __init__(self, path: Path, db: sqlite3.Connection, bodies: Bodies) -> None:
        self._path, self._db, self._bodies = path, db, bodies

    def keep(self, row: Row) -> bytes | None:
        """Keep a row's payload, if it has one; returns what names it."""
        if row.payload is None:
            return None
        key = row.key or sha256(row.payload)
        if row.encrypted and len(row.payload) >= OUTSIDE:
            if self._db.execute("SELECT 1 FROM body WHERE digest=?", (key,)).fetchone() is None:
                at = self._bodies.append(row.collaboration, row.payload)
                values = (key, row.collaboration, at, len(row.payload))
                self._db.execute("INSERT INTO body VALUES(?,?,?,?)", values)
        else:
            self._db.execute("INSERT OR IGNORE INTO payload VALUES(?,?)", (key, row.payload))
        return key

    def keep_own(self, out: Outgoing) -> bytes:
        """Keep an own frame's payload, or its recipe; returns what names it."""
        key = out.key or sha256(out.payload)
        if out.recipe:
            self._db.execute("INSERT OR IGNORE INTO recipe VALUES(?,?,?)", (key, out.recipe, out.omitted))
        else:
            self._db.execute("INSERT OR IGNORE INTO payload VALUES(?,?)", (key, out.payload))
        return key

    def flush(self) -> None:
        """Make durable what was kept outside; to be called before the transaction that names it ends.

        Raises:
            OSError: It cannot be written.
        """
        self._bodies.flush()

    def load(
        self, key: bytes | None, body: bytes | None, collaboration: str | None, at: int | None, size: int | None
    ) -> bytes | None:
        """What is kept under a hash, from the columns `BODY`.

        Raises:
            TamperError: It is not the one that was written.
        """
        if key is None:
            return None
        if collaboration is not None and at is not None and size is not None:
            body = self._bodies.read(collaboration, at, size)
        if body is None or not named(key, body):
            raise TamperError(f"a payload in {self._path} is not the one that was written.")
        return body

    def one(self, key: bytes) -> bytes | None:
        """A payload by its hash; None where it is not kept.

        Raises:
            TamperError: It is not the one that was written.
        """
        query = f"SELECT {BODY} FROM (SELECT ? AS payload) AS wanted {joined('wanted')}"  # noqa: S608 - our own names
        row = self._db.execute(query, (key,)).fetchone()
        return None if row == (None,) * 4 else self.load(key, *row)

    def recipe(self, key: bytes) -> bytes | None:
        """How a payload is made again, encrypted; None where there is no recipe."""
        row = self._db.execute("SELECT recipe FROM recipe WHERE digest=?", (key,)).fetchone()
        return row[0] if row else None

    def outside(self) -> Iterator[tuple[bytes, bytes | None]]:
        """(hash, payload) of everything that is kept outside; None where it is not what was written."""
        for key, *where in self._db.execute("SELECT digest, collaboration, at, size FROM body").fetchall():
            body = self._bodies.read(*where)
            yield key, body if named(key, body) else None

    def erase(self, collaboration: str) -> None:
        """Remove what is kept outside of a collaboration."""
        self._bodies.erase(collaboration)

    def close(self) -> None:
        """Let the files go."""
        self._bodies.close()
