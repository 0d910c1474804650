"""One row of a machine's table: the state that it waits in, what it waits for, and the pure function that it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, overload

from accord_protocols.kernel.effects import Effect
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.primitives.xof import Xof
from accord_schemas.address import Address

S = TypeVar("S")


class Draw:
    """This transition's randomness: XOF(root seed ‖ transcript ‖ label), each label once."""

    def __init__(self, seed: bytes, transcript: bytes) -> None:
        self._seed, self._transcript, self._labels = seed, transcript, set[tuple[str | int, ...]]()

    def __call__(self, *label: str | int) -> Xof:
        """The stream of a label (purpose, peer, round, ...).

        Raises:
            ValueError: The label was drawn before in this transition.
        """
        if label in self._labels:
            raise ValueError(f"the label {label} was drawn before")
        self._labels.add(label)
        return Xof(self._seed, "draw", self._transcript, *label)

    def key(self, *label: str | int) -> bytes:
        """32 bytes for a `Compute`, which gets a derived key and never the seed."""
        return self(*label).bytes(32)


@dataclass(frozen=True, slots=True)
class Needs:
    """What a transition waits for; a plain collection of addresses means all of them.

    Attributes:
        addresses: Where it is said.
        alternative: Whether one of them is enough. Then the protocol has only one of them said: the next request, or
            the word that there are no more. Who says two is refused, so that arrival order decides nothing.
        patient: Whether nobody owes it: waiting for long is no silence of a peer.
    """

    addresses: tuple[Address, ...] = ()
    alternative: bool = False
    patient: bool = False

    @classmethod
    def any(cls, *addresses: Address, patient: bool = False) -> Needs:
        """One of these. A server of numbered requests waits for request k or for the last word at k, then for k + 1."""
        return cls(addresses, alternative=True, patient=patient)


Wanted = Iterable[Address] | Needs


@dataclass(frozen=True, slots=True)
class Next:
    """Which transition an instance waits for, and in which state; see `Transition.keeping`."""

    transition: str
    state: object = field(repr=False)


@dataclass(frozen=True, slots=True)
class Fired:
    """What a transition returns: effects, and what to wait for next; nothing to wait for ends the instance."""

    effects: tuple[Effect, ...] = ()
    then: Next | None = None


class Transition(Generic[S]):
    """Made by `transition`, named as its method.

    Args:
        state: The class of the state that it waits in.
        needs: What it waits for, by machine and state.
        fire: Takes machine, state, inputs and draw.
        starts: Whether instances begin with it.
    """

    name: str

    def __init__(
        self,
        state: type[S],
        needs: Callable[[Any, S], Wanted],
        fire: Callable[[Any, S, Inputs, Draw], Fired],
        *,
        starts: bool,
    ) -> None:
        self.state, self.needs, self.fire, self.starts = state, needs, fire, starts

    def __set_name__(self, _owner: type, name: str) -> None:
        self.name = name

    def keeping(self, state: S) -> Next:
        """Wait for this transition, and remember a state until then."""
        return Next(self.name, state)


@overload
def transition(
    state: type[S], needs: Callable[[Any, S], Wanted], *, starts: bool = False
) -> Callable[[Callable[[Any, S, Inputs, Draw], Fired]], Transition[S]]: ...
@overload
def transition(
    state: None, needs: Callable[[Any, None], Wanted], *, starts: bool = False
) -> Callable[[Callable[[Any, None, Inputs, Draw], Fired]], Transition[None]]: ...
def transition(state: Any, needs: Any, *, starts: bool = False) -> Any:
    """Mark a method as a transition.

    Args:
        state: The class of what it waits in, a frozen dataclass that does not show itself; None where there is nothing
            to remember.
        needs: What it waits for, by machine and state; see `nothing`.
        starts: Whether an instance begins with it. Each machine has one that does.
    """

    def mark(method: Any) -> Transition[Any]:
        return Transition(type(None) if state is None else state, needs, method, starts=starts)

    return mark


def nothing(_machine: object, _state: object) -> tuple[Address, ...]:
    """Needs of a transition that fires as soon as its instance starts."""
    return ()
