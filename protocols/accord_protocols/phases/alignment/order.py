"""The common row order, checked among the parties that do not lead: they were told the same rows in the same order.

The leader alone says which rows are common. Told apart, two parties would add up what belongs to different people, or
one of them would be trained on fewer rows than the others, and nothing else would show it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from accord_protocols.kernel.effects import Compute, Done, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine, Setup
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.tasks.results.alignment import Ordered
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Event, RowOrder


@dataclass(frozen=True, slots=True, repr=False)
class Ordering:
    """The rows that a party was told, ``(k,)``, and its secrets with the peers."""

    rows: NDArray[np.int64]
    kappas: Mapping[str, bytes]


class Order(Machine):
    """``order``, at every party but the leader: a MAC over the ordered common ids for each other one."""

    kind = "order"
    by_reference = True
    says: ClassVar[dict[str, type[Event]]] = {"mac": RowOrder}
    goes: ClassVar[dict[str, Goes]] = {"mac": Goes.STEP}

    @classmethod
    def expected(cls, setup: Setup, qualifier: str) -> bool:
        """Not at the leader, whose word is checked."""
        return not qualifier and not setup.leads

    @property
    def witnesses(self) -> tuple[str, ...]:
        """The other parties that do not lead and are told; none of two parties."""
        return tuple(p for p in self.agreement.told if p != self.me)

    @transition(Ordering, nothing, starts=True)
    def start(self, state: Ordering, inputs: Inputs, draw: Draw) -> Fired:
        """Compute what is said, and what is to be heard."""
        if not self.witnesses:
            return Fired((Done(),))
        fields = {"rows": state.rows, "me": self.me, **{f"kappa.{p}": state.kappas[p] for p in self.witnesses}}
        return Fired((Compute("ordered", "align.order", fields, data=True),), self.tell.keeping(None))

    @transition(None, lambda self, _: [self.job("ordered")])
    def tell(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """Say it."""
        ordered = inputs.result(Ordered, self.job("ordered"))
        sends = tuple(Send(f"mac.{p}", [p], RowOrder(mac=ordered.own[p])) for p in self.witnesses)
        return Fired(sends, self.compare.keeping(ordered))

    @transition(Ordered, lambda self, _: [self.at(f"mac.{self.me}", p) for p in self.witnesses])
    def compare(self, state: Ordered, inputs: Inputs, draw: Draw) -> Fired:
        """Everybody has the same rows, or nobody goes on.

        Either the leader told two parties different rows, or one of them lies about what it was told; which of both,
        the tags that the leader signed for each say to whom they are shown.
        """
        for p, said in inputs.events(RowOrder).items():
            if said.mac != state.peer[p]:
                raise ProtocolError(f"the common rows of {self.me} and {p} differ", whose=self.setup.leader)
        return Fired((Done(),))
