"""The broker port: an ordered, at-least-once log of opaque frames, and where a reader stands in it.

An adapter judges no frame; where messages of its broker have attributes, it writes the header there. Adapters promise
order per source and nothing else: a record may come twice, and an acknowledgement by the broker is no proof that a peer
has it. Deduplication, signatures and re-sending belong to the agent.

After a `BrokerError` with ``retry``, close, open and subscribe again with the positions stored last: one way back,
whatever happened to the connection or to the log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from accord_schemas.canonical import digest
from accord_schemas.codes import Code
from accord_schemas.errors import AccordError

QUARANTINE = "quarantine"
"""The family that is written for people to look at; no adapter ever delivers it."""
FAMILIES = ("control", "keys", "psi", "intermediates", "gradients", "results", QUARANTINE)


class BrokerError(AccordError):
    """The broker did not do what was asked; with ``retry``, the same may succeed after opening again."""

    usual = Code.BROKER


class TooLargeError(BrokerError):
    """A record exceeds what the broker takes; others may pass."""

    usual = Code.TOO_LARGE


@dataclass(frozen=True, slots=True)
class Record:
    """What is published.

    Args:
        family: The topic family, one of `FAMILIES`.
        key: The collaboration's id; records of one family and key keep their order.
        frame: The frame's bytes, carried as they are.
        trace: ``traceparent`` of W3C Trace Context, carried beside the frame; empty where there is none. For whoever
            follows events through other systems: no part of what a record is, so that records that differ in nothing
            else are equal.
    """

    family: str
    key: str
    frame: bytes = field(repr=False)
    trace: str = field(default="", compare=False)

    def digest(self) -> bytes:
        """SHA-256 over family, key and frame, each prefixed by its length: 32 bytes."""
        return digest(self.family, self.key, self.frame)


@dataclass(frozen=True, eq=False)
class Position:
    """Where a record is, and how to tell that it still is there.

    Args:
        source: The ordered source: a topic and partition, or ``log``.
        log: Id of that source's incarnation; a log that was made anew has another.
        offset: The record's place, ascending within its source; there may be gaps.
        record: The record there, or its digest; of many records read, only the last one's digest is ever needed.
    """

    source: str
    log: str
    offset: int
    record: Record | bytes = field(repr=False)

    @cached_property
    def digest(self) -> bytes:
        """`Record.digest` of the record there, 32 bytes."""
        return self.record.digest() if isinstance(self.record, Record) else self.record

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Position):
            return NotImplemented
        mine, theirs = (self.source, self.log, self.offset), (other.source, other.log, other.offset)
        return mine == theirs and self.digest == other.digest

    def __hash__(self) -> int:
        return hash((self.source, self.log, self.offset))


@dataclass(frozen=True, slots=True)
class Delivery:
    """One record as it was read."""

    record: Record
    position: Position


class Source(Protocol):
    """The reading half of a `Broker`, for those who only watch; see there."""

    @property
    def history(self) -> bool:
        """Whether records can be read again from the first one."""
        ...

    async def open(self) -> None:
        """Connect, and create nothing."""
        ...

    async def close(self) -> None:
        """Disconnect."""
        ...

    async def subscribe(self, after: Mapping[str, Position]) -> frozenset[str]:
        """Read every source from the record after the given position."""
        ...

    async def receive(self, limit: int, max_bytes: int, timeout: float) -> list[Delivery]:
        """The next records."""
        ...

    async def end(self) -> Mapping[str, int]:
        """The offset of the last record of each source that has any."""
        ...

    async def committed(self, deliveries: Sequence[Delivery]) -> None:
        """These need not come again."""
        ...


class Broker(Protocol):
    """A connection to one broker, used from one asyncio loop. Only `publish` may run while `receive` waits."""

    @property
    def history(self) -> bool:
        """Whether records can be read again from the first one."""
        ...

    async def open(self) -> None:
        """Connect. After `close` it may be called again.

        Raises:
            BrokerError: It cannot be reached or used.
        """
        ...

    async def close(self) -> None:
        """Disconnect and free everything; harmless when not open."""
        ...

    async def largest_chunk(self) -> int | None:
        """How many bytes a chunk may have so that its record is taken, as far as the broker tells; None where not.

        Raises:
            BrokerError: It cannot be asked.
        """
        ...

    async def publish(self, records: Sequence[Record]) -> None:
        """Append the records in order; returns when the broker has acknowledged all of them.

        Raises:
            BrokerError: It has not; any number of the first records may be on the log all the same.
            ValueError: A record's family is unknown; nothing was published.
        """
        ...

    async def subscribe(self, after: Mapping[str, Position]) -> frozenset[str]:
        """Read every source from the record after the given position, those without one from their first record.

        Args:
            after: The last stored position of each source.

        Returns:
            The sources in `after` whose position does not hold any more (made anew, cut off, grown again with other
            records, gone). They are read from their first record: nothing is skipped in silence. Always empty
            without `history`.

        Raises:
            BrokerError: The broker failed.
        """
        ...

    async def receive(self, limit: int, max_bytes: int, timeout: float) -> list[Delivery]:
        """The next records, in order within each source; own ones too, those of `QUARANTINE` never.

        A call that is cancelled takes nothing: what it would have returned comes with the next one.

        Args:
            limit: At most so many records.
            max_bytes: At most so many bytes of frames, but always one record, however large.
            timeout: Seconds after which an empty list is returned.

        Raises:
            BrokerError: The connection was lost, or the log is not the one that was opened.
        """
        ...

    async def end(self) -> Mapping[str, int]:
        """The offset of the last record that `receive` would deliver, as it is now, of each source that has any.

        Who has stored positions up to these has read what was there. Always empty without `history`. A log may hold
        what is no record: then the answer is too high until `receive` has come past that, and asking again helps.
        """
        ...

    async def committed(self, deliveries: Sequence[Delivery]) -> None:
        """The application has stored these; they need not come again."""
        ...
