"""Addresses and contents: what is said, apart from how and when it travels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from accord_schemas.canonical import digest
from accord_schemas.payload import Payload

if TYPE_CHECKING:  # workers know addresses, and start without the events
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


@dataclass(frozen=True)
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

    @cached_property
    def payload(self) -> Payload:
        """What travels of the event, in clear; encoded and hashed once."""
        return self.event.payload()

    @property
    def size(self) -> int:
        """Bytes of the payload."""
        return self.payload.size

    def digest(self, agreement: bytes) -> bytes:
        """SHA-256 over everything that the content is, bound to the agreement; the payload enters by its digest."""
        return content_digest(self.address, self.to, agreement, self.event.type, self.payload.digest)


def content_digest(address: Address, to: tuple[str, ...], agreement: bytes, kind: str, payload: bytes) -> bytes:
    """The digest of a content from its parts and the digest of its payload."""
    return digest(b"accord content", *address, ",".join(to), agreement, kind, payload)
