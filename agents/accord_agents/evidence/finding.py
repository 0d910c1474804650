"""What is wrong, and whose doing it is as far as signatures tell."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from accord_schemas.frame import Frame

UNKNOWN = ""
"""Nobody's signature tells who did it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    Args:
        kind: A short name, as listed in docs/tampering.md.
        whose: The party whose valid signatures contradict each other or the rules; for what is missing, who stored or
            carried the events; empty where nobody's signature tells.
        event: ``SENDER/SEQUENCE``, or what else it is about.
        sentence: For people.
        warning: Worth a look, but decides nothing.
    """

    kind: str
    whose: str
    event: str
    sentence: str
    warning: bool = False

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    def __str__(self) -> str:
        whose = f" ({self.whose})" if self.whose else ""
        return f"{'warning' if self.warning else self.kind}: {self.sentence}{whose}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record lies on a log.

    Args:
        topic: Its family.
        source: The ordered source: a topic and partition, or ``log``.
        offset: Its place in that source.
        right: Whether the event in it belongs on that topic and under that key.
    """

    topic: str
    source: str
    offset: int
    right: bool = True

    def __str__(self) -> str:
        return f"topic {self.topic}, offset {self.offset} of {self.source}"


@dataclass(frozen=True, slots=True)
class Note:
    """A record that is nobody's word in the collaboration under whose id it lies: it decides nothing.

    Args:
        kind: A short name, as of findings.
        collaboration: Under which id it lies.
        place: Where.
        sentence: For people.
    """

    kind: str
    collaboration: str
    place: Place
    sentence: str

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        at = {"topic": self.place.topic, "source": self.place.source, "offset": self.place.offset}
        return {"kind": self.kind, "collaboration": self.collaboration, **at, "sentence": self.sentence}

    def __str__(self) -> str:
        return f"note: {self.kind}: {self.sentence} ({self.place})"


def label(frame: Frame) -> str:
    """How findings name an event."""
    return f"{frame.header.source}/{frame.header.eventnumber or 'ack'}"
