"""From a broker URL to a broker."""

from __future__ import annotations

import os
import re
from pathlib import Path

from accord_broker.embedded import EmbeddedBroker, EmbeddedSource
from accord_broker.port import Broker, Source
from accord_schemas.errors import UsageError

_KNOWN = (
    "Use embedded:PATH, for example embedded:/srv/accord/log.db, kafka://HOST:PORT/SPACE or mqtts://HOST:PORT/SPACE."
)
_USER = re.compile(r"(?<=//).*@", re.DOTALL)  # up to the last @: an unescaped password may hold any character
_SECRET = re.compile(r"([?&][^=&]*(?:pass|secret|token|user)[^=&]*=)[^&]*", re.IGNORECASE)


def redact(url: str) -> str:
    """The URL as it may be shown or logged: without user, password or secret parameters."""
    return url if url.startswith("embedded:") else _SECRET.sub(r"\1***", _USER.sub("***@", url))


def connect(url: str, client: str = "", account: str = "") -> Broker:
    """The broker at a URL, not opened yet.

    Args:
        url: ``embedded:PATH``, a log file shared by the processes of one machine; ``kafka://HOST:PORT/NAMESPACE``;
            ``mqtt(s)://HOST:PORT/NAMESPACE``.
        client: Names this agent to brokers that keep something for it while it is away: unlike that of any other agent,
            and stored with the journal. Empty where nothing needs to be kept.
        account: Whose user and password count; see `accord_broker.wire.security.credentials`.

    Raises:
        UsageError: The scheme is unknown, the path is missing, or the URL holds credentials.
    """
    scheme, rest = _parts(url)
    if scheme == "kafka":
        from accord_broker import kafka  # its client library is loaded where it is used

        return kafka.KafkaBroker(kafka.parse(url, account))
    if scheme in ("mqtt", "mqtts"):
        from accord_broker import mqtt

        return mqtt.MqttBroker(mqtt.parse(url, account), client)
    return EmbeddedBroker(Path(rest))


def watch(url: str) -> Source:
    """The reading half of the broker at a URL, which leaves everything there as it is: nothing is created or kept.

    Raises:
        UsageError: As for `connect`.
    """
    scheme, rest = _parts(url)
    if scheme == "kafka":
        from accord_broker import kafka

        return kafka.KafkaBroker(kafka.parse(url), create=False)
    return EmbeddedSource(Path(rest)) if scheme == "embedded" else connect(url)


def _parts(url: str) -> tuple[str, str]:
    shown = redact(url)
    if shown != url:
        raise UsageError(
            f"The broker URL {shown!r} holds credentials.",
            hint="Leave them out; they are taken from ACCORD_BROKER_USER and ACCORD_BROKER_PASSWORD.",
        )
    scheme, colon, rest = url.partition(":")
    if not colon or scheme not in ("embedded", "kafka", "mqtt", "mqtts"):
        raise UsageError(f"The broker URL {shown!r} has no known scheme.", hint=_KNOWN)
    if scheme == "embedded" and (not rest or rest.startswith("//") or "\0" in rest):
        raise UsageError(f"The broker URL {shown!r} names no file.", hint=_KNOWN)
    return scheme, os.path.expanduser(rest) if scheme == "embedded" else rest  # noqa: PTH111  # a shell would not
