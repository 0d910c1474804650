"""What the journal keeps of frames and of a collaboration's state, in clear."""

from __future__ import annotations

from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.journal.rows import Outgoing, Row
from accord_agents.security.storage import StorageCipher
from accord_schemas.canonical import canonical_json
from accord_schemas.codes import Code
from accord_schemas.frame import Frame


def outgoing(frame: Frame, cipher: StorageCipher) -> Outgoing:
    """A frame as the outbox keeps it; what is in a recipe in clear is encrypted on the wire, so it is encrypted."""
    header = frame.header
    key = bytes.fromhex(header.payloadhash)
    recipe = cipher.encrypt(frame.recipe, key) if frame.recipe else b""
    family = header.event_class.family
    return Outgoing(header.subject, header.number, family, frame.bare(), frame.payload, key, recipe, frame.omitted)


def row_of(frame: Frame, kind: str, now: str, *, whole: bool = True) -> Row:
    """A frame as a row: without its payload where this party may not or need not read it.

    The caller has checked that the payload is the one that the header names: the journal keeps it under that hash.
    """
    header = frame.header
    payload = frame.payload if whole else None
    key, encrypted = bytes.fromhex(header.payloadhash), header.event_class.encrypted
    return Row(header.subject, kind, frame.bare(), payload, now, key, encrypted)


def status(collaboration: Collaboration, since: str) -> str:
    """What `accord status` and `accord inbox` show.

    Args:
        collaboration: Which.
        since: When something happened there last.
    """
    agreement = collaboration.agreement
    body = {
        "name": agreement.name if agreement else "",
        "proposer": collaboration.proposer,
        "parties": list(agreement.order) if agreement else [],
        "round": collaboration.round,
        "reason": collaboration.reason,
        "code": collaboration.ending.code if collaboration.ending else Code.GENERAL,
        "by": collaboration.ending.by if collaboration.ending else "",
        "detail": collaboration.detail,
        "accepted": collaboration.accepted,
        "since": since,
        "waits_for": [] if collaboration.ended else collaboration.silent(),
        "agreement": agreement.terms() if agreement else None,
    }
    return canonical_json(body).decode()
