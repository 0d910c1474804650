"""What was said and is not consumed yet, and how much of it one sender may have there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from accord_schemas.address import Address
from accord_schemas.errors import ProtocolError

MAX_EVENTS = 1 << 16
"""Events of one sender that may wait before anybody asks for them."""
MAX_BYTES = 64 << 20
"""Bytes of the same, where the agreement gives no other bound; see `Bound`."""
EVENT_BYTES = 1024
"""What an event counts at least: what its entries in memory take."""


@dataclass(frozen=True, slots=True)
class Bound:
    """What one sender may say before its turn, in events and in bytes.

    A party may be as far ahead as the protocol allows, so the bytes are those of the largest honest contents under the
    agreement; the events are bounded because each takes memory of its own.
    """

    events: int = MAX_EVENTS
    bytes: int = MAX_BYTES


@dataclass(slots=True)
class _Account:
    events: int = 0
    bytes: int = 0


@dataclass(slots=True)
class _Place:
    """What happened at one instance's addresses: what waits, and what was consumed or may not be said any more."""

    values: dict[Address, tuple[bytes, Any]] = field(default_factory=dict, repr=False)
    used: set[Address] = field(default_factory=set)


class Waiting:
    """Values by address, each put and taken once; every operation on one address costs the same, however many wait.

    Args:
        bound: Of each sender.
    """

    def __init__(self, bound: Bound) -> None:
        self._bound = bound
        self._places: dict[str, _Place] = {}
        self._accounts: dict[str, _Account] = {}
        self._early: dict[Address, int] = {}

    def knows(self, address: Address) -> bool:
        """Whether something was put there, or may not be any more."""
        place = self._places.get(address.instance)
        return place is not None and (address in place.values or address in place.used)

    def digest(self, address: Address) -> bytes | None:
        """The digest of what waits there."""
        place = self._places.get(address.instance)
        found = place.values.get(address) if place else None
        return found[0] if found else None

    def charge(self, address: Address, size: int) -> None:
        """Count what nobody has asked for yet.

        Args:
            address: Where it is said.
            size: Bytes of its payload.

        Raises:
            ProtocolError: It is too much for one sender.
        """
        account = self._accounts.setdefault(address.sender, _Account())
        size = max(size, EVENT_BYTES)
        if account.events >= self._bound.events or account.bytes + size > self._bound.bytes:
            raise ProtocolError("too much came before its turn", whose=address.sender)
        account.events += 1
        account.bytes += size
        self._early[address] = size

    def ask(self, address: Address) -> None:
        """Somebody waits for it now: it counts no longer."""
        size = self._early.pop(address, None)
        if size is not None:
            account = self._accounts[address.sender]
            account.events -= 1
            account.bytes -= size

    def put(self, address: Address, digest: bytes, value: Any) -> None:
        """Keep a value until it is taken."""
        self._places.setdefault(address.instance, _Place()).values[address] = (digest, value)

    def take(self, address: Address) -> tuple[bytes, Any]:
        """(digest, value) of what waits there; nothing more can be put there."""
        place = self._places[address.instance]
        place.used.add(address)
        return place.values.pop(address)

    def retire(self, addresses: Iterable[Address]) -> None:
        """Nothing may be said there any more."""
        for address in addresses:
            self._places.setdefault(address.instance, _Place()).used.add(address)

    def forget(self, instance: str, keep: Callable[[Address], bool]) -> None:
        """An instance has ended: drop what waits there and nobody will ask for, and what is known of its addresses."""
        place = self._places.pop(instance, None)
        if place is None:
            return
        for address in place.values:
            if not keep(address):
                self.ask(address)
        kept = {address: value for address, value in place.values.items() if keep(address)}
        if kept:
            self._places[instance] = _Place(kept)
