"""What a machine is: a table of transitions and a pure function for each; and what a transition may ask for.

A machine sees addresses, never arrival order. A transition waits for a set of addresses that follows from the agreement
and the machine's own memory, fires once, and returns new memory, effects, and the transition to wait for next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar

from accord_protocols.kernel.plan import Plan
from accord_protocols.primitives.xof import Xof
from accord_schemas.address import JOB, SELF, Address
from accord_schemas.agreement import Agreement
from accord_schemas.errors import AccordError
from accord_schemas.events import Event

Memory = dict[str, Any]
Fields = Mapping[str, Any]
Inputs = Mapping[Address, Any]
"""By address: the event, or the fields of something local."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What every machine of one party in one collaboration knows from the start."""

    agreement: Agreement
    me: str
    collaboration: str
    sid: bytes
    plan: Plan = field(default_factory=Plan)

    @property
    def leader(self) -> str:
        """Who decides for all, and signs the log."""
        return self.agreement.leader

    @property
    def leads(self) -> bool:
        """Whether this party is the leader."""
        return self.me == self.leader

    @property
    def labelled(self) -> bool:
        """Whether this party holds the label."""
        return self.me == self.agreement.label_holder

    @property
    def peers(self) -> tuple[str, ...]:
        """Everybody else, in canonical order."""
        return tuple(p for p in self.agreement.order if p != self.me)


@dataclass(frozen=True, slots=True)
class Send:
    """Say an event at (this instance, step, me) to some parties. Naming oneself delivers it to oneself as well."""

    step: str
    to: Iterable[str]
    event: Event


@dataclass(frozen=True, slots=True)
class Compute:
    """Run a task in a worker; the result arrives at (this instance, step, job).

    Args:
        step: Address of the result.
        task: A name in the closed registry of tasks.
        inputs: Fields for the task.
        key: A stream key from this transition's draw, where the task needs randomness.
        secrets: Names of this collaboration's keystore entries that the task needs.
        data: Whether the task reads the party's snapshot.
        fresh: Whether the executor hands it a key of the operating system, for key generation.
    """

    step: str
    task: str
    inputs: Fields = field(default_factory=dict, repr=False)
    key: bytes = field(default=b"", repr=False)
    secrets: tuple[str, ...] = ()
    data: bool = False
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Spawn:
    """Start an instance; its transcript grows from this transition's."""

    instance: str
    memory: Memory = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Done:
    """This instance has ended; its fields reach the one that spawned it at (this instance, "done", self)."""

    fields: Fields = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Reach:
    """The collaboration moves by this trigger of its transition table; for people, round and loss go with it."""

    trigger: str
    round: int = 0
    loss: float | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """Something this party learned and reports: united into its result."""

    fields: Fields = field(repr=False)


@dataclass(frozen=True, slots=True)
class Abort:
    """End the collaboration by this trigger: ``refused`` or ``failed``."""

    trigger: str
    reason: str
    whose: str = ""


Effect = Send | Compute | Spawn | Done | Reach | Note | Abort


@dataclass(frozen=True, slots=True)
class Fired:
    """What a transition returns. `then` names the transition to wait for next; empty ends the instance."""

    memory: Memory = field(repr=False)
    effects: tuple[Effect, ...] = ()
    then: str = ""


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


Wanted = Callable[["Machine", Memory], Iterable[Address] | Needs]
Fire = Callable[[Any, Memory, Inputs, Draw], Fired]


class Goes(Enum):
    """To whom what is said at a step goes, besides its sender."""

    ALL = "all"
    LEADER = "leader"
    LABEL = "label"
    """The label holder."""
    INSTANCE = "instance"
    """The party that the instance names first after its kind."""
    STEP = "step"
    """The party that the step names last."""


class ContractError(AccordError):
    """A machine broke its own contract: a fault of this program."""


class Machine:
    """Base of all machines; a subclass lists its transitions by decorating methods with `transition`.

    The first of them is where an instance starts. A later version may be a subclass of an earlier one: it has that
    one's transitions, in their order, but for those that it defines itself.

    Args:
        setup: What the party knows.
        instance: This instance's name; by convention ``kind`` or ``kind.qualifier``.
    """

    kind: ClassVar[str] = ""
    version: ClassVar[int] = 1
    """Of this kind: another one where the same inputs would say or keep something else; the old class stays beside."""
    first: ClassVar[str] = ""
    says: ClassVar[dict[str, type[Event]]] = {}
    """Which event is said at which step, by the step's name before the first dot."""
    goes: ClassVar[dict[str, Goes]] = {}
    """To whom each encrypted one of them goes; see `recipients`."""
    by_reference: ClassVar[bool] = False
    """Whether large numbers reach it as a `Blob`: it knows their shape and hands them on, and never looks at them."""
    table: ClassVar[dict[str, tuple[Wanted, Fire]]] = {}

    def __init__(self, setup: Setup, instance: str) -> None:
        self.setup, self.instance = setup, instance
        self.agreement, self.me = setup.agreement, setup.me

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        names = dict.fromkeys(n for base in reversed(cls.__mro__) for n, m in vars(base).items() if hasattr(m, "needs"))
        methods = {name: getattr(cls, name) for name in names}
        cls.table = {name: (method.needs, method) for name, method in methods.items()}
        cls.first = next(iter(names))

    @classmethod
    def expected(cls, setup: Setup, qualifier: str) -> bool:
        """Whether the protocol has an instance of this kind and qualifier: then what is said there may come early.

        Who wants a content of another instance waits for it before that instance ends: what nobody waits for is dropped
        with the instance.
        """
        return not qualifier

    @property
    def qualifier(self) -> str:
        """The instance's name after its kind."""
        return self.instance.partition(".")[2]

    def at(self, step: str, sender: str) -> Address:
        """An address in this instance."""
        return Address(self.instance, step, sender)

    def job(self, step: str) -> Address:
        """Where a job's result arrives."""
        return Address(self.instance, step, JOB)

    @staticmethod
    def done(instance: str) -> Address:
        """Where a child's end arrives."""
        return Address(instance, "done", SELF)


def transition(needs: Callable[[Any, Memory], Iterable[Address] | Needs]) -> Callable[[Fire], Fire]:
    """Mark a method as a transition that waits for what `needs(machine, memory)` says."""

    def mark(method: Fire) -> Fire:
        method.needs = needs  # type: ignore[attr-defined]
        return method

    return mark


def nothing(_machine: Machine, _memory: Memory) -> tuple[Address, ...]:
    """Needs of a transition that fires as soon as its instance starts."""
    return ()
