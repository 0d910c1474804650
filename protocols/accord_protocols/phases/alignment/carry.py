"""What is carried along: agreed columns of the common ids, from who has them to everybody who is told which these are.

Nothing says which cells are whose but their order, that of the ids: who does not know the common ids is told nothing.
"""

from __future__ import annotations

from typing import Any, ClassVar

from accord_protocols.kernel.effects import Compute, Done, Note, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.phases.alignment.star import Aligned
from accord_protocols.tasks.results.alignment import Told
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Cells, Event


class Carry(Machine):
    """``carry``, at everybody: the own columns are told, and those of others heard; nothing where none are agreed."""

    kind = "carry"
    by_reference = True
    says: ClassVar[dict[str, type[Event]]] = {"cells": Cells}
    goes: ClassVar[dict[str, Goes]] = {"cells": Goes.KNOWING}

    @property
    def owners(self) -> tuple[str, ...]:
        """Whose columns are carried."""
        return tuple(p for p in self.agreement.order if p in self.agreement.align.carry)

    @transition(Aligned, nothing, starts=True)
    def start(self, state: Aligned, inputs: Inputs, draw: Draw) -> Fired:
        """Owner: take its cells of the common rows. Others that know these: wait for them."""
        if not self.owners or self.me not in self.agreement.knowing:
            return Fired((Done(),))
        if self.me not in self.owners:
            return Fired(then=self.hear.keeping(state))
        fields = {"rows": state.rows, "columns": list(self.agreement.align.carry[self.me])}
        return Fired((Compute("taken", "carry.taken", fields, data=True),), self.tell.keeping(state))

    @transition(Aligned, lambda self, _: [self.job("taken")])
    def tell(self, state: Aligned, inputs: Inputs, draw: Draw) -> Fired:
        """Owner: tell them."""
        cells = inputs.result(Told, self.job("taken"))
        send = Send("cells", self.agreement.knowing, Cells(sizes=cells.sizes, text=cells.text))
        return Fired((send,), self.hear.keeping(state))

    @transition(Aligned, lambda self, _: [self.at("cells", p) for p in self.owners])
    def hear(self, state: Aligned, inputs: Inputs, draw: Draw) -> Fired:
        """See to it that there is a cell for each common id and agreed column."""
        told: dict[str, Any] = {}
        for owner, cells in inputs.events(Cells).items():
            if cells.sizes.shape != (state.size, len(self.agreement.align.carry[owner])):
                raise ProtocolError("what is carried along is not as agreed", whose=owner)
            told |= {f"sizes.{owner}": cells.sizes, f"text.{owner}": cells.text}
        columns = {owner: list(self.agreement.align.carry[owner]) for owner in self.owners}
        note = Note({"carried": {"columns": columns, "told": told}})
        return Fired((Compute("checked", "carry.checked", told), note), self.end.keeping(None))

    @transition(None, lambda self, _: [self.job("checked")])
    def end(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """It is whole."""
        return Fired((Done(),))
