"""What a journal is written in: rows, frames to publish, and the batch that one transaction writes."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from accord_agents.journal.quarantine import Refused
from accord_broker.port import Position
from accord_schemas.canonical import digest
from accord_schemas.suites import SUITES


@dataclass(frozen=True, slots=True)
class Row:
    """One journal row.

    Args:
        collaboration: Its id.
        kind: ``event`` of a peer, ``own`` event read back and adopted, ``job`` result, own ``command``, or ``poison``:
            an event that could not be processed, and ended its collaboration.
        head: For events the frame without its payload, else the address or command.
        payload: The payload, where this party may read it.
        time: When it was taken, ISO 8601 UTC; the time that frames made by this row carry.
        key: What names the payload: the hash in an event's header; empty for SHA-256, which nobody took yet.
        encrypted: Whether it is an event's that was encrypted: its payload is as encrypted as it was on the wire.
    """

    collaboration: str
    kind: str
    head: bytes
    payload: bytes | None = field(repr=False)
    time: str
    key: bytes = b""
    encrypted: bool = False


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One frame to publish, as it will be on the log.

    Args:
        collaboration: Its id.
        sequence: Of the frame.
        family: Of its event.
        head: The frame without its payload.
        payload: The payload; empty where only a recipe stands for it, as in the journal.
        key: What names the payload, as in a `Row`.
        recipe: How the payload is made again, encrypted.
        omitted: The payload's bytes then.
    """

    collaboration: str
    sequence: int
    family: str
    head: bytes
    payload: bytes = field(repr=False)
    key: bytes = b""
    recipe: bytes = field(default=b"", repr=False)
    omitted: int = 0

    @property
    def size(self) -> int:
        """Bytes of the payload, in memory or not."""
        return self.omitted or len(self.payload)


@dataclass(slots=True)
class Batch:
    """What one transaction writes."""

    rows: list[Row] = field(default_factory=list)
    outgoing: list[Outgoing] = field(default_factory=list)
    positions: list[Position] = field(default_factory=list)
    channels: list[tuple[bytes, str, bytes]] = field(default_factory=list)
    quarantined: list[Refused] = field(default_factory=list)
    answers: list[tuple[int, str]] = field(default_factory=list)
    statuses: dict[str, tuple[str, str]] = field(default_factory=dict)
    closed: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        news = (self.rows, self.outgoing, self.positions, self.quarantined, self.answers, self.statuses, self.closed)
        return any(news)


def row_hash(before: bytes, row: Row, payload: bytes | None) -> bytes:
    """The hash of a row, chained to the one before."""
    return digest(b"accord row", before, row.collaboration, row.kind, row.head, payload or b"", row.time)


def named(key: bytes, body: bytes) -> bool:
    """Whether a key names a payload: by the hash of any profile, as the header of its event gives it."""
    return any(suite.hash(body) == key for suite in SUITES.values())


def stamp(seconds: float | None = None) -> str:
    """UTC now (or at `seconds` since the epoch) as the header carries it."""
    now = time.time() if seconds is None else seconds
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03d}Z"
