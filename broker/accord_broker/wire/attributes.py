"""Frames taken apart for brokers that carry attributes beside a payload, and put together again byte for byte."""

from __future__ import annotations

import base64
import binascii

from accord_broker.port import QUARANTINE, Record
from accord_schemas.canonical import canonical_json
from accord_schemas.errors import FrameError
from accord_schemas.frame import MAGIC, Frame
from accord_schemas.quarantine import Quarantined

OPAQUE = "application/octet-stream"
"""The content type of what is no frame; it travels without any attribute."""
CONTENT_TYPE = "datacontenttype"
_SIGNATURE = "signature"


def carried(record: Record) -> tuple[dict[str, str], bytes]:
    """The attributes and the payload that carry a record.

    Bytes that are no event travel as they are, and without attributes. Records of the quarantine are CloudEvents of
    their own kind, so that no tool that reads all topics stumbles over them.
    """
    try:
        if record.family == QUARANTINE:
            return Quarantined.decode(record.frame).attributes(record.key), record.frame
        frame = Frame.parse(record.frame)
    except FrameError:
        return {CONTENT_TYPE: OPAQUE}, record.frame
    return taken_apart(frame), frame.payload


def taken_apart(frame: Frame) -> dict[str, str]:
    """The CloudEvents attributes of a frame, the signature among them (base64url, RFC 4648 section 5, no padding)."""
    return {**frame.header.attributes(), _SIGNATURE: _encode(frame.signature)}


def put_together(attributes: dict[str, str], payload: bytes) -> bytes:
    """The frame that gave these attributes and this payload.

    What is wrong with them gives bytes that `Frame.decode` refuses with a reason that names it: it stands in the
    frame's header as an attribute that no version knows.
    """
    signature = _decode(attributes.pop(_SIGNATURE, ""))
    if not signature:
        attributes["signature (missing or malformed)"], signature = "", b"-"
    head = canonical_json(attributes)
    sizes = ((head, 4), (payload, 4), (signature, 2))
    lengths = b"".join(len(part).to_bytes(size, "big") for part, size in sizes)
    return b"".join([MAGIC, lengths, head, payload, signature])


def _encode(signature: bytes) -> str:
    return base64.urlsafe_b64encode(signature).decode().rstrip("=")


def _decode(text: str) -> bytes:
    """The bytes of canonical base64url; empty where it is none, because two texts must never give one frame."""
    try:
        signature = base64.urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""
    return signature if len(signature) < 1 << 16 and _encode(signature) == text else b""
