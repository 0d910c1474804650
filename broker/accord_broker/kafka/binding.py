"""CloudEvents 1.0.2 on Kafka in binary mode (Kafka Protocol Binding for CloudEvents, section 3.2).

Attributes are ``ce_*`` headers one to one, ``datacontenttype`` is the header ``content-type``, the record's value is
the event's data as it is, and the signature is the extension ``signature`` (base64url, RFC 4648 section 5, without
padding). Headers with other names are no part of the event: tools that carry records add their own. One of them is
``traceparent``, which goes along with the event.
"""

from __future__ import annotations

from collections.abc import Iterable

from accord_broker.port import Record
from accord_broker.wire.attributes import CONTENT_TYPE, OPAQUE, carried, put_together
from accord_broker.wire.trace import TRACEPARENT, single

UNREADABLE = b"ACC0 the record's headers are not UTF-8 text"
"""Stands for a record that no client can take apart. Like all that is no frame, agents put it in quarantine."""
_PREFIX, _CONTENT_TYPE = "ce_", "content-type"
Headers = list[tuple[str, bytes]]


def to_message(record: Record) -> tuple[bytes, Headers]:
    """The value and the headers that carry a record."""
    beside = [(TRACEPARENT, record.trace.encode())] if record.trace else []
    attributes, value = carried(record)
    kind = attributes.pop(CONTENT_TYPE)
    headers = [(_CONTENT_TYPE, kind.encode()), *((_PREFIX + n, v.encode()) for n, v in attributes.items())]
    return value, headers + beside


def from_message(value: bytes | None, headers: Iterable[tuple[str, bytes | None]]) -> bytes:
    """The frame in a record, byte for byte.

    A header that is missing, repeated, null or unknown gives bytes that `Frame.decode` refuses, naming it.
    """
    attributes: dict[str, str] = {}
    for name, raw in headers:
        if name != _CONTENT_TYPE and not name.startswith(_PREFIX):
            continue
        name = CONTENT_TYPE if name == _CONTENT_TYPE else name.removeprefix(_PREFIX)
        text, wrong = _text(raw)
        attributes[name + (" (repeated)" if name in attributes else wrong)] = text
    if value is not None and attributes == {CONTENT_TYPE: OPAQUE}:
        return value
    if value is None:
        attributes["value (null)"] = ""
    return put_together(attributes, value or b"")


def trace(headers: Iterable[tuple[str, bytes | None]]) -> str:
    """The trace context beside a record's frame; empty where there is none that is well-formed."""
    return single(value for name, value in headers if name == TRACEPARENT)


def _text(raw: bytes | None) -> tuple[str, str]:
    """A header's text, and what is wrong with it."""
    if raw is None:
        return "", " (null)"
    try:
        return raw.decode(), ""
    except UnicodeDecodeError:
        return "", " (not UTF-8 text)"
