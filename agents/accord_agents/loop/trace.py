"""Trace context of events (W3C Trace Context, level 1), deterministic: whoever has the frame knows trace and span.

A collaboration is one trace at all parties, its id the first 16 bytes of a hash of the collaboration's id. An event is
one span, named by the first 8 bytes of its frame's digest. Its parent is the sender's event before it, which its
``previoushash`` begins with; a sender's first event has none. Nothing is drawn, so that an event that goes out again,
after a crash or out of another's journal, is the same span.

Agents write the context beside the frame for other systems' sake and read nobody's: what they log follows from the
signed frame.
"""

from __future__ import annotations

from accord_schemas.canonical import digest
from accord_schemas.frame import Frame


def trace_id(collaboration: str) -> str:
    """The trace of a collaboration: 32 hex digits."""
    return digest(b"accord trace", collaboration).hex()[:32]


def span_id(frame: Frame) -> str:
    """The span of an event: 16 hex digits."""
    return frame.digest.hex()[:16]


def traceparent(frame: Frame) -> str:
    """What travels beside an event; always sampled, for every event is logged."""
    return f"00-{trace_id(frame.header.subject)}-{span_id(frame)}-01"


def fields(frame: Frame | None) -> dict[str, str]:
    """What a log line about an event carries besides; nothing about what is none."""
    return {"trace_id": trace_id(frame.header.subject), "span_id": span_id(frame)} if frame else {}
