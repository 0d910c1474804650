"""One computing party's encrypted columns, which the other multiplies with its shares: ``columns.KIND.OWNER``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from accord_protocols.kernel.effects import Compute, Done, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine, Setup
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.primitives.lattice import Layout
from accord_protocols.tasks.results.common import Numbers
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Ciphertexts, Event

KINDS = ("scores", "sums", "heads", "pairs")


@dataclass(frozen=True, slots=True, repr=False)
class Laid:
    """What one kind of columns begins with, at both computing parties.

    Args:
        layout: How they lie in polynomials.
        x: They, at their owner; by reference where they are large.
    """

    layout: Layout
    x: NDArray[np.int64] | NDArray[np.uint64] | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Received:
    """What the other computing party ends with: ``(blocks, width)``."""

    numbers: NDArray[np.uint8]


class Columns(Machine):
    """One instance per kind and owner, at the two computing parties."""

    kind = "columns"
    by_reference = True
    says: ClassVar[dict[str, type[Event]]] = {"encrypted": Ciphertexts}
    goes: ClassVar[dict[str, Goes]] = {"encrypted": Goes.STEP}

    @classmethod
    def expected(cls, setup: Setup, qualifier: str) -> bool:
        """One of each kind of each computing party."""
        kind, _, owner = qualifier.partition(".")
        train = setup.agreement.train
        closed = train is not None and train.protection == "closed"
        return closed and kind in KINDS and owner in setup.agreement.keyholders

    @property
    def owner(self) -> str:
        """Whose columns they are."""
        return self.qualifier.partition(".")[2]

    @property
    def reader(self) -> str:
        """Who multiplies them."""
        return next(q for q in self.agreement.keyholders if q != self.owner)

    @transition(Laid, nothing, starts=True)
    def start(self, state: Laid, inputs: Inputs, draw: Draw) -> Fired:
        """Owner: encrypt."""
        if self.me != self.owner:
            return Fired(then=self.read.keeping(state))
        layout = state.layout
        sizes = {"layout": layout.kind, "rows": layout.rows, "columns": layout.columns, "bits": layout.bits}
        fields = sizes | {"x": state.x, "blocks": np.arange(layout.blocks)}
        compute = Compute("encrypted", "lattice.encrypt", fields, key=draw.key("errors"), secrets=("lattice",))
        return Fired((compute,), self.publish.keeping(None))

    @transition(None, lambda self, _: [self.job("encrypted")])
    def publish(self, state: None, inputs: Inputs, draw: Draw) -> Fired:
        """Owner: say them, once for all rounds."""
        event = Ciphertexts(numbers=inputs.result(Numbers, self.job("encrypted")).numbers)
        return Fired((Send(f"encrypted.{self.reader}", [self.reader], event), Done()))

    @transition(Laid, lambda self, _: [self.at(f"encrypted.{self.reader}", self.owner)])
    def read(self, state: Laid, inputs: Inputs, draw: Draw) -> Fired:
        """The other: end with them."""
        numbers = inputs.event(Ciphertexts, self.at(f"encrypted.{self.reader}", self.owner)).numbers
        if numbers.shape != (state.layout.blocks, state.layout.width):
            raise ProtocolError("encrypted columns are not as agreed", whose=self.owner)
        return Fired((Done(Received(numbers)),))
