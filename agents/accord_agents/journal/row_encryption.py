"""What the journal keeps of rows, frames and states, and in which form."""

from __future__ import annotations

from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.journal.rows import Outgoing, Row
from accord_agents.security.storage import StorageCipher
from accord_schemas.canonical import canonical_json, digest
from accord_schemas.frame import Frame


def outgoing(frame: Frame) -> Outgoing:
    """A frame as the outbox keeps it."""
    header = frame.header
    return Outgoing(header.subject, header.number, header.event_class.family, frame.bare(), frame.payload)


def sealed(row: Row, cipher: StorageCipher) -> Row:
    """A row as the journal keeps it: the own word and job results encrypted."""
    if row.kind not in ("word", "job") or row.payload is None:
        return row
    return Row(row.collaboration, row.kind, row.head, cipher.encrypt(row.payload, place(row)), row.time)


def opened(row: Row, cipher: StorageCipher) -> Row:
    """A row of the journal in clear.

    Raises:
        TamperError: It was changed.
    """
    if row.kind not in ("word", "job") or row.payload is None:
        return row
    return Row(row.collaboration, row.kind, row.head, cipher.decrypt(row.payload, place(row)), row.time)


def place(row: Row) -> bytes:
    """What an encrypted row is bound to."""
    return digest(b"accord row", row.collaboration, row.kind, row.head, row.time)


def status(collaboration: Collaboration) -> str:
    """What `accord status` and `accord inbox` show."""
    agreement = collaboration.agreement
    body = {
        "name": agreement.name if agreement else "",
        "proposer": collaboration.proposer,
        "parties": list(agreement.order) if agreement else [],
        "round": collaboration.round,
        "reason": collaboration.reason,
        "accepted": collaboration.accepted,
        "agreement": agreement.model_dump(mode="json") if agreement else None,
    }
    return canonical_json(body).decode()


def behind(party: str) -> str:
    """Why a party ends a collaboration that it cannot go on with."""
    return f"{party} went back to a backup that is behind what others hold; to be proposed anew"
