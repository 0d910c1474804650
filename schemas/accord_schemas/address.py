"""Addresses and contents: what is said, apart from how and when it travels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from accord_schemas.canonical import digest
from accord_schemas.events import Event

JOB, SELF = "job", "self"
"""Senders that no party may be called: the own executor, and the party itself."""


class Address(NamedTuple):
    """Where in a collaboration something is said; follows from the agreement and the tables, and is used once."""

    instance: str
    step: str
    sender: str

    def __str__(self) -> str:
        return f"{self.instance}/{self.step} from {self.sender}"


@dataclass(frozen=True, slots=True)
class Content:
    """One thing said: an event at an address, to whom. Everything else about a frame is envelope.

    Args:
        address: Instance, step and sender.
        to: The recipients, sorted, without the sender.
        event: What is said.
    """

    address: Address
    to: tuple[str, ...]
    event: Event

    def digest(self, agreement: bytes) -> bytes:
        """SHA-256 over everything that the content is, bound to the agreement."""
        return content_digest(self.address, self.to, agreement, self.event.type, self.event.encode())


def content_digest(address: Address, to: tuple[str, ...], agreement: bytes, kind: str, payload: bytes) -> bytes:
    """The digest of a content from its encoded parts."""
    return digest(b"accord content", *address, ",".join(to), agreement, kind, payload)
