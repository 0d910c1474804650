"""The journal's quarantine: who refused bytes named, why, and their digest, of everything; the bytes of some.

Whoever may write to a topic must not fill our disk. Second versions of events are evidence against a peer: the first
ones are kept, and whole, and no flood can push them out. Of all else the last ones are, to look into.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from accord_schemas.canonical import digest

SECOND_VERSION = "a second version"
"""How the reason begins that makes bytes evidence."""
MAX_BODY = 1 << 16
"""Bytes that are kept of a record that is no evidence; its digest is that of all of it."""
MAX_BODIES, MAX_EVIDENCE = 256, 32
"""Records whose bytes are kept: at most 16 MiB, and 65 MiB of evidence."""
Refused = tuple[str, str, bytes]
"""(source, reason, body) of what was no acceptable event."""


class QuarantineTable:
    """Reads and writes the table; within the caller's transaction.

    Args:
        db: The journal.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        query = "SELECT count(*) FROM quarantine WHERE length(body)>0 AND reason GLOB ?"
        self._evidence: int = db.execute(query, (f"{SECOND_VERSION}*",)).fetchone()[0]

    def put(self, refused: Iterable[Refused], now: str) -> None:
        """Add rows, and forget the bytes of those before the last `MAX_BODIES`."""
        for source, reason, body in refused:
            evidence = reason.startswith(SECOND_VERSION)
            kept = body[:MAX_BODY]
            if evidence:
                kept = body if self._evidence < MAX_EVIDENCE else b""
                self._evidence += 1
            query = "INSERT INTO quarantine(time, source, reason, digest, body) VALUES(?,?,?,?,?)"
            row = self._db.execute(query, (now, source, reason, digest(body), kept)).lastrowid or 0
            query = "UPDATE quarantine SET body=x'' WHERE row=? AND reason NOT GLOB ?"  # rows have no gaps
            self._db.execute(query, (row - MAX_BODIES, f"{SECOND_VERSION}*"))

    def all(self) -> list[Refused]:
        """Every row, oldest first; an empty body where only the digest was kept."""
        return self._db.execute("SELECT source, reason, body FROM quarantine ORDER BY row").fetchall()
