"""The envelope of an event: CloudEvents 1.0.2 attributes, one to one with what brokers carry as headers.

Every value is text, so that one header is canonical JSON in a frame, ``ce_*`` headers on Kafka, user properties on
MQTT.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Self

from accord_schemas.address import Address
from accord_schemas.blocks import load_canonical
from accord_schemas.canonical import canonical_json, digest
from accord_schemas.errors import FrameError
from accord_schemas.events import EVENTS, JSON, UNSEQUENCED, Ack, Event
from accord_schemas.suites import DEFAULT, NAMED, SUITES, Suite

MAX_HEADER = 16 * 1024
EventClass = type[Event]
MAX_PARTIES = 32
MAX_CHUNKS = 999_999
"""Chunks of one content: six digits."""
PARTY = r"[a-z0-9_-]{1,32}"
SHAPES = {
    "agreement": r"[0-9a-f]{64}",
    "chunk": r"[1-9][0-9]{0,5}/[1-9][0-9]{0,5}",
    "datacontenttype": r"application/(json|vnd\.accord\.(blocks|encrypted))",
    "epoch": r"[0-9]{1,9}",
    "eventnumber": r"[1-9][0-9]{0,11}",
    "id": r"[0-9a-f]{8,64}/(ack-)?[0-9a-f]{1,32}",
    "instance": r"[a-z][a-z0-9_.-]{0,127}",
    "payloadhash": r"[0-9a-f]{64}",
    "previoushash": r"[0-9a-f]{64}",
    "recipients": rf"({PARTY}(,{PARTY}){{0,{MAX_PARTIES}}})?",
    "salt": r"[0-9a-f]{64}",
    "source": PARTY,
    "specversion": r"1\.0",
    "step": r"[a-z][a-z0-9_.-]{0,127}",
    "suite": "|".join(NAMED),
    "subject": r"[0-9a-f]{8,64}",
    "time": r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z",
    "type": r"org\.accord\.[a-z]+\.[a-z_]+\.v[0-9]+",
    "watermarks": rf"({PARTY}=[0-9]{{1,12}}(,{PARTY}=[0-9]{{1,12}}){{0,{MAX_PARTIES}}})?",
}
REQUIRED = frozenset(
    ("specversion", "type", "source", "id", "subject", "time", "agreement", "payloadhash", "datacontenttype")
)
_PATTERNS = {name: re.compile(shape) for name, shape in SHAPES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The signed attributes of one frame. Empty text stands for an absent attribute.

    `eventnumber`, `previoushash`, `instance` and `step` are absent in an `UNSEQUENCED` event, `chunk` in an event of
    one frame, `salt` and `epoch` in an event that is not encrypted, `suite` in the default profile.
    """

    type: str
    source: str
    subject: str
    time: str
    agreement: str
    payloadhash: str
    watermarks: str
    datacontenttype: str
    id: str
    specversion: str = "1.0"
    eventnumber: str = ""
    previoushash: str = ""
    instance: str = ""
    step: str = ""
    recipients: str = ""
    chunk: str = ""
    salt: str = ""
    epoch: str = ""
    suite: str = ""

    def attributes(self) -> dict[str, str]:
        """The present attributes by name; what travels."""
        return {f.name: value for f in fields(self) if (value := getattr(self, f.name))}

    def encode(self) -> bytes:
        """Canonical JSON."""
        return canonical_json(self.attributes())

    @classmethod
    def of(cls, attributes: dict[str, str]) -> Self:
        """A header from attributes that came from outside.

        Raises:
            FrameError: An attribute is unknown, missing, malformed, or does not fit the others.
        """
        for name, value in attributes.items():
            pattern = _PATTERNS.get(name)
            if pattern is None:
                raise FrameError(f"the attribute {name[:40]!r} is not known")
            if not isinstance(value, str) or not pattern.fullmatch(value) or not value:
                raise FrameError(f"the attribute {name} is malformed")
        if missing := REQUIRED - set(attributes):
            raise FrameError(f"the attribute {min(missing)} is missing")
        header = cls(**{"watermarks": "", **attributes})
        header._check()
        return header

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The header in canonical JSON `data`."""
        attributes = load_canonical(data) if len(data) <= MAX_HEADER else None
        if not isinstance(attributes, dict):
            raise FrameError("the header is no object, or too long")
        return cls.of(attributes)

    def _check(self) -> None:
        event = self.event_class
        sequenced = {self.eventnumber, self.previoushash, self.instance, self.step}
        unsequenced = event.name in UNSEQUENCED
        if unsequenced != (sequenced == {""}) or (not unsequenced and "" in sequenced):
            raise FrameError(
                "eventnumber, previoushash, instance and step come together, never in an unsequenced event"
            )
        if {bool(self.salt), bool(self.epoch), bool(event.encrypted and self.recipients)} != {event.encrypted}:
            raise FrameError("the event is not encrypted, or not addressed, as its family demands")
        if self.datacontenttype != content_type(event):
            raise FrameError("the attribute datacontenttype does not fit the type")
        if self.id != event_id(
            self.subject, self.eventnumber, self.watermarks, "" if event is Ack else self.payloadhash
        ):
            raise FrameError("the attribute id does not follow from the others")
        if self.recipients and list(self.to) != sorted(set(self.to)):
            raise FrameError("the recipients are not sorted")
        part, count = self.part
        if part > count or (self.chunk and (count == 1 or event.family == "control")):
            raise FrameError("the attribute chunk is malformed, or stands in an event that is never cut")

    @property
    def event_class(self) -> EventClass:
        """The event's class.

        Raises:
            FrameError: The type is not known to this version.
        """
        if self.type not in EVENTS:
            raise FrameError(f"events of type {self.type[:80]} are not known to this version")
        return EVENTS[self.type]

    @property
    def algorithms(self) -> Suite:
        """The family of algorithms under which the frame was made."""
        return SUITES[self.suite or DEFAULT]

    @property
    def number(self) -> int:
        """The event's number; 0 where there is none."""
        return int(self.eventnumber or 0)

    @property
    def address(self) -> Address:
        """Where in the collaboration this is said."""
        return Address(self.instance, self.step, self.source)

    @property
    def to(self) -> tuple[str, ...]:
        """The recipients."""
        return tuple(self.recipients.split(",")) if self.recipients else ()

    @property
    def part(self) -> tuple[int, int]:
        """(k, n): this is chunk k of n, from 1."""
        k, _, n = (self.chunk or "1/1").partition("/")
        return int(k), int(n)

    @property
    def seen(self) -> dict[str, int]:
        """Watermarks: the highest contiguous sequence that the sender holds of each party."""
        pairs = (pair.split("=") for pair in self.watermarks.split(",") if pair)
        return {party: int(number) for party, number in pairs}


def event_id(subject: str, number: str, seen: str, payload: str = "") -> str:
    """The CloudEvents id: the event's number within the collaboration; an unsequenced event is named by what it says.

    Args:
        subject: The collaboration.
        number: Empty for an unsequenced event.
        seen: The watermarks, which name an acknowledgement.
        payload: Its hash, which names any other unsequenced event; longer than every number.
    """
    said = digest(payload).hex()[:32] if payload else f"ack-{digest(seen).hex()[:32]}"
    return f"{subject}/{number or said}"


def content_type(event: EventClass) -> str:
    """What the payload is, honestly."""
    if event.encrypted:
        return "application/vnd.accord.encrypted"
    return "application/json" if event.family in JSON else "application/vnd.accord.blocks"


def watermarks(seen: dict[str, int]) -> str:
    """Watermarks as the header carries them."""
    return ",".join(f"{party}={number}" for party, number in sorted(seen.items()))
