"""The evidence file: canonical JSON, so that every bit of it counts.

``{"events": [{"header", "signature", "payload"?}...], "exporter", "facts", "format", "statement"}``. Events stand by
sender and sequence. Payloads are there for what was said in clear: JSON objects as they are, all else in base64url.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

from accord_agents.evidence.saved import reformed
from accord_schemas.blocks import load_canonical
from accord_schemas.canonical import canonical_json
from accord_schemas.errors import FrameError, UsageError
from accord_schemas.events import JSON
from accord_schemas.frame import MAX_PAYLOAD, MAX_SIGNATURE, Frame
from accord_schemas.header import Header

FORMAT = "accord-evidence-1"
_FIELDS = {"events", "exporter", "facts", "format", "statement"}


def listed(frames: Iterable[Frame]) -> list[dict[str, Any]]:
    """Frames as the file lists them; payloads only of what was said in clear."""
    return [_entry(frame) for frame in sorted(frames, key=_order)]


def unlisted(entries: Any) -> tuple[list[Frame], list[str]]:
    """The frames in a file's list, and what is wrong with entries that are none."""
    frames: list[Frame] = []
    wrong: list[str] = []
    for at, entry in enumerate(entries if isinstance(entries, list) else [None]):
        try:
            frames.append(_frame(entry))
        except FrameError as error:
            wrong.append(f"event {at + 1} of the file: {error.message}")
    if not wrong and frames != sorted(frames, key=_order):
        wrong.append("the events of the file are not in their order")
    if len({frame.digest for frame in frames}) < len(frames):
        wrong.append("an event stands twice in the file")
    return frames, wrong


def read(data: bytes) -> dict[str, Any]:
    """The top level of a file.

    Raises:
        UsageError: It is no evidence, or was damaged.
    """
    try:
        value = load_canonical(data)
    except FrameError:
        form, canonical = reformed(data)
        if canonical is not None and form and f'"format":"{FORMAT}"'.encode() in canonical:
            what = f"the file is no evidence of Accord as it was exported: {form}."
            hint = "An editor, a mailer or a tool has saved it again, and every bit counts. Take the original file."
            raise UsageError(what, hint=hint) from None
        value = None
    if not isinstance(value, dict) or value.get("format") != FORMAT or set(value) != _FIELDS:
        hint = "Ask for it again; it is made with: accord evidence export"
        raise UsageError("the file is no evidence of Accord, or was damaged.", hint=hint)
    return value


def body(value: dict[str, Any]) -> bytes:
    """What the statement covers: everything but itself."""
    return canonical_json({name: part for name, part in value.items() if name != "statement"})


def _order(frame: Frame) -> tuple[str, int, bytes]:
    return frame.header.source, frame.header.number, frame.digest


def _entry(frame: Frame) -> dict[str, Any]:
    entry: dict[str, Any] = {"header": frame.header.attributes(), "signature": _text(frame.signature)}
    if frame.payload and not frame.header.event_class.encrypted:
        value = _readable(frame)
        entry["payload"] = _text(frame.payload) if value is None else value
    return entry


def _readable(frame: Frame) -> dict[str, Any] | None:
    """The payload as JSON; None where it is none, whatever its sender should have said: that, too, is evidence."""
    if frame.header.event_class.family not in JSON or frame.header.chunk:
        return None
    try:
        value = load_canonical(frame.payload)
    except FrameError:
        return None
    return value if isinstance(value, dict) else None


def _frame(entry: Any) -> Frame:
    if not isinstance(entry, dict) or not {"header", "signature"} <= set(entry) <= {"header", "signature", "payload"}:
        raise FrameError("it is not of the known form")
    if not isinstance(entry["header"], dict):
        raise FrameError("it is not of the known form")
    header = Header.of(entry["header"])
    signature = _bytes(entry["signature"])
    if not 0 < len(signature) <= MAX_SIGNATURE or not header.number:
        raise FrameError("it is not of the known form")
    frame = Frame(header, b"", signature, header.encode())
    if "payload" not in entry:
        return frame
    payload = entry["payload"]
    data = _bytes(payload) if isinstance(payload, str) else canonical_json(payload)
    if not 0 < len(data) <= MAX_PAYLOAD:
        raise FrameError("its payload exceeds its bound")
    found = Frame.decode(Frame(header, data, signature, frame.head).encode())
    if _entry(found) != entry:
        raise FrameError("its payload is not of the known form")
    return found


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: Any) -> bytes:
    try:
        data = base64.b64decode(text.translate({45: "+", 95: "/"}) + "=" * (-len(text) % 4), validate=True)
    except (ValueError, AttributeError):
        raise FrameError("it holds no base64url") from None
    if _text(data) != text:
        raise FrameError("it holds base64url that is not canonical")
    return data
