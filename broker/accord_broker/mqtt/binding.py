"""CloudEvents 1.0.2 on MQTT 5 in binary mode (MQTT Protocol Binding for CloudEvents, section 3.1).

Attributes are user properties one to one, ``datacontenttype`` is the Content Type, the message's payload is the event's
data as it is, and the signature is the extension ``signature`` (base64url, RFC 4648 section 5, without padding).
User properties have no prefix that tells attributes from others, so that only those of W3C Trace Context may travel
beside the event.
"""

from __future__ import annotations

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from accord_broker.wire.attributes import CONTENT_TYPE, OPAQUE, put_together, taken_apart
from accord_broker.wire.trace import TRACEPARENT, single
from accord_schemas.errors import FrameError
from accord_schemas.frame import Frame

_BESIDE = ("traceparent", "tracestate")


def to_message(frame: bytes, beside: str = "") -> tuple[bytes, Properties]:
    """The payload and the properties that carry a frame; bytes that are no frame travel as they are.

    Args:
        beside: The trace context that travels along; empty for none.
    """
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    if beside:
        properties.UserProperty = (TRACEPARENT, beside)
    try:
        decoded = Frame.decode(frame)
    except FrameError:
        properties.ContentType = OPAQUE
        return frame, properties
    attributes = taken_apart(decoded)
    properties.ContentType = attributes.pop(CONTENT_TYPE)
    properties.UserProperty = [*attributes.items()]
    return decoded.payload, properties


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
