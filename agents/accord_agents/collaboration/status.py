"""What the journal keeps of frames and of a collaboration's state, in clear."""

from __future__ import annotations

from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.journal.rows import Outgoing
from accord_schemas.canonical import canonical_json
from accord_schemas.frame import Frame


def outgoing(frame: Frame) -> Outgoing:
    """A frame as the outbox keeps it."""
    header = frame.header
    return Outgoing(header.subject, header.number, header.event_class.family, frame.bare(), frame.payload)


def status(collaboration: Collaboration) -> str:
    """What `accord status` and `accord inbox` show."""
    agreement = collaboration.agreement
    body = {
        "name": agreement.name if agreement else "",
        "proposer": collaboration.proposer,
        "parties": list(agreement.order) if agreement else [],
        "round": collaboration.round,
        "reason": collaboration.reason,
        "detail": collaboration.detail,
        "accepted": collaboration.accepted,
        "agreement": agreement.terms() if agreement else None,
    }
    return canonical_json(body).decode()
