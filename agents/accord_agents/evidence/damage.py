"""Damaged copies of events: what a disk or a hand has changed is told from what a stranger has made up.

A signature covers the header, and the header names the payload's hash. So what was signed shows through a changed
payload, and through one flipped bit elsewhere, which can be tried. Nobody without the key can make up such a record:
only damage a copy of what was signed, and then that is on the log, too.
"""

from __future__ import annotations

from collections.abc import Iterator

from accord_agents.evidence.observed import Observed
from accord_schemas.errors import FrameError
from accord_schemas.frame import MAGIC, Frame
from accord_schemas.header import Header

MOST_BYTES = 4096
"""Of a record in which single bits are tried: an acknowledgement has some 700, and what is longer has a sequence, so
that it is missed without this."""
_FIXED = 14


def kept(data: bytes) -> bytes:
    """What of a record is needed to find the original: all of a short one, of a long one header and signature."""
    head, payload, signature = _sizes(data)
    if len(data) <= MOST_BYTES or len(data) != _FIXED + head + payload + signature:
        return data[:MOST_BYTES]
    fixed = data[:8] + bytes(4) + data[12:_FIXED]
    return fixed + data[_FIXED : _FIXED + head] + data[len(data) - signature :]


def original(data: bytes, observed: Observed) -> Frame | None:
    """The event of which `data`, as `kept` gave it, is a damaged copy, without its payload; None of anything else.

    None, too, of an event whose sequence is known to have been said: it is here otherwise, or missed by its number.
    """
    proposal, frame = observed.proposal, _read(data)
    line = observed.senders.get(frame.header.source) if frame is not None else None
    if frame is not None and line is not None and 0 < frame.header.number <= line.last:
        return None
    for candidate in _candidates(data):
        frame = _read(candidate)
        if frame is None or frame.header.agreement != proposal.digest:
            continue
        public = proposal.identities.get(frame.header.source)
        if public is not None and public.signed(frame):
            return frame
    return None


def _candidates(data: bytes) -> Iterator[bytes]:
    """The record itself, then with one bit flipped: in the sizes where they do not fit, else in header or signature."""
    yield data
    head, payload, signature = _sizes(data)
    places: list[int] = list(range(min(_FIXED, len(data))))
    if len(data) == _FIXED + head + payload + signature and data[:4] == MAGIC:
        places = [*range(_FIXED, _FIXED + head), *range(len(data) - signature, len(data))]
    for at in places if len(data) <= MOST_BYTES else []:
        for bit in range(8):
            yield data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]


def _read(data: bytes) -> Frame | None:
    """A frame, whatever its payload."""
    head, payload, signature = _sizes(data)
    if data[:4] != MAGIC or len(data) != _FIXED + head + payload + signature:
        return None
    text = data[_FIXED : _FIXED + head]
    try:
        return Frame(Header.decode(text), b"", data[len(data) - signature :], text)
    except FrameError:
        return None


def _sizes(data: bytes) -> tuple[int, int, int]:
    """Of header, payload and signature, as the record says."""
    return int.from_bytes(data[4:8], "big"), int.from_bytes(data[8:12], "big"), int.from_bytes(data[12:14], "big")
