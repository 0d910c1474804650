"""From contents to frames, and back from frames to contents.

What a content becomes on the wire is fixed by the content and the channel key but for three things: the envelope
(sequence, chain, watermarks, time), the wraps of the channel key, and the signature. So a recorded frame can be checked
against the content that a replay arrives at, without the identity key.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from accord_agents.collaboration.difference import DifferenceError
from accord_agents.collaboration.recipe import EPOCH, associated, wraps_of, write_recipe
from accord_agents.security.channels.registry import channel_of
from accord_schemas.address import Content
from accord_schemas.agreement import Agreement, Limits
from accord_schemas.errors import FrameError, TamperError, UsageError
from accord_schemas.events import Ack, Event
from accord_schemas.frame import Frame, Signer
from accord_schemas.header import Header, content_type, event_id
from accord_schemas.suites import DEFAULT, SUITES, Suite

LEAST, MOST = 64 << 20, 4 << 30
"""Bounds of `budget`, in bytes."""
FRESH = 24 << 20
"""Bytes of a content whose frames keep their payloads until they are published: longer ones make them twice."""
ChannelKey = Callable[[tuple[str, ...]], bytes]
"""The own channel key for a recipient set."""
Wraps = Callable[[tuple[str, ...]], list[bytes]]
"""The channel key wrapped to each of a recipient set, in order."""


class SecondVersionError(TamperError):
    """What an earlier incarnation said is not what this one arrives at: it lacks keys or seeds that were made since."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One chunk of a content, before it has an envelope: what is said, encrypted where it must be."""

    content: Content
    chunk: str
    salt: str
    body: bytes = field(repr=False)
    span: tuple[int, int] = (0, 0)
    """Where in the payload it begins and ends."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Fixed when a frame is committed, and no part of what it says."""

    sequence: int
    previous: bytes
    seen: str
    time: str


class Composer:
    """Turns one party's contents into frames.

    Args:
        collaboration: Its id.
        agreement: Digest of the agreement.
        limits: Says how many bytes a frame may carry.
        key: The channel key of a recipient set.
        suite: The algorithms.
    """

    def __init__(
        self, collaboration: str, agreement: bytes, limits: Limits, key: ChannelKey, suite: Suite = SUITES[DEFAULT]
    ) -> None:
        self.collaboration, self.agreement, self._limits, self._key = collaboration, agreement, limits, key
        self.suite, self._channel = suite, channel_of(suite.name)

    def pieces(self, content: Content) -> Iterator[Piece]:
        """The chunks of a content, one at a time; those of an encrypted family are encrypted to exactly its recipients.

        Raises:
            UsageError: It is never cut, and larger than what is never cut may be.
        """
        size = self._limits.chunk_bytes
        if content.event.family == "control":  # read before an agreement says what a chunk is
            bounded(content.event.name, content.payload.encode(), self._limits)
            size = max(1, content.size)
        count = max(1, -(-content.size // size))
        for k, part in enumerate(content.payload.cut(size), 1):
            chunk, salt, body = f"{k}/{count}" if count > 1 else "", b"", part
            if content.event.encrypted:
                about = (self.collaboration, self.agreement, content.event.type, content.address, content.to, chunk)
                salt, body = self._channel.encrypt(self._key(content.to), associated(self.suite, *about), part)
            yield Piece(content, chunk, salt.hex(), body, ((k - 1) * size, min(k * size, content.size)))

    def header(self, piece: Piece, envelope: Envelope, payload: bytes) -> Header:
        """The header of a piece under an envelope."""
        content = piece.content
        return Header(
            type=content.event.type,
            source=content.address.sender,
            subject=self.collaboration,
            time=envelope.time,
            agreement=self.agreement.hex(),
            payloadhash=self.suite.hash(payload).hex(),
            watermarks=envelope.seen,
            datacontenttype=content_type(type(content.event)),
            id=event_id(self.collaboration, str(envelope.sequence), envelope.seen),
            eventnumber=str(envelope.sequence),
            previoushash=envelope.previous.hex(),
            instance=content.address.instance,
            step=content.address.step,
            recipients=",".join(content.to),
            chunk=piece.chunk,
            salt=piece.salt,
            epoch=str(EPOCH) if content.event.encrypted else "",
            suite=self.suite.attribute,
        )

    def frame(self, piece: Piece, envelope: Envelope, wraps: Wraps, sign: Signer) -> Frame:
        """A new frame; with a recipe, and instead of a long payload, where that is not in memory."""
        if not piece.content.event.encrypted:
            return Frame.make(self.header(piece, envelope, piece.body), piece.body, sign)
        wrapped = wraps(piece.content.to)
        payload = self._channel.pack(wrapped, piece.body)
        frame = Frame.make(self.header(piece, envelope, payload), payload, sign)
        if not piece.content.payload.referred:
            return frame
        recipe = write_recipe(piece.content.payload, piece.span, wrapped)
        fresh = payload if piece.content.size <= FRESH else b""
        return replace(frame, payload=fresh, omitted=len(payload), recipe=recipe)

    def recorded(self, piece: Piece, envelope: Envelope, frame: Frame) -> Frame:
        """Check that a frame made earlier says this piece under this envelope.

        Raises:
            DifferenceError: It says something else; names the first field that differs.
            TamperError: Another content stands at this address.
        """
        payload = frame.payload
        if frame.recipe:  # its wraps are all that does not follow from the piece
            payload = self._channel.pack(wraps_of(frame.recipe, self._channel.wrap_bytes), piece.body)
        want, have = self.header(piece, envelope, payload).attributes(), frame.header.attributes()
        for name in sorted(set(want) | set(have)):
            if want.get(name) != have.get(name):
                raise DifferenceError(name, sequence=envelope.sequence, address=str(piece.content.address))
        self.same(piece, replace(frame, payload=payload))
        return replace(frame, omitted=len(payload)) if frame.recipe else frame

    def same(self, piece: Piece, frame: Frame) -> None:
        """Check that a frame says this piece, whatever its envelope.

        Raises:
            SecondVersionError: Another content stands at this address.
        """
        header, content = frame.header, piece.content
        body = frame.payload
        if content.event.encrypted:
            body = self._channel.unpack(frame.payload, len(content.to))[1]
        facts = (header.type, header.address, header.to, header.chunk, header.salt)
        if facts != (
            content.event.type,
            content.address,
            content.to,
            piece.chunk,
            piece.salt,
        ) or not hmac.compare_digest(body, piece.body):
            raise SecondVersionError(
                f"a second version of {content.address} was met.",
                hint="Two agents run with one identity, or an old backup was put back.",
            )


def opened(frame: Frame, me: str, key: Callable[[Frame, bytes], bytes]) -> bytes:
    """The clear payload of a frame addressed to `me`; `key` unwraps a channel key.

    Raises:
        FrameError: It cannot be opened by this party.
    """
    header = frame.header
    if not header.salt:
        return frame.payload
    if me not in header.to:
        raise FrameError("the event is encrypted to others")
    suite = header.algorithms
    channel = channel_of(suite.name)
    wraps, body = channel.unpack(frame.payload, len(header.to))
    secret = key(frame, wraps[header.to.index(me)])
    aad = associated(
        suite, header.subject, bytes.fromhex(header.agreement), header.type, header.address, header.to, header.chunk
    )
    return channel.decrypt(secret, aad, bytes.fromhex(header.salt), body)


def budget(terms: Agreement) -> int:
    """Bytes of one sender's contents that may wait for their last chunk: what the largest honest one needs.

    That is two Paillier ciphertexts per row of the agreed `max_rows`. The bound is one sender's: with n peers, n times
    as much may wait.
    """
    return min(MOST, max(LEAST, terms.limits.max_rows * terms.key_bits // 2))


def bounded(name: str, data: bytes, limits: Limits) -> None:
    """See to it that an event of `control` fits into one frame of any broker that the parties agreed on.

    Raises:
        UsageError: It has more bytes than the agreement allows.
    """
    if len(data) > limits.control_bytes:
        raise UsageError(
            f"{name} would have {len(data):,} bytes, more than the {limits.control_bytes:,} of one frame.",
            hint="Shorten what the agreement says (learns, name), or raise limits.chunk_bytes.",
        )


def aside(
    suite: Suite,
    event: Event,
    collaboration: str,
    agreement: str,
    me: str,
    time: str,
    sign: Signer,
    *,
    seen: str = "",
    to: tuple[str, ...] = (),
) -> Frame:
    """A frame outside sequence, chain and journal.

    Args:
        suite: Of the collaboration.
        event: Of a type that is `UNSEQUENCED`.
        collaboration: Its id.
        agreement: Digest of the agreement, as hex.
        me: Who says it.
        time: UTC, as the header carries it.
        sign: Signs.
        seen: The own watermarks, for an acknowledgement.
        to: Who is meant; empty where everybody is.
    """
    payload = event.encode()
    payload_hash = suite.hash(payload).hex()
    header = Header(
        type=event.type,
        source=me,
        subject=collaboration,
        time=time,
        agreement=agreement,
        payloadhash=payload_hash,
        watermarks=seen,
        datacontenttype=content_type(type(event)),
        id=event_id(collaboration, "", seen, "" if isinstance(event, Ack) else payload_hash),
        recipients=",".join(to),
        suite=suite.attribute,
    )
    return Frame.make(header, payload, sign)
