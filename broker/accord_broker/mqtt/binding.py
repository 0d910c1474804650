"""CloudEvents 1.0.2 on MQTT 5 in binary mode (MQTT Protocol Binding for CloudEvents, section 3.1).

Attributes are user properties one to one, ``datacontenttype`` is the Content Type, the message's payload is the event's
data as it is, and the signature is the extension ``signature`` (base64url, RFC 4648 section 5, without padding).
User properties have no prefix that tells attributes from others, so that only those of W3C Trace Context may travel
beside the event.
"""

from __future__ import annotations

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from accord_broker.port import Record
from accord_broker.wire.attributes import CONTENT_TYPE, OPAQUE, carried, put_together
from accord_broker.wire.trace import TRACEPARENT, single

_BESIDE = ("traceparent", "tracestate")


def to_message(record: Record) -> tuple[bytes, Properties]:
    """The payload and the properties that carry a record."""
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    attributes, payload = carried(record)
    properties.ContentType = attributes.pop(CONTENT_TYPE)
    beside = {TRACEPARENT: record.trace} if record.trace else {}
    if pairs := [*(attributes | beside).items()]:
        properties.UserProperty = pairs
    return payload, properties


def from_message(payload: bytes, properties: Properties | None) -> bytes:
    """The frame in a message, byte for byte.

    A property that is missing, repeated or unknown gives bytes that `Frame.decode` refuses, naming it.
    """
    carried: list[tuple[str, str]] = getattr(properties, "UserProperty", [])
    pairs = [pair for pair in carried if pair[0] not in _BESIDE]
    content_type: str = getattr(properties, "ContentType", "")
    if not pairs and content_type == OPAQUE:
        return payload
    attributes = {CONTENT_TYPE: content_type}
    for name, value in pairs:
        attributes[f"{name} (repeated)" if name in attributes else name] = value
    return put_together(attributes, payload)


def trace(properties: Properties | None) -> str:
    """The trace context beside a message's frame; empty where there is none that is well-formed."""
    pairs: list[tuple[str, str]] = getattr(properties, "UserProperty", [])
    return single(value for name, value in pairs if name == TRACEPARENT)
