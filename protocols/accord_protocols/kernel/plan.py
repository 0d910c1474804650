"""A job as the session walks it: its phases in order, and what each leaves to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from accord_schemas.address import Address
from accord_schemas.agreement import Agreement
from accord_schemas.events import Complete, Event

T = TypeVar("T")


class Known:
    """What the phases so far ended with; each thing by its type."""

    def __init__(self, outputs: tuple[object, ...] = ()) -> None:
        self._outputs = outputs

    def __repr__(self) -> str:
        return f"Known({', '.join(type(one).__name__ for one in self._outputs)})"

    def of(self, kind: type[T]) -> T:
        """The outputs of this type.

        Raises:
            LookupError: No phase has ended with such.
        """
        for one in self._outputs:
            if isinstance(one, kind):
                return one
        raise LookupError(f"no phase has ended with {kind.__name__}")

    def plus(self, outputs: object) -> Known:
        """With those of one more phase; a machine may end without any."""
        return self if outputs is None else Known((*self._outputs, outputs))


@dataclass(frozen=True, slots=True, repr=False)
class Brought:
    """What a party said of its own when it accepted; known from the start.

    Args:
        rows: Ids of its file.
        snapshot: Digest of its copy of the file.
        warnings: What its people should know of the file.
        model: Its part of the model that the agreement names, if it names one.
    """

    rows: int
    snapshot: str = ""
    warnings: Sequence[str] = ()
    model: bytes = b""


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
        count: How many there were, from what is known at the end of the phase.
    """

    name: str
    trigger: str
    reaches: str
    back: str = ""
    count: Callable[[Known], int] = lambda _known: 0


@dataclass(frozen=True, slots=True)
class Phase:
    """From one state to the next: everybody runs one instance of a machine, named as its kind, until it is done.

    The machine ends with what it adds to what is known.

    Args:
        name: What people read, in `seconds` and timelines.
        machine: Its kind.
        trigger: What moves the collaboration when it is done.
        reaches: The state that this leads to; without one, the job is complete instead.
        given: The state that its machine starts in, from what is known by then.
        starts: Kinds of the further machines that it starts.
        clear: Events that it says in clear. All of them are said before anybody reaches its state.
        rounds: A state within it.
        refuses: Whether it may end the collaboration by refusing: by its machine, or by a policy meanwhile.
    """

    name: str
    machine: str
    trigger: str = ""
    reaches: str = ""
    given: Callable[[Known], object] = lambda _known: None
    starts: tuple[str, ...] = ()
    clear: Mapping[type[Event], Place] = field(default_factory=dict)
    rounds: Rounds | None = None
    refuses: bool = False

    @property
    def kinds(self) -> tuple[str, ...]:
        """All its machines."""
        return (self.machine, *self.starts)


def _incomplete(_known: Known) -> Complete:
    raise NotImplementedError("a plan without phases does not complete")


@dataclass(frozen=True, slots=True)
class Plan:
    """What every party goes through after consent.

    Args:
        phases: In order.
        complete: What a party says when the last one has ended, from all that is known then.
    """

    phases: tuple[Phase, ...] = ()
    complete: Callable[[Known], Complete] = _incomplete
