"""Entity alignment by an oblivious PRF in a star: one party leads, every other party serves.

The leader learns the intersection of all sets and no pairwise one; the others learn the result and the sizes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from accord_protocols.kernel.effects import Abort, Compute, Done, Effect, Note, Send, Spawn
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.phases.alignment.oprf import Opened, Pair
from accord_protocols.phases.alignment.order import Ordering
from accord_protocols.phases.keys import Keyed
from accord_protocols.tasks.results import Common, Located, Tagged
from accord_schemas.blob import loaded
from accord_schemas.codes import Code
from accord_schemas.events import Event, OprfKey, Tags

NOBODY = "the parties have no users in common"


@dataclass(frozen=True, slots=True, repr=False)
class Joining:
    """The secrets with the peers, and how many ids each server announced."""

    kappas: Mapping[str, bytes]
    sizes: Mapping[str, int]


@dataclass(frozen=True, slots=True, repr=False)
class Waiting:
    """A server's secrets with its peers."""

    kappas: Mapping[str, bytes]


@dataclass(frozen=True, slots=True, repr=False)
class Aligned:
    """What everybody ends with.

    Args:
        rows: Own rows of the intersection, ``(k,) int64``, in the common order.
    """

    rows: NDArray[np.int64]

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.rows)


class Align(Machine):
    """``align``: joins the exchanges; ends with the own rows of the intersection, in the common order."""

    kind = "align"
    version = 2
    by_reference = True
    says: ClassVar[dict[str, type[Event]]] = {"tags": Tags}
    goes: ClassVar[dict[str, Goes]] = {"tags": Goes.STEP}

    @transition(Keyed, nothing, starts=True)
    def start(self, state: Keyed, inputs: Inputs, draw: Draw) -> Fired:
        """Start an OPRF per server."""
        sizes, keys = state.sizes, state.of(OprfKey)
        exchanges = tuple(
            Spawn(f"oprf.{p}", Pair(sizes[self.setup.leader], sizes[p], keys[p].key, state.kappas))
            for p in self._servers()
        )
        then = (
            self.join.keeping(Joining(state.kappas, sizes))
            if self.setup.leads
            else self.wait.keeping(Waiting(state.kappas))
        )
        return Fired(exchanges, then)

    @transition(Joining, lambda self, _: [self.done(f"oprf.{p}") for p in self._servers()])
    def join(self, state: Joining, inputs: Inputs, draw: Draw) -> Fired:
        """Leader: intersect."""
        fields: dict[str, Any] = {f"kappa.{p}": kappa for p, kappa in state.kappas.items()}
        for p in self._servers():
            opened = inputs.ended(Opened, f"oprf.{p}")
            store = opened.store
            fields |= {f"tags.{p}": opened.tags, f"salt.{p}": store.salt, f"table.{p}": store.table}
            fields[f"size.{p}"] = state.sizes[p]
        compute = Compute("common", "align.intersect", fields, key=draw.key("order"), data=True)
        return Fired((compute,), self.announce.keeping(None))

    @transition(None, lambda self, _: [self.job("common")])
    def announce(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """Leader: tell each server its tags, in one random order."""
        common = inputs.result(Common, self.job("common"))
        sends = tuple(Send(f"tags.{p}", [p], Tags(tags=common.tags[p])) for p in self._servers())
        return Fired((*sends, *self._found(loaded(common.rows))))

    @transition(Waiting, lambda self, _: [self.at(f"tags.{self.me}", self.setup.leader), self.done(f"oprf.{self.me}")])
    def wait(self, state: Waiting, inputs: Inputs, draw: Draw) -> Fired:
        """Server: find the rows that were announced."""
        announced = inputs.event(Tags, self.at(f"tags.{self.me}", self.setup.leader))
        own = inputs.ended(Tagged, f"oprf.{self.me}")
        fields = {"tags": own.tags, "announced": announced.tags, "peer": self.setup.leader}
        return Fired((Compute("located", "align.locate", fields),), self.located.keeping(state))

    @transition(Waiting, lambda self, _: [self.job("located")])
    def located(self, state: Waiting, inputs: Inputs, draw: Draw) -> Fired:
        """Server: see whether the others were told the same."""
        found = inputs.result(Located, self.job("located"))
        if not len(found.rows):
            return Fired(self._found(loaded(found.rows)))
        return Fired((Spawn("order", Ordering(found.rows, state.kappas)),), self.same.keeping(found))

    @transition(Located, lambda self, _: [self.done("order")])
    def same(self, state: Located, inputs: Inputs, draw: Draw) -> Fired:
        """Server: end with them."""
        return Fired(self._found(loaded(state.rows)))

    @staticmethod
    def _found(rows: NDArray[np.int64]) -> tuple[Effect, Effect]:
        """Whoever has no row of the intersection has nothing to go on with."""
        note = Note({"intersection_size": len(rows), "rows": rows})
        if not len(rows):
            return note, Abort("refused", NOBODY, code=Code.NOBODY)
        return note, Done(Aligned(rows))

    def _servers(self) -> tuple[str, ...]:
        return self.agreement.others if self.setup.leads else (self.me,)
