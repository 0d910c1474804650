"""What a transition fires with: each thing in the type that its reader says, so that a wrong name is found by mypy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from accord_schemas.address import SELF, Address
from accord_schemas.blob import Blob, loaded
from accord_schemas.events import Event

T = TypeVar("T")
E = TypeVar("E", bound=Event)
DONE = "done"
"""The step at which an instance's end reaches the one that spawned it."""


class Inputs:
    """Events of peers, results of jobs, outputs of children and the party's own words, by address.

    Args:
        values: In the order of their addresses.
    """

    def __init__(self, values: Mapping[Address, Any]) -> None:
        self._values = dict(values)

    def __repr__(self) -> str:
        return f"Inputs({[str(address) for address in self._values]})"

    def event(self, kind: type[E], at: Address) -> E:
        """An event at its address."""
        return _of(kind, self._values[at])

    def events(self, kind: type[E]) -> dict[str, E]:
        """All events of a kind, by sender in canonical order; each said one of them."""
        return {a.sender: value for a, value in self._values.items() if isinstance(value, kind)}

    def one(self, kind: type[T]) -> tuple[Address, T]:
        """The one event, or word of the own people, that was said, of several that might have been."""
        ((address, value),) = self._values.items()
        return address, _of(kind, value)

    def result(self, kind: type[T], at: Address) -> T:
        """A job's result, or the party's own word, as a dataclass of the same fields; see `typed`."""
        return typed(kind, self._values[at])

    def ended(self, kind: type[T], instance: str) -> T:
        """What a child ended with."""
        return _of(kind, self._values[Address(instance, DONE, SELF)])


def typed(kind: type[T], found: Mapping[str, Any]) -> T:
    """Fields as a dataclass. NAME.PARTY is the entry PARTY of its field NAME.

    Raises:
        TypeError: There is a field more or less.
    """
    plain: dict[str, Any] = {}
    for name, value in found.items():
        first, dot, party = name.partition(".")
        if dot:
            plain.setdefault(first, {})[party] = value
        else:
            plain[name] = value
    return kind(**plain)


def whole(value: Any) -> Any:
    """An event, fields or outputs with all numbers in memory."""
    if isinstance(value, Event):
        large = {name: v.load() for name in type(value).model_fields if isinstance(v := getattr(value, name), Blob)}
        return value.model_copy(update=large) if large else value
    if isinstance(value, dict):
        return {name: whole(entry) for name, entry in value.items()}
    if is_dataclass(value) and not isinstance(value, Blob | type):
        parts = {f.name: getattr(value, f.name) for f in fields(value)}
        large = {name: new for name, part in parts.items() if (new := whole(part)) is not part}
        return replace(value, **large) if large else value
    return loaded(value)


def _of(kind: type[T], value: object) -> T:
    if not isinstance(value, kind):
        raise TypeError(f"{type(value).__name__} is no {kind.__name__}")
    return value
