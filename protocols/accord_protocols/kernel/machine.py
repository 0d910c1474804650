"""What a machine is: a table of transitions and a pure function for each.

A machine sees addresses, never arrival order. A transition waits in a state for a set of addresses that follows from
the agreement and that state, fires once, and returns effects, and the transition and state to wait in next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar

from accord_protocols.kernel.inputs import DONE
from accord_protocols.kernel.plan import Plan
from accord_protocols.kernel.transition import Transition
from accord_schemas.address import JOB, SELF, Address
from accord_schemas.agreement import Agreement
from accord_schemas.errors import AccordError
from accord_schemas.events import Event


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


class Goes(Enum):
    """To whom what is said at a step goes, besides its sender."""

    ALL = "all"
    LEADER = "leader"
    LABEL = "label"
    """The label holder."""
    INSTANCE = "instance"
    """The party that the instance names first after its kind."""
    LAST = "last"
    """The party that the instance names last."""
    STEP = "step"
    """The party that the step names last."""
    PAIR = "pair"
    """The two who hold shares of the rows of boosted trees."""
    SECOND = "second"
    """Of these the one who has no label."""
    KNOWING = "knowing"
    """Everybody who is told which ids are common."""


class ContractError(AccordError):
    """A machine broke its own contract: a fault of this program."""


class Machine:
    """Base of all machines. A subclass defines its transitions by decorating methods with `transition`.

    One of them says that instances start with it. A later version may be a subclass of an earlier one: it has that
    one's transitions, in their order, but for those that it defines itself.

    Args:
        setup: What the party knows.
        instance: This instance's name; by convention ``kind`` or ``kind.qualifier``.
    """

    kind: ClassVar[str] = ""
    version: ClassVar[int] = 1
    """Of this kind: another one where the same inputs would say or keep something else; the old class stays beside."""
    says: ClassVar[dict[str, type[Event]]] = {}
    """Which event is said at which step, by the step's name before the first dot."""
    goes: ClassVar[dict[str, Goes]] = {}
    """To whom each encrypted one of them goes; see `recipients`."""
    by_reference: ClassVar[bool] = False
    """Whether large numbers reach it as a `Blob`: it knows their shape and hands them on, and never looks at them."""
    first: ClassVar[str] = ""
    """The transition that instances start with."""
    table: ClassVar[Mapping[str, Transition[Any]]] = {}

    def __init__(self, setup: Setup, instance: str) -> None:
        self.setup, self.instance = setup, instance
        self.agreement, self.me = setup.agreement, setup.me

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        rows = (n for base in reversed(cls.__mro__) for n, m in vars(base).items() if isinstance(m, Transition))
        cls.table = {name: getattr(cls, name) for name in dict.fromkeys(rows)}
        starts = [name for name, row in cls.table.items() if row.starts]
        if cls.kind and len(starts) != 1:  # what has no kind is a base of machines
            raise TypeError(f"{cls.__name__} starts with {' and '.join(starts) or 'no transition'}, not with one")
        cls.first = "".join(starts)

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
        return Address(instance, DONE, SELF)
