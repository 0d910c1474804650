"""From the chunks of contents back to events: numbers that are many go on into a blob, chunk by chunk."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from accord_schemas.address import Address, Content
from accord_schemas.blob import LARGE, Blob, Reader
from accord_schemas.blocks import MAX_JSON, NAMES, Entry, decode_head
from accord_schemas.errors import FrameError
from accord_schemas.events import JSON, Event
from accord_schemas.header import Header

AHEAD = 64 << 20
"""Bytes of one sender's chunks that may wait for an earlier one: twice what an honest one has under way."""


class Writer(Protocol):
    """Takes the bytes of a blob in order."""

    def write(self, data: bytes | memoryview) -> None:
        """Append."""

    def finish(self) -> bytes:
        """Put it in its place; returns its SHA-256."""
        ...

    def discard(self) -> None:
        """Leave nothing behind, unless it is finished."""


class Blobs(Reader, Protocol):
    """Where blobs are written and read."""

    def writer(self, *, durable: bool = True) -> Writer:
        """A new one."""
        ...


@dataclass(slots=True)
class _Field:
    """A raw field under way."""

    entry: Entry
    left: int
    writer: Writer | None
    held: bytearray = field(default_factory=bytearray, repr=False)


class Fields:
    """A payload of fields out of pieces that come in order.

    Args:
        blobs: Where large numbers go; None keeps all in memory.

    Attributes:
        head: The head with its length, once it is there.
    """

    def __init__(self, blobs: Blobs | None) -> None:
        self._blobs, self._held = blobs, bytearray()
        self.head = b""
        self._fields: dict[str, Any] | None = None
        self._entries: list[Entry] = []
        self._open: _Field | None = None

    def feed(self, data: bytes) -> None:
        """Take a piece.

        Raises:
            FrameError: The payload is not of the known form.
        """
        view = memoryview(data)
        if self._fields is None:
            self._held += data
            size = int.from_bytes(self._held[:4], "big")
            if size > MAX_JSON:
                raise FrameError("a payload's head is cut short or too long")
            if len(self._held) < 4 + size:
                return
            self.head = bytes(self._held[: 4 + size])
            self._fields, self._entries = decode_head(self.head[4:])
            view = memoryview(bytes(self._held[4 + size :]))
            self._held.clear()
            self._next()
        while len(view):
            if self._open is None:
                raise FrameError("a payload has bytes left over")
            taken = view[: self._open.left]
            if self._open.writer is not None:
                self._open.writer.write(taken)
            else:
                self._open.held += taken
            self._open.left -= len(taken)
            view = view[len(taken) :]
            self._next()

    def finish(self) -> dict[str, Any]:
        """The fields.

        Raises:
            FrameError: The payload is cut short.
        """
        if self._fields is None or self._open is not None:
            raise FrameError("a payload is cut short")
        return self._fields

    def discard(self) -> None:
        """Nothing more will come."""
        if self._open is not None and self._open.writer is not None:
            self._open.writer.discard()

    def _next(self) -> None:
        """Put away a field that is whole, and begin the next one."""
        while self._open is None or not self._open.left:
            if self._open is not None:
                self._keep(self._open)
                self._open = None
            if not self._entries:
                return
            entry = self._entries.pop(0)
            large = self._blobs is not None and entry[1] is not None and entry[3] >= LARGE
            writer = self._blobs.writer(durable=False) if self._blobs is not None and large else None
            self._open = _Field(entry, entry[3], writer)

    def _keep(self, done: _Field) -> None:
        name, dtype, shape, _ = done.entry
        assert self._fields is not None
        if done.writer is not None and dtype is not None:
            self._fields[name] = Blob(done.writer.finish(), NAMES[dtype], shape, self._blobs)
        else:
            body = bytes(done.held)
            self._fields[name] = body if dtype is None else np.frombuffer(body, dtype).reshape(shape)


class Text:
    """A payload of plain JSON out of pieces that come in order: small, and kept in memory."""

    def __init__(self) -> None:
        self.held = bytearray()

    def feed(self, data: bytes) -> None:
        """Take a piece."""
        self.held += data

    def discard(self) -> None:
        """Nothing more will come."""


@dataclass(slots=True)
class _Stream:
    """A content that is not whole."""

    count: int
    whole: Fields | Text
    taken: int = 0
    size: int = 0
    ahead: dict[int, bytes] = field(default_factory=dict, repr=False)


MAX_OPEN = 32
"""Contents of one sender that are not whole, each with a file that is open: an honest one says pieces one by one."""


class Assembler:
    """Puts the chunks of contents together; counts are announced in each chunk and must agree.

    Args:
        limit: Chunks of one content, at most.
        budget: Bytes of one sender's contents that are not whole yet, at most.
        blobs: Where large numbers go; None keeps all in memory.
    """

    def __init__(self, limit: int, budget: int, blobs: Blobs | None = None) -> None:
        self._limit, self._budget, self._blobs = limit, budget, blobs
        self._streams = dict[Address, _Stream]()
        self._held = Counter[str]()
        self._ahead = Counter[str]()

    def add(self, header: Header, data: bytes) -> Content | None:
        """Take a chunk; the content once the last has arrived.

        Raises:
            FrameError: The chunks disagree, repeat, exceed a bound, or give no event.
        """
        k, count = header.part
        if count == 1:
            return Content(header.address, header.to, header.event_class.decode(data))
        stream = self._stream(header, k, count)
        self._held[header.source] += len(data)
        if self._held[header.source] > self._budget:
            raise FrameError("too much of contents that are not whole came of one party")
        stream.size += len(data)
        stream.ahead[k] = data
        self._ahead[header.source] += len(data)
        while stream.taken + 1 in stream.ahead:
            stream.taken += 1
            piece = stream.ahead.pop(stream.taken)
            self._ahead[header.source] -= len(piece)
            stream.whole.feed(piece)
        if self._blobs is not None and self._ahead[header.source] > AHEAD:
            raise FrameError("too many chunks came before an earlier one")
        if stream.taken < count:
            return None
        self._held[header.source] -= stream.size
        del self._streams[header.address]
        return Content(header.address, header.to, _event(header.event_class, stream))

    def discard(self) -> None:
        """Nothing more will come: leave nothing behind of what is not whole."""
        for stream in self._streams.values():
            stream.whole.discard()
        self._streams.clear()

    def _stream(self, header: Header, k: int, count: int) -> _Stream:
        stream = self._streams.get(header.address)
        if count > self._limit or (stream is not None and stream.count != count):
            raise FrameError("the chunks of an event disagree about their number, or are too many")
        if stream is None:
            if sum(address.sender == header.source for address in self._streams) >= MAX_OPEN:
                raise FrameError("too many contents of one party are not whole")
            whole = Text() if header.event_class.family in JSON else Fields(self._blobs)
            stream = self._streams[header.address] = _Stream(count, whole)
        if k <= stream.taken or k in stream.ahead:
            raise FrameError("a chunk came twice under different sequence numbers")
        return stream


def _event(kind: type[Event], stream: _Stream) -> Event:
    """What came in pieces, in its one encoding."""
    if isinstance(stream.whole, Text):
        return kind.decode(bytes(stream.whole.held))
    event = kind.of(stream.whole.finish())
    if event.payload().parts[0] != stream.whole.head:  # what follows are the very bytes that came
        raise FrameError(f"{kind.type} is not in canonical form")
    return event
