"""The journal's quarantine: who refused bytes named, why, and their digest, of everything; the bytes of some.

Whoever may write to a topic must not fill our disk. Second versions of events are evidence against a peer: the first
ones are kept, and whole, and no flood can push them out. Of all else the last ones are, to look into.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from accord_schemas.canonical import digest
from accord_schemas.codes import Code

MAX_BODY = 1 << 16
"""Bytes that are kept of a record that is no evidence; its digest is that of all of it."""
MAX_BODIES, MAX_EVIDENCE = 256, 32
"""Records whose bytes are kept: at most 16 MiB, and 65 MiB of evidence."""


class Refused(NamedTuple):
    """What was no acceptable event.

    Args:
        source: Whom it names as its sender.
        reason: Why, for people.
        body: Its bytes; empty where only their digest was kept.
        code: What follows from it: the bytes of a `Code.SECOND_VERSION` are evidence.
    """

    source: str
    reason: str
    body: bytes
    code: Code


class QuarantineTable:
    """Reads and writes the table; within the caller's transaction.

    Args:
        db: The journal.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        if "code" not in {column[1] for column in db.execute("PRAGMA table_info(quarantine)")}:
            db.execute("ALTER TABLE quarantine ADD COLUMN code TEXT NOT NULL DEFAULT ''")  # of an earlier program
        query = "SELECT count(*) FROM quarantine WHERE length(body)>0 AND code=?"
        self._evidence: int = db.execute(query, (Code.SECOND_VERSION,)).fetchone()[0]

    def put(self, refused: Iterable[Refused], now: str) -> None:
        """Add rows, and forget the bytes of those before the last `MAX_BODIES`."""
        for source, reason, body, code in refused:
            evidence = code is Code.SECOND_VERSION
            kept = body[:MAX_BODY]
            if evidence:
                kept = body if self._evidence < MAX_EVIDENCE else b""
                self._evidence += 1
            query = "INSERT INTO quarantine(time, source, reason, digest, body, code) VALUES(?,?,?,?,?,?)"
            row = self._db.execute(query, (now, source, reason, digest(body), kept, code)).lastrowid or 0
            query = "UPDATE quarantine SET body=x'' WHERE row=? AND code<>?"  # rows have no gaps
            self._db.execute(query, (row - MAX_BODIES, Code.SECOND_VERSION))

    def all(self) -> list[Refused]:
        """Every row, oldest first."""
        found = self._db.execute("SELECT source, reason, body, code FROM quarantine ORDER BY row")
        return [Refused(source, reason, body, Code.of(code)) for source, reason, body, code in found]
