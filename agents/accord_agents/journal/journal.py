"""The journal: one SQLite file per party, one transaction for what arrived, what it made us say, and where we read on.

A payload is stored once, under the hash that its event's header gives, or not at all where it can be made again; each
row carries the hash of the row before. Rows of the own party (its words, results of its jobs) are encrypted at rest;
rows of events hold wire bytes. Calls block, so the agent commits in a thread.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from accord_agents.journal.bodies import Bodies
from accord_agents.journal.payloads import BODY, Payloads, joined
from accord_agents.journal.quarantine import QuarantineTable, Refused
from accord_agents.journal.rows import Batch, Outgoing, Row, row_hash, stamp
from accord_agents.journal.tables import PATIENCE, SCHEMA, ahead, create
from accord_broker.port import Position
from accord_schemas.canonical import digest
from accord_schemas.errors import AccordError, TamperError
from accord_schemas.frame import Frame

_CHECK = 8
BODIES = "payloads"
"""The folder beside a journal with the payloads that are kept outside."""
PAGE = 32
"""Rows read at once."""


class Journal:
    """Opens or creates a party's journal.

    Args:
        path: The file.
        bodies: Folder of the payloads that are kept outside; beside the file unless it is a copy.

    Raises:
        AccordError: The folder cannot be written, or the file is no journal of this version.
    """

    def __init__(self, path: Path, bodies: Path | None = None) -> None:
        self._path = path
        self._lock = threading.Lock()  # a read in the middle of a commit would see rows that are not durable yet
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=PATIENCE)
            self._db.execute("PRAGMA page_size=16384")
            ahead(self._db)
            self._db.execute("PRAGMA synchronous=FULL")
            if self._db.execute("PRAGMA user_version").fetchone()[0] == 0:
                create(self._db, _fact("accord", version("accord").encode()))
        except sqlite3.Error as error:
            raise self._trouble(error) from None
        written = self._db.execute("PRAGMA user_version").fetchone()[0]
        if written != SCHEMA:
            self._db.close()
            raise AccordError(
                f"{path} has journal version {written}, this program knows {SCHEMA}.",
                hint="Use the version of accord that wrote it.",
            )
        last = self._db.execute("SELECT hash FROM journal ORDER BY row DESC LIMIT 1").fetchone()
        self._hash: bytes = last[0] if last else bytes(32)
        self._quarantine = QuarantineTable(self._db)
        self._payloads = Payloads(path, self._db, Bodies(bodies or path.parent / BODIES))

    def commit(self, batch: Batch) -> None:
        """Write a batch in one durable transaction.

        Raises:
            AccordError: The disk is full or cannot be written; nothing of the batch was kept.
        """
        with self._lock:
            self._commit(batch)

    def _commit(self, batch: Batch) -> None:
        db, chain = self._db, self._hash
        try:
            db.execute("BEGIN IMMEDIATE")
            for row in batch.rows:
                key = self._payloads.keep(row)
                chain = row_hash(chain, row, key)
                db.execute(
                    "INSERT INTO journal(collaboration, kind, head, payload, time, hash) VALUES(?,?,?,?,?,?)",
                    (row.collaboration, row.kind, row.head, key, row.time, chain),
                )
            for out in batch.outgoing:
                db.execute(
                    "INSERT INTO outbox(collaboration, sequence, family, head, payload) VALUES(?,?,?,?,?)",
                    (out.collaboration, out.sequence, out.family, out.head, self._payloads.keep_own(out)),
                )
            self._payloads.flush()
            db.executemany(
                "INSERT OR REPLACE INTO position VALUES(?,?,?,?)",
                [(p.source, p.log, p.offset, p.digest) for p in batch.positions],
            )
            db.executemany("INSERT OR IGNORE INTO channel VALUES(?,?,?)", batch.channels)
            now = stamp()
            self._quarantine.put(batch.quarantined, now)
            db.executemany("UPDATE request SET answer=? WHERE row=?", [(answer, row) for row, answer in batch.answers])
            db.executemany(
                "INSERT OR REPLACE INTO status VALUES(?,?,?)", [(c, *value) for c, value in batch.statuses.items()]
            )
            closed = [_fact(f"closed/{cid}", now.encode()) for cid in batch.closed]
            db.executemany("INSERT OR REPLACE INTO meta VALUES(?,?)", closed)
            db.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            self._payloads.close()
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise self._trouble(error) from None
        self._hash = chain

    def rows(self, collaboration: str) -> Iterator[Row]:
        """The rows of one collaboration, in order, a page at a time.

        Raises:
            TamperError: A payload is not the one that was written.
        """
        return self._rows(collaboration, "")

    def outgoing(self, collaboration: str, after: int = 0) -> Iterator[Outgoing]:
        """The frames of one collaboration beyond a sequence, in order, a page at a time.

        Raises:
            TamperError: A payload is not the one that was written.
        """
        query = (
            f"SELECT sequence, family, head, outbox.payload, {BODY}, recipe, recipe.size FROM outbox"  # noqa: S608
            f" {joined('outbox')} LEFT JOIN recipe ON recipe.digest = outbox.payload"
            " WHERE outbox.collaboration=? AND sequence>? ORDER BY sequence LIMIT ?"
        )
        for sequence, family, head, key, *body, recipe, size in self._pages(query, collaboration, after):
            if recipe is not None:
                yield Outgoing(collaboration, sequence, family, head, b"", key, recipe, size)
            else:
                yield Outgoing(collaboration, sequence, family, head, self._payloads.load(key, *body) or b"", key)

    def said(self, collaboration: str, after: int) -> str:
        """When the first own frame beyond a sequence was made, ISO 8601 UTC; empty where there is none."""
        query = "SELECT head FROM outbox WHERE collaboration=? AND sequence>? ORDER BY sequence LIMIT 1"
        row = self._db.execute(query, (collaboration, after)).fetchone()
        return Frame.restore(row[0], None).header.time if row else ""

    def frames(self, collaboration: str) -> Iterator[tuple[bytes, bytes | None]]:
        """(head, payload) of every event of one collaboration, the own ones first; None for what is not kept.

        Raises:
            TamperError: A payload is not the one that was written.
        """
        own = (
            f"SELECT sequence, head, outbox.payload, {BODY} FROM outbox {joined('outbox')}"  # noqa: S608
            " WHERE outbox.collaboration=? AND sequence>? ORDER BY sequence LIMIT ?"
        )
        heard = (
            f"SELECT row, head, journal.payload, {BODY} FROM journal {joined('journal')}"  # noqa: S608
            " WHERE kind IN ('event', 'own', 'poison') AND journal.collaboration=? AND row>? ORDER BY row LIMIT ?"
        )
        erased = self.meta(f"erased/{collaboration}") is not None
        for query in (own, heard):
            for _, head, key, *body in self._pages(query, collaboration):
                absent = body == [None] * 4 and (erased or self.recipe(key) is not None)
                yield head, None if absent else self._payloads.load(key, *body)

    def words(self, collaboration: str) -> Iterator[Row]:
        """The own commands of one collaboration: the rows of kind ``command``."""
        return self._rows(collaboration, "AND kind='command'")

    def _rows(self, collaboration: str, where: str) -> Iterator[Row]:
        query = (
            f"SELECT row, kind, head, time, journal.payload, {BODY} FROM journal {joined('journal')}"  # noqa: S608
            f" WHERE journal.collaboration=? AND row>? {where} ORDER BY row LIMIT ?"
        )
        for _, kind, head, at, key, *body in self._pages(query, collaboration):
            yield Row(collaboration, kind, head, self._payloads.load(key, *body), at)

    def heads(self, collaboration: str) -> Iterator[tuple[bytes, bytes | None]]:
        """(frame without its payload, digest of the payload if it was kept) of every event heard, adopted or said."""
        heard = "journal WHERE kind IN ('event', 'poison', 'own') AND collaboration=? AND row>? ORDER BY row"
        said = "outbox WHERE collaboration=? AND row>? ORDER BY row"
        for where in (heard, said):
            for _, head, key in self._pages(f"SELECT row, head, payload FROM {where} LIMIT ?", collaboration):  # noqa: S608
                yield head, key

    def payload(self, key: bytes) -> bytes | None:
        """A payload by its hash; None where it was erased, or has a `recipe`.

        Raises:
            TamperError: It is not the one that was written.
        """
        with self._lock:
            return self._payloads.one(key)

    def recipe(self, key: bytes) -> bytes | None:
        """How an own payload is made again, encrypted; None where it is kept or was erased."""
        with self._lock:
            return self._payloads.recipe(key)

    def bodies(self) -> Iterator[tuple[bytes, bytes | None]]:
        """(hash, payload) of everything that is kept outside; None where it is not what was written."""
        return self._payloads.outside()

    def copy(self, path: Path) -> None:
        """Write a copy, as of one moment, to a new file; others may go on writing to this one.

        Raises:
            AccordError: It cannot be written.
        """
        try:
            self._db.execute("VACUUM INTO ?", (str(path),))
        except sqlite3.Error as error:
            raise AccordError(f"the journal cannot be copied to {path}: {error}.") from None

    def _pages(self, query: str, collaboration: str, after: int = 0) -> Iterator[tuple[Any, ...]]:
        """Rows of a query by collaboration and first column, so that no cursor stays open and memory is bounded."""
        while True:
            with self._lock:
                found = self._db.execute(query, (collaboration, after, PAGE)).fetchall()
            yield from found
            if len(found) < PAGE:
                return
            after = found[-1][0]

    def collaborations(self) -> list[str]:
        """The ids of all collaborations that have rows, oldest first."""
        query = "SELECT collaboration FROM journal GROUP BY collaboration ORDER BY MIN(row)"
        return [c for (c,) in self._db.execute(query).fetchall()]

    def positions(self) -> dict[str, Position]:
        """Where to read on, by source."""
        rows = self._db.execute("SELECT source, log, at, digest FROM position").fetchall()
        return {source: Position(source, log, at, seen) for source, log, at, seen in rows}

    def channels(self, *, closed: bool = False) -> dict[bytes, bytes]:
        """Encrypted channel keys by the wrap that brought them; those of closed collaborations only if `closed`."""
        query = (
            "SELECT wrap, encrypted FROM channel WHERE ? OR 'closed/' || collaboration NOT IN (SELECT name FROM meta)"
        )
        return dict(self._db.execute(query, (closed,)).fetchall())

    def closed(self) -> set[str]:
        """Collaborations that have ended and about which nothing remains to be said."""
        rows = self._db.execute("SELECT name FROM meta WHERE name GLOB 'closed/*'").fetchall()
        return {name.removeprefix("closed/") for (name,) in rows}

    def ended(self, collaboration: str) -> str:
        """When the last row of a collaboration was taken, ISO 8601 UTC."""
        query = "SELECT time FROM journal WHERE collaboration=? ORDER BY row DESC LIMIT 1"
        row = self._db.execute(query, (collaboration,)).fetchone()
        return str(row[0]) if row else ""

    def newest(self) -> str:
        """The newest time at which a row was taken, ISO 8601 UTC; empty where there is none."""
        return str(self._db.execute("SELECT MAX(time) FROM journal").fetchone()[0] or "")

    def latest(self, collaboration: str) -> Iterator[bytes]:
        """The heads of the events of peers, the last one first."""
        query = (
            "SELECT row, head FROM journal WHERE kind IN ('event', 'poison') AND collaboration=? AND row<?"
            " ORDER BY row DESC LIMIT ?"
        )
        for _, head in self._pages(query, collaboration, 1 << 62):
            yield head

    def erase(self, collaboration: str, encrypted: Callable[[bytes], bool]) -> int:
        """Erase what a closed collaboration's rows say, in place: payloads, own commands, task results, channel keys.

        Heads, digests and the chain stay, and so do payloads that travelled in clear: evidence can still be made and
        the chain still be checked, but nothing can be folded again.

        Args:
            encrypted: Whether the frame with a head was encrypted.

        Returns:
            The number of payloads erased.
        """
        with self._lock:
            db = self._db
            db.execute("PRAGMA secure_delete=ON")
            query = "SELECT kind, head, payload FROM journal WHERE collaboration=? AND payload IS NOT NULL"
            rows = db.execute(query, (collaboration,)).fetchall()
            query = "SELECT 'own', head, payload FROM outbox WHERE collaboration=?"
            rows += db.execute(query, (collaboration,)).fetchall()
            keys = {key for kind, head, key in rows if kind in ("command", "job") or encrypted(head)}
            others = "SELECT payload FROM {} WHERE collaboration<>? AND payload=?"
            kept = {
                key
                for key in keys
                for table in ("journal", "outbox")
                if db.execute(others.format(table), (collaboration, key)).fetchone()
            }
            db.execute("BEGIN IMMEDIATE")
            for table in ("payload", "body", "recipe"):
                db.executemany(f"DELETE FROM {table} WHERE digest=?", [(key,) for key in keys - kept])  # noqa: S608
            db.execute("DELETE FROM channel WHERE collaboration=?", (collaboration,))
            db.execute("INSERT OR REPLACE INTO meta VALUES(?,?)", _fact(f"erased/{collaboration}", stamp().encode()))
            db.execute("COMMIT")
            self._payloads.erase(collaboration)  # of encrypted payloads, which no two collaborations have in common
            db.execute("VACUUM")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return len(keys - kept)

    def meta(self, name: str) -> bytes | None:
        """A fact about this journal.

        Raises:
            TamperError: It is not the one that was written.
        """
        row = self._db.execute("SELECT value FROM meta WHERE name=?", (name,)).fetchone()
        if row is None:
            return None
        value = bytes(row[0])[:-_CHECK]
        if _fact(name, value) != (name, row[0]):
            raise TamperError(f"the entry {name} of {self._path} is not the one that was written.")
        return value

    def facts(self) -> dict[str, bytes]:
        """All facts about this journal, by name; see `meta`."""
        names = [name for (name,) in self._db.execute("SELECT name FROM meta ORDER BY name")]
        return {name: self.meta(name) or b"" for name in names}

    def set_meta(self, name: str, value: bytes) -> None:
        """Record a fact about this journal.

        Raises:
            AccordError: The disk is full or cannot be written.
        """
        try:
            self._db.execute("INSERT OR REPLACE INTO meta VALUES(?,?)", _fact(name, value))
        except sqlite3.Error as error:
            raise self._trouble(error) from None

    def verify(self) -> None:
        """Check the chain of rows.

        Raises:
            TamperError: A row is not the one that was written.
        """
        chain = bytes(32)
        for number, collaboration, kind, head, key, taken, want in self._db.execute(
            "SELECT * FROM journal ORDER BY row"
        ):
            chain = row_hash(chain, Row(collaboration, kind, head, None, taken), key)
            if chain != want:
                raise TamperError(f"row {number} of {self._path} is not the one that was written.")

    def ask(self, command: str, body: str) -> int:
        """Leave a request for the agent that owns this journal; returns its number."""
        with self._db:
            return int(
                self._db.execute("INSERT INTO request(command, body) VALUES(?,?)", (command, body)).lastrowid or 0
            )

    def requests(self) -> list[tuple[int, str, str]]:
        """Requests without an answer: (number, command, body)."""
        return self._db.execute("SELECT row, command, body FROM request WHERE answer IS NULL ORDER BY row").fetchall()

    def answer(self, number: int) -> str | None:
        """The answer to a request, when there is one."""
        row = self._db.execute("SELECT answer FROM request WHERE row=?", (number,)).fetchone()
        return row[0] if row else None

    def withdraw(self, number: int) -> None:
        """Nobody waits for this answer any more: the agent shall not carry the request out later."""
        self._db.execute("UPDATE request SET answer='{}' WHERE row=? AND answer IS NULL", (number,))

    def statuses(self) -> list[tuple[str, str, str]]:
        """(collaboration, state, body as JSON) of every collaboration, as last committed."""
        return self._db.execute("SELECT collaboration, state, body FROM status").fetchall()

    def status(self, collaboration: str) -> str | None:
        """The body as JSON of one collaboration's status, as last committed."""
        row = self._db.execute("SELECT body FROM status WHERE collaboration=?", (collaboration,)).fetchone()
        return row[0] if row else None

    def quarantine(self) -> list[Refused]:
        """What was no acceptable event; see `QuarantineTable`."""
        return self._quarantine.all()

    def close(self) -> None:
        """Close the file; committed rows stay."""
        self._payloads.close()
        self._db.close()

    def _trouble(self, error: sqlite3.Error | OSError) -> AccordError:
        return AccordError(
            f"the journal {self._path} cannot be used: {error}.",
            hint="Check free space and rights of its folder, then start again: nothing is lost.",
        )


def _fact(name: str, value: bytes) -> tuple[str, bytes]:
    """A fact as it is kept: with the beginning of its digest, so that a damaged one is noticed."""
    return name, value + digest(b"accord fact", name, value)[:_CHECK]
