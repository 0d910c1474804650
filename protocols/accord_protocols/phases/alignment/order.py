"""The common row order, checked among the parties that do not lead: they were told the same rows in the same order.

The leader alone says which rows are common. Told apart, two parties would add up what belongs to different people, or
one of them would be trained on fewer rows than the others, and nothing else would show it.
"""

from __future__ import annotations

from typing import ClassVar

from accord_protocols.kernel.machine import (
    Compute,
    Done,
    Draw,
    Fired,
    Goes,
    Inputs,
    Machine,
    Memory,
    Send,
    Setup,
    nothing,
    transition,
)
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Event, RowOrder


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
        """The other parties that do not lead; none of two parties."""
        return tuple(p for p in self.agreement.others if p != self.me)

    @transition(nothing)
    def start(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Compute what is said, and what is to be heard."""
        if not self.witnesses:
            return Fired({}, (Done(),))
        fields = {"rows": memory["rows"], "me": self.me}
        fields |= {f"kappa.{p}": memory["kappas"][p] for p in self.witnesses}
        return Fired({}, (Compute("ordered", "align.order", fields, data=True),), "tell")

    @transition(lambda self, memory: [self.job("ordered")])
    def tell(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Say it."""
        ordered = inputs[self.job("ordered")]
        sends = tuple(Send(f"mac.{p}", [p], RowOrder(mac=ordered[f"own.{p}"])) for p in self.witnesses)
        return Fired({"wanted": {p: ordered[f"peer.{p}"] for p in self.witnesses}}, sends, "compare")

    @transition(lambda self, memory: [self.at(f"mac.{self.me}", p) for p in self.witnesses])
    def compare(self, memory: Memory, inputs: Inputs, draw: Draw) -> Fired:
        """Everybody has the same rows, or nobody goes on.

        Either the leader told two parties different rows, or one of them lies about what it was told; which of both,
        the tags that the leader signed for each say to whom they are shown.
        """
        for p in self.witnesses:
            if inputs[self.at(f"mac.{self.me}", p)].mac != memory["wanted"][p]:
                raise ProtocolError(f"the common rows of {self.me} and {p} differ", whose=self.setup.leader)
        return Fired({}, (Done(),))
