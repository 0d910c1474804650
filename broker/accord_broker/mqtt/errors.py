"""What MQTT's reason codes and the system's errors mean for a user, and whether trying again may help."""

from __future__ import annotations

import ssl

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from accord_broker.mqtt.endpoint import Endpoint
from accord_broker.port import BrokerError, Record, TooLargeError

REFUSED = 0x80
"""Reason codes from here on are failures (MQTT 5, section 2.4)."""
PROTOCOL, NOT_AUTHORISED, TAKEN_OVER, TOO_LARGE = 0x82, 0x87, 0x8E, 0x95
_CREDENTIALS = (0x86, NOT_AUTHORISED)
_FOR_GOOD = frozenset((0x81, PROTOCOL, 0x84, 0x85, 0x86, NOT_AUTHORISED, 0x8A, 0x8C, TAKEN_OVER, 0x9B, 0x9D))


def not_connected(endpoint: Endpoint, error: aiomqtt.MqttError, *, reached: bool) -> BrokerError:
    """Why a connection could not be made.

    Args:
        reached: Whether something accepted the TCP connection.
    """
    cause = error.__cause__ or error.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        hint = "Name the broker's certificate authority with ca=PATH, and the broker as its certificate does."
        return BrokerError(f"The certificate of {endpoint} is not trusted: {cause.verify_message}.", hint=hint)
    if isinstance(cause, ssl.SSLError):
        hint = "Is it a TLS port (mqtts://), and are the certificates the right ones?"
        return BrokerError(f"TLS with {endpoint} failed: {cause.reason or cause}.", hint=hint)
    code = error.rc if isinstance(error, aiomqtt.MqttCodeError) else None
    if isinstance(code, ReasonCode):
        return _refused(endpoint, code)
    hint = "Is it the right port, and does the broker want TLS (mqtts://) or a client certificate (cert=, key=)?"
    if reached and isinstance(cause, TimeoutError):
        message = f"{endpoint} accepts the connection and does not answer."
        return BrokerError(message, hint=f"{hint} Or it is overloaded, or stands still.", retry=True)
    message = str(cause or error).rstrip(".") or "no answer"
    return BrokerError(f"{endpoint} cannot be reached: {message}.", hint="" if cause else hint, retry=True)


def _refused(endpoint: Endpoint, code: ReasonCode) -> BrokerError:
    if code.value in _CREDENTIALS:
        hint = "Set ACCORD_BROKER_USER and ACCORD_BROKER_PASSWORD (or ..._FILE) to a user that may connect."
        return BrokerError(f"{endpoint} does not accept this user and password ({code}).", hint=hint)
    hint = "The broker must speak MQTT 5." if code.value in (PROTOCOL, 0x84) else ""
    return BrokerError(f"{endpoint} refused the connection: {code}.", hint=hint, retry=code.value not in _FOR_GOOD)


def lost(endpoint: Endpoint, code: ReasonCode | None) -> BrokerError:
    """Why an open connection ended; the code is the server's, if it sent one."""
    if code is None:
        return BrokerError(f"The connection to {endpoint} was lost.", retry=True)
    hint = ""
    if code.value == TAKEN_OVER:
        hint = "Another agent runs with this party's folder, or a copy of it. Stop one of them."
    return BrokerError(f"{endpoint} ended the connection: {code}.", hint=hint, retry=code.value not in _FOR_GOOD)


def unreadable(endpoint: Endpoint, packet: int, error: BaseException | None) -> BrokerError:
    """The server sent a packet that breaks MQTT 5, or that the client library cannot read.

    Args:
        packet: Its type, by number.
        error: What the library met, if it says so; its words may hold what a stranger wrote.
    """
    name = PacketTypes.Names[packet] if 0 < packet < len(PacketTypes.Names) else f"type {packet}"
    how = f" ({type(error).__name__})" if error is not None else ""
    message = f"{endpoint} sent a {name.upper()} packet that breaks MQTT 5{how}: the connection ended."
    hint = (
        "A PUBLISH is given up at the next connection; if it comes again, look at what the broker retains or forwards."
    )
    other = "The broker must speak MQTT 5; is there a proxy between?"
    return BrokerError(message, hint=hint if packet == PacketTypes.PUBLISH else other, retry=True)


def mute(endpoint: Endpoint) -> BrokerError:
    """The connection stands, and the server says nothing."""
    return BrokerError(f"{endpoint} does not answer any more: the connection counts as lost.", retry=True)


def suspected(endpoint: Endpoint, record: Record, count: int) -> str:
    """A record over which connections were lost."""
    return f"{_last(endpoint, record, count)} {_REMEDY}"


def given_up(endpoint: Endpoint, record: Record, count: int) -> TooLargeError:
    """A record that a server does not take, whatever it announces."""
    return TooLargeError(f"{_last(endpoint, record, count)} It is given up.", hint=_REMEDY)


_REMEDY = (
    "Does the broker limit packets without announcing it, or a proxy before it? Raise that limit (Mosquitto: "
    "max_packet_size), or lower the chunk size; the broker's own log may say more."
)


def _last(endpoint: Endpoint, record: Record, count: int) -> str:
    size, topic = len(record.frame), endpoint.topic(record.family, record.key)
    return f"{endpoint} has not taken a record of {size} bytes on {topic}: {count} connections ended while it was sent."


def not_published(endpoint: Endpoint, topic: str, code: ReasonCode) -> BrokerError:
    """Why a message was not taken."""
    if code.value == NOT_AUTHORISED:
        return _right(endpoint, topic, "write")
    return BrokerError(f"{endpoint} refused a message on {topic}: {code}.", retry=code.value not in _FOR_GOOD)


def not_subscribed(endpoint: Endpoint, topics: str, code: ReasonCode) -> BrokerError:
    """Why a subscription was refused."""
    if code.value == NOT_AUTHORISED:
        return _right(endpoint, topics, "read")
    return BrokerError(f"{endpoint} refused to subscribe to {topics}: {code}.", retry=code.value not in _FOR_GOOD)


def silent(endpoint: Endpoint, topics: str, *, again: bool) -> BrokerError:
    """Own messages that the broker took do not come back: its ACL drops them without a word."""
    error = _right(endpoint, topics, "read")
    error.retry = not again
    return error


def too_large(endpoint: Endpoint, topic: str, size: int, limit: int) -> TooLargeError:
    """A message that the broker or the readers do not take."""
    hint = "Raise the broker's largest packet (Mosquitto: max_packet_size), or lower the chunk size."
    return TooLargeError(f"A message of {size} bytes on {topic} exceeds the {limit} of {endpoint}.", hint=hint)


def _right(endpoint: Endpoint, topics: str, right: str) -> BrokerError:
    hint = f"Grant the right '{right}' on {topics} to this user in the broker's access control list."
    return BrokerError(f"{endpoint} denies the right '{right}' on the topic {topics}.", hint=hint)
