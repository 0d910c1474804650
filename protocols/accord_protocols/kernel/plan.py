"""A job as the session walks it: its phases in order, and what each leaves to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from accord_schemas.address import Address
from accord_schemas.agreement import Agreement
from accord_schemas.events import Complete, Event


def _nothing(_address: Address, _event: Any) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event that travels in clear is said.

    Args:
        at: The addresses, by the agreement: all of them are used, each once, and no other is.
        against: What an event says against its address; or nothing.
    """

    at: Callable[[Agreement], Iterable[Address]]
    against: Callable[[Address, Any], str] = _nothing


@dataclass(frozen=True, slots=True)
class Rounds:
    """A state within a phase, which is reached again and again.

    Args:
        name: What people read.
        trigger: What the machine says.
        reaches: The state.
        back: What the machine says to be where the phase began, before the next time or the end; without it, the phase
            ends from within.
    """

    name: str
    trigger: str
    reaches: str
    back: str = ""


@dataclass(frozen=True, slots=True)
class Phase:
    """From one state to the next: everybody runs one instance of a machine, named as its kind, until it is done.

    The machine is given what is known so far, and ends with what it adds; a number of `rounds` among it is shown.

    Args:
        name: What people read, in `seconds` and timelines.
        machine: Its kind.
        trigger: What moves the collaboration when it is done.
        reaches: The state that this leads to; without one, the job is complete instead.
        carries: What of all that is known by then is known in the next phase too.
        starts: Kinds of the further machines that it starts.
        clear: Events that it says in clear. All of them are said before anybody reaches its state.
        rounds: A state within it.
        refuses: Whether it may end the collaboration by refusing: by its machine, or by a policy meanwhile.
    """

    name: str
    machine: str
    trigger: str = ""
    reaches: str = ""
    carries: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    clear: Mapping[type[Event], Place] = field(default_factory=dict)
    rounds: Rounds | None = None
    refuses: bool = False

    @property
    def kinds(self) -> tuple[str, ...]:
        """All its machines."""
        return (self.machine, *self.starts)


def _incomplete(_known: Mapping[str, Any]) -> Complete:
    raise NotImplementedError("a plan without phases does not complete")


@dataclass(frozen=True, slots=True)
class Plan:
    """What every party goes through after consent.

    Args:
        phases: In order.
        complete: What a party says when the last one has ended, from all that is known then.
    """

    phases: tuple[Phase, ...] = ()
    complete: Callable[[Mapping[str, Any]], Complete] = _incomplete
