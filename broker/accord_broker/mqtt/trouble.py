"""What MQTT's reason codes and the system's errors mean for a user, and whether trying again may help."""

from __future__ import annotations

import ssl

import aiomqtt
from paho.mqtt.reasoncodes import ReasonCode

from accord_broker.mqtt.place import Place
from accord_broker.port import BrokerError, TooLargeError

REFUSED = 0x80
"""Reason codes from here on are failures (MQTT 5, section 2.4)."""
PROTOCOL, NOT_AUTHORISED, TAKEN_OVER, TOO_LARGE = 0x82, 0x87, 0x8E, 0x95
_CREDENTIALS = (0x86, NOT_AUTHORISED)
_FOR_GOOD = frozenset((0x81, PROTOCOL, 0x84, 0x85, 0x86, NOT_AUTHORISED, 0x8A, 0x8C, TAKEN_OVER, TOO_LARGE, 0x9B, 0x9D))


def not_connected(place: Place, error: aiomqtt.MqttError) -> BrokerError:
    """Why a connection could not be made."""
    cause = error.__cause__ or error.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        hint = "Name the broker's certificate authority with ca=PATH, and the broker as its certificate does."
        return BrokerError(f"The certificate of {place} is not trusted: {cause.verify_message}.", hint=hint)
    if isinstance(cause, ssl.SSLError):
        hint = "Is it a TLS port (mqtts://), and are the certificates the right ones?"
        return BrokerError(f"TLS with {place} failed: {cause.reason or cause}.", hint=hint)
    code = error.rc if isinstance(error, aiomqtt.MqttCodeError) else None
    if isinstance(code, ReasonCode):
        return _refused(place, code)
    hint = "Is it the right port, and does the broker want TLS (mqtts://) or a client certificate (cert=, key=)?"
    message = str(cause or error).rstrip(".") or "no answer"
    return BrokerError(f"{place} cannot be reached: {message}.", hint="" if cause else hint, retry=True)


def _refused(place: Place, code: ReasonCode) -> BrokerError:
    if code.value in _CREDENTIALS:
        hint = "Set ACCORD_BROKER_USER and ACCORD_BROKER_PASSWORD (or ..._FILE) to a user that may connect."
        return BrokerError(f"{place} does not accept this user and password ({code}).", hint=hint)
    hint = "The broker must speak MQTT 5." if code.value in (PROTOCOL, 0x84) else ""
    return BrokerError(f"{place} refused the connection: {code}.", hint=hint, retry=code.value not in _FOR_GOOD)


def lost(place: Place, code: ReasonCode | None) -> BrokerError:
    """Why an open connection ended; the code is the server's, if it sent one."""
    if code is None:
        return BrokerError(f"The connection to {place} was lost.", retry=True)
    hint = ""
    if code.value == TAKEN_OVER:
        hint = "Another agent runs with this party's folder, or a copy of it. Stop one of them."
    return BrokerError(f"{place} ended the connection: {code}.", hint=hint, retry=code.value not in _FOR_GOOD)


def not_published(place: Place, topic: str, code: ReasonCode) -> BrokerError:
    """Why a message was not taken."""
    if code.value == NOT_AUTHORISED:
        return _right(place, topic, "write")
    return BrokerError(f"{place} refused a message on {topic}: {code}.", retry=code.value not in _FOR_GOOD)


def not_subscribed(place: Place, topics: str, code: ReasonCode) -> BrokerError:
    """Why a subscription was refused."""
    if code.value == NOT_AUTHORISED:
        return _right(place, topics, "read")
    return BrokerError(f"{place} refused to subscribe to {topics}: {code}.", retry=code.value not in _FOR_GOOD)


def silent(place: Place, topics: str, *, again: bool) -> BrokerError:
    """Own messages that the broker took do not come back: its ACL drops them without a word."""
    error = _right(place, topics, "read")
    error.retry = not again
    return error


def too_large(place: Place, topic: str, size: int, limit: int) -> TooLargeError:
    """A message that the broker or the readers do not take."""
    hint = "Raise the broker's largest packet (Mosquitto: max_packet_size), or lower the chunk size."
    return TooLargeError(f"A message of {size} bytes on {topic} exceeds the {limit} of {place}.", hint=hint)


def _right(place: Place, topics: str, right: str) -> BrokerError:
    hint = f"Grant the right '{right}' on {topics} to this user in the broker's access control list."
    return BrokerError(f"{place} denies the right '{right}' on the topic {topics}.", hint=hint)
