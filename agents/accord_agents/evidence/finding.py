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


def label(frame: Frame) -> str:
    """How findings name an event."""
    return f"{frame.header.source}/{frame.header.eventnumber or 'ack'}"
