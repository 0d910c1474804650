"""The lattice engine's preparation: every party encrypts its columns once, to whoever computes.

``encrypted.OWNER``: the owner of the columns has them encrypted under its own key; a computing party keeps what it got.
What the two need to know of each other's sizes was announced.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from accord_protocols.kernel.effects import Compute, Done, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine, Setup
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.phases.training.crossed import Crossed
from accord_protocols.phases.training.products import Batch, Columns
from accord_protocols.phases.training.sizes import Sizes
from accord_protocols.primitives.ring import Ring
from accord_protocols.tasks.results.common import Numbers
from accord_schemas.agreement import Agreement
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Ciphertexts, Event, LatticeKey


def layout(sizes: Sizes, columns: int) -> dict[str, Any]:
    """Fields of a task that name how columns lie in polynomials."""
    return {"layout": "sums", "rows": max(sizes.rows, 1), "columns": columns, "bits": sizes.ring.bits}


class Encrypted(Machine):
    """One per owner of columns, at it and at those who compute."""

    kind = "encrypted"
    by_reference = True
    says: ClassVar[dict[str, type[Event]]] = {"ciphertexts": Ciphertexts}
    goes: ClassVar[dict[str, Goes]] = {"ciphertexts": Goes.STEP}

    @classmethod
    def expected(cls, setup: Setup, qualifier: str) -> bool:
        """Of every party."""
        return setup.agreement.train is not None and qualifier in setup.agreement.parties

    @property
    def owner(self) -> str:
        """Whose columns they are."""
        return self.qualifier

    @transition(Batch, nothing, starts=True)
    def start(self, state: Batch, inputs: Inputs, draw: Draw) -> Fired:
        """Owner: encrypt. Computing party: wait."""
        if self.me == self.owner:
            from accord_protocols.primitives.lattice import Layout  # it loads numba: where it is used

            sizes = layout(state.sizes, state.x.shape[1])
            fields = {**sizes, "x": state.x, "blocks": np.arange(Layout(**_named(sizes)).blocks)}
            compute = Compute("numbers", "lattice.encrypt", fields, key=draw.key("errors"), secrets=("lattice",))
            return Fired((compute,), self.publish.keeping(state))
        if self.me in self.agreement.keyholders:
            return Fired(then=self.keep.keeping(state))
        return Fired((Done(),))

    @transition(Batch, lambda self, _: [self.job("numbers")])
    def publish(self, state: Batch, inputs: Inputs, draw: Draw) -> Fired:
        """Owner: to those who compute."""
        event = Ciphertexts(numbers=inputs.result(Numbers, self.job("numbers")).numbers)
        readers = (q for q in self.agreement.keyholders if q != self.me)
        return Fired((*(Send(f"ciphertexts.{q}", [q], event) for q in readers), Done()))

    @transition(Batch, lambda self, _: [self.at(f"ciphertexts.{self.me}", self.owner)])
    def keep(self, state: Batch, inputs: Inputs, draw: Draw) -> Fired:
        """Computing party: keep them, if they are as many as were announced."""
        from accord_protocols.primitives.lattice import Layout

        numbers = inputs.event(Ciphertexts, self.at(f"ciphertexts.{self.me}", self.owner)).numbers
        sizes = layout(state.sizes, state.columns[self.owner])
        known = Layout(**_named(sizes))
        if numbers.shape != (known.blocks, known.width):
            raise ProtocolError("encrypted columns are not as agreed", whose=self.owner)
        return Fired((Done(Columns(numbers, {**sizes, "each": known.inner})),))


def _named(sizes: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind" if name == "layout" else name: value for name, value in sizes.items()}


class Lattice:
    """See `accord_protocols.phases.training.products.ProductEngine`."""

    name = "lattice"
    key: type[Event] = LatticeKey
    machine: type[Machine] = Encrypted
    rounds: type[Machine] = Crossed

    def holders(self, agreement: Agreement) -> tuple[str, ...]:
        """Everybody: everybody's columns are encrypted."""
        return agreement.order

    def supplies(self, agreement: Agreement, columns: Mapping[str, int], slots: int, number: int) -> Mapping[str, str]:
        """Once: the columns of those who have any, unless they alone compute."""
        some = (p for p in agreement.order if columns[p] and set(agreement.keyholders) - {p})
        return {} if number else {p: f"{Encrypted.kind}.{p}" for p in some}

    def row_bytes(self, key_bits: int) -> int:
        """Encrypted: a polynomial of 16,384 coefficients of 45 bytes holds that many values, up to 16 of a row."""
        return 16 * 48

    def slots(self, key_bits: int, ring: Ring, x_bits: int, rows: int, answers: int) -> int:
        """There are no batches."""
        return answers + 1
