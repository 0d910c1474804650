"""What is prepared before anything runs through a graph: pads and their products, and shares of the flags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from accord_protocols.kernel.effects import Done, Spawn
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Machine
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.phases.graph.common import OverGraph
from accord_protocols.phases.graph.flags import Flagging, Flags, Pairs
from accord_protocols.phases.graph.sparse import Keyholders, Offsets, OwnPads, Sparse
from accord_protocols.phases.keys import Keyed
from accord_protocols.primitives.sharing import Words
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Event, PaillierKey


@dataclass(frozen=True, slots=True, repr=False)
class Stock:
    """Of a party that computes: its pads, the products of all others with them, and its offsets of the other's."""

    masks: Words
    products: Words
    offsets: Words


@dataclass(frozen=True, slots=True, repr=False)
class Ready:
    """What everybody ends with.

    Args:
        kappas: The secret with each peer.
        stock: Of who computes.
        flags: Its share of them, ``(n, 2)``.
    """

    kappas: Mapping[str, bytes]
    stock: Stock | None = None
    flags: Words | None = None


class Offline(OverGraph, Machine):
    """One instance, at everybody."""

    kind = "offline"
    by_reference = True
    says: ClassVar[dict[str, type[Event]]] = {}

    @transition(Keyed, nothing, starts=True)
    def start(self, state: Keyed, inputs: Inputs, draw: Draw) -> Fired:
        """Begin with both."""
        for party, size in state.sizes.items():
            if size != self.scale.terms.size:
                raise ProtocolError("a party has another list of vertices than was agreed", whose=party)
        if self.compares:  # without shares
            return Fired((Done(Ready(state.kappas)),))
        keys = Keyholders(state.of(PaillierKey))
        spawns = [Spawn(self._sparse(q), keys) for q in self.agreement.keyholders]
        return Fired((*spawns, Spawn(Flagging.kind, Pairs(state.kappas))), self.end.keeping(state))

    @transition(
        Keyed,
        lambda self, _: [self.done(Flagging.kind), *(self.done(self._sparse(q)) for q in self.agreement.keyholders)],
    )
    def end(self, state: Keyed, inputs: Inputs, draw: Draw) -> Fired:
        """All is there."""
        if not self.computes:
            return Fired((Done(Ready(state.kappas)),))
        own = inputs.ended(OwnPads, self._sparse(self.me))
        offsets = inputs.ended(Offsets, self._sparse(self.other())).offsets
        share = inputs.ended(Flags, Flagging.kind).share
        return Fired((Done(Ready(state.kappas, Stock(own.masks, own.products, offsets), share)),))

    @staticmethod
    def _sparse(owner: str) -> str:
        return f"{Sparse.kind}.{owner}"
