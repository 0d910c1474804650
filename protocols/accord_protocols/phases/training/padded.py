"""The products of one round by one-time pads: shares of the residual under pads whose products are known already.

``padded.ROUND``: a computing party sends every peer its share minus a pad, and the pad's product with the peer's
columns; the peer multiplies what it got with its columns and adds the product. Each pad is used in one round alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from accord_protocols.kernel.effects import Compute, Done, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine, Setup
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.phases.training.products import (
    Factors,
    Offsets,
    OwnPads,
    Product,
    Words,
    expected_shape,
    numbered,
)
from accord_protocols.primitives.vectors import large
from accord_protocols.tasks.results.training import Multiplied
from accord_schemas.blob import loaded
from accord_schemas.events import Event, Residual


@dataclass(frozen=True, slots=True, repr=False)
class Adding:
    """What is added to the product of the own columns, ``(m, words)``."""

    factors: Factors
    rest: Words


class Padded(Machine):
    """One instance a round, at everybody."""

    kind = "padded"
    says: ClassVar[dict[str, type[Event]]] = {"residual": Residual}
    goes: ClassVar[dict[str, Goes]] = {"residual": Goes.STEP}

    @classmethod
    def expected(cls, setup: Setup, qualifier: str) -> bool:
        """One per round."""
        return numbered(qualifier, setup.agreement)

    def answering(self) -> tuple[str, ...]:
        """From whom this party gets a residual under pads."""
        return tuple(q for q in self.agreement.keyholders if q != self.me)

    @transition(Factors, nothing, starts=True)
    def start(self, state: Factors, inputs: Inputs, draw: Draw) -> Fired:
        """Computing party: its share of the residual, under a pad, to every peer."""
        if state.share is None:
            return Fired(then=self.gradient.keeping(state))
        own, ring, column = state.stock[self.me], state.batch.sizes.ring, self._column(state)
        assert isinstance(own, OwnPads), "a computing party has pads"
        padded = ring.sub(state.share, own.masks[:, column])
        sends = tuple(
            Send(f"residual.{p}", [p], Residual(masked=padded, products=_column(own.products[p], column)))
            for p in self.setup.peers
        )
        return Fired(sends, self.gradient.keeping(state))

    @transition(Factors, lambda self, _: [self.at(f"residual.{self.me}", q) for q in self.answering()])
    def gradient(self, state: Factors, inputs: Inputs, draw: Draw) -> Fired:
        """The own gradient: one product of the own columns with everything that is known of the residual.

        Xᵀ is linear in the ring, so the own share and the others' shares under pads are added first.
        """
        sizes, x = state.batch.sizes, state.batch.x
        ring, columns = sizes.ring, x.shape[1]
        rest = ring.from_int64(np.zeros(columns, np.int64))
        vector = ring.from_int64(np.zeros(sizes.rows, np.int64)) if state.share is None else state.share
        for sender, event in inputs.events(Residual).items():
            offsets = state.stock[sender]
            assert isinstance(offsets, Offsets)
            vector = ring.add(vector, expected_shape(event.masked, (sizes.rows, ring.words), sender))
            products = expected_shape(event.products, (columns, ring.words), sender)
            rest = ring.add(rest, ring.sub(products, offsets.offsets[:, self._column(state)]))
        if not large(x):
            return Fired((Done(Product(ring.add(ring.matvec(loaded(x), vector), rest))),))
        fields = {"x": x, "vector": vector, "ring_bits": ring.bits}
        return Fired((Compute("multiplied", "train.gradient", fields),), self.multiplied.keeping(Adding(state, rest)))

    @transition(Adding, lambda self, _: [self.job("multiplied")])
    def multiplied(self, state: Adding, inputs: Inputs, draw: Draw) -> Fired:
        """The same, from a worker, by spans of rows."""
        ring, total = state.factors.batch.sizes.ring, state.rest
        for products in inputs.result(Multiplied, self.job("multiplied")).products:
            total = ring.add(total, products)
        return Fired((Done(Product(total)),))

    def _column(self, state: Factors) -> int:
        """Of the batch, this round's."""
        return state.number % state.batch.sizes.slots


def _column(array: Words, column: int) -> Words:
    return np.ascontiguousarray(array[:, column])
