"""Whether a journal is what was written, row by row: digests, chain, canonical frames, signatures. Folds nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path

from accord_agents.collaboration.difference import DifferenceError
from accord_agents.journal.quarantine import MAX_BODY
from accord_agents.journal.rows import Row, named, row_hash
from accord_agents.security.identity import PublicIdentity
from accord_schemas.canonical import digest
from accord_schemas.errors import FrameError, TamperError, UsageError
from accord_schemas.frame import Frame

Pinned = Callable[[str], list[PublicIdentity]]
"""The identities of a party that are known, now and formerly."""
Bodies = Iterable[tuple[bytes, bytes | None]]


def check(path: Path, me: str, erased: set[str], pinned: Pinned, bodies: Bodies) -> set[bytes]:
    """Check every row of every table that a fold, or whoever relies on one, may read.

    Positions, requests and statuses say nothing about what was done, and are left out.

    Args:
        path: A copy of the journal.
        me: The party whose it is.
        erased: Collaborations whose payloads are gone.
        pinned: Whose word counts.
        bodies: What is kept outside, by hash; None where it is not what was written.

    Returns:
        The digests of payloads that belong to nothing; a fold tells better what is missing.

    Raises:
        TamperError: Something is not as it was written; names the row and, where there is one, the event.
        UsageError: The sender of an event is not pinned any more.
    """
    db = sqlite3.connect(path)
    try:
        found = db.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if found != "ok":
            raise TamperError(f"the journal is damaged: {found}.")
        payloads = _payloads(db, bodies)
        used = _journal(db, payloads, erased, pinned) | _outbox(db, me, payloads, erased, pinned)
        _quarantine(db)
        return payloads - used
    finally:
        db.close()


def _payloads(db: sqlite3.Connection, bodies: Bodies) -> set[bytes]:
    found = {key for (key,) in db.execute("SELECT digest FROM recipe")}  # what they give, a fold compares
    for key, body in bodies:
        if body is None:
            raise _altered(db, key)
        found.add(key)
    for key, body in db.execute("SELECT digest, body FROM payload"):
        if not named(key, body):
            raise _altered(db, key)
        found.add(key)
    return found


def _altered(db: sqlite3.Connection, key: bytes) -> TamperError:
    """A payload has changed: whose it is says the row that refers to it."""
    for table, kind in (("outbox", "'own'"), ("journal", "kind")):
        query = f"SELECT collaboration, {kind}, head FROM {table} WHERE payload=?"  # noqa: S608 - our own names
        for cid, name, head in db.execute(query, (key,)):
            return _changed(Row(cid, name, head, None, ""), "the payload of", "payload")
    return TamperError(f"the payload with the digest {key.hex()} is not the one that was written.")


def _journal(db: sqlite3.Connection, payloads: set[bytes], erased: set[str], pinned: Pinned) -> set[bytes]:
    chain, used = bytes(32), set()
    rows = db.execute(
        "SELECT row, collaboration, kind, head, journal.payload, time, hash, body FROM journal"
        " LEFT JOIN payload ON payload.digest = journal.payload AND kind IN ('event', 'own', 'poison') ORDER BY row"
    )
    for number, cid, kind, head, key, taken, want, body in rows:
        row = Row(cid, kind, head, None, taken)
        where = f"row {number} of the journal"
        chain = row_hash(chain, row, key)
        if chain != want:
            raise _changed(row, f"{where},", "hash")
        if key is not None:
            used.add(key)
            _there(key, payloads, cid in erased, where)
        if kind in ("event", "own", "poison"):
            _frame(cid, head, body, pinned, where)
    return used


def _changed(row: Row, where: str, field: str) -> DifferenceError:
    """The error for a changed row; which event or job it was says its head, if that can still be read."""
    sequence, address = 0, row.kind
    try:
        if row.kind in ("event", "own", "poison"):
            header = Frame.restore(row.head, None).header
            sequence, address = header.number, str(header.address)
        else:
            address = f"{row.kind} {'/'.join(row.head.decode().splitlines())}"
    except Exception:  # noqa: BLE001 - a changed row may hold anything
        sequence = 0
    event = f"event {sequence} ({address})" if sequence else address
    message = f"{where} {event} of {row.collaboration} is not the one that was written."
    return DifferenceError(
        field, sequence=sequence, address=address, message=message, collaboration=str(row.collaboration)
    )


def _outbox(db: sqlite3.Connection, me: str, payloads: set[bytes], erased: set[str], pinned: Pinned) -> set[bytes]:
    used = set()
    known = {cid for (cid,) in db.execute("SELECT DISTINCT collaboration FROM journal")}
    rows = db.execute(
        "SELECT outbox.collaboration, sequence, family, head, outbox.payload, body FROM outbox"
        " LEFT JOIN payload ON payload.digest = outbox.payload ORDER BY row"
    )
    for cid, sequence, family, head, key, body in rows:
        where = f"event {sequence} of {cid} in the outbox"
        if cid not in known:
            message = f"{where} follows from nothing: the journal has no row of it."
            raise DifferenceError("journal", sequence=sequence, message=message, collaboration=str(cid))
        used.add(key)
        _there(key, payloads, cid in erased, where)
        header = _frame(cid, head, body, pinned, where).header
        if (header.number, header.event_class.family, header.source) != (sequence, family, me):
            message = f"{where} is another than its frame says."
            raise DifferenceError("outbox", sequence=sequence, message=message, collaboration=cid)
    return used


def _there(key: bytes, payloads: set[bytes], erased: bool, where: str) -> None:
    if key not in payloads and not erased:
        raise TamperError(f"the payload of {where} is missing.")


def _frame(cid: str, head: bytes, body: bytes | None, pinned: Pinned, where: str) -> Frame:
    """A frame whose form, payload and signature are right."""
    try:
        frame = Frame.restore(head, body)
        if body is not None:
            Frame.decode(frame.encode())  # the payload is the one that was signed
        if frame.bare() != head or frame.header.subject != cid:
            raise FrameError("it is not in its one form")
    except FrameError as error:
        message = f"{where} is no acceptable frame: {error.message}."
        raise DifferenceError("frame", message=message, collaboration=cid) from None
    header, known = frame.header, pinned(frame.header.source)
    if not known:
        raise UsageError(f"{header.source} is not pinned.", hint="Trust its identity again: accord keys trust FILE.")
    if not any(_signed(public, frame) for public in known):
        address = str(header.address)
        message = f"{where}, event {header.number} ({address}) of {cid}, is not signed by {header.source}."
        raise DifferenceError("signature", sequence=header.number, address=address, message=message, collaboration=cid)
    return frame


def _signed(public: PublicIdentity, frame: Frame) -> bool:
    try:
        public.authenticate(frame)
    except FrameError:
        return False
    return True


def _quarantine(db: sqlite3.Connection) -> None:
    for number, key, body in db.execute("SELECT row, digest, body FROM quarantine"):
        if len(key) != 32 or (len(body) not in (0, MAX_BODY) and digest(body) != key):  # else not kept whole
            raise TamperError(f"row {number} of the quarantine is not the one that was written.")
