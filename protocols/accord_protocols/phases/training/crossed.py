"""The products of one round by columns that are encrypted: whoever has a share of the residual multiplies it with them.

``crossed.ROUND``: a computing party sends each peer the product of its share with the peer's columns, under the peer's
key, flooded and randomised anew; the peer opens it. Shares of the residual are uniform, so that a product of a single
one tells nothing; at `score`, where there is one share alone, it is the peer's gradient.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from accord_protocols.kernel.effects import Compute, Done, Effect, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine, Setup
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.phases.training.products import Columns, Factors, Product, Words, expected_shape, numbered
from accord_protocols.primitives.vectors import large
from accord_protocols.tasks.results.training import Evaluated, Multiplied, Opened
from accord_schemas.blob import loaded
from accord_schemas.events import Ciphertexts, Event, LatticeKey


@dataclass(frozen=True, slots=True, repr=False)
class Opening:
    """The product of the own columns with the own share, ``(m, words)``."""

    factors: Factors
    own: Words


class Crossed(Machine):
    """One instance a round, at everybody."""

    kind = "crossed"
    says: ClassVar[dict[str, type[Event]]] = {"ciphertexts": Ciphertexts}
    goes: ClassVar[dict[str, Goes]] = {"ciphertexts": Goes.STEP}

    @classmethod
    def expected(cls, setup: Setup, qualifier: str) -> bool:
        """One per round."""
        return numbered(qualifier, setup.agreement)

    def readers(self, factors: Factors) -> tuple[str, ...]:
        """Who gets a product from this party: everybody else with columns, if it has a share."""
        some = (p for p in self.setup.peers if factors.batch.columns[p])
        return () if factors.share is None else tuple(some)

    def answering(self, factors: Factors) -> tuple[str, ...]:
        """From whom this party gets a product."""
        columns = factors.batch.columns[self.me]
        return tuple(q for q in self.agreement.keyholders if q != self.me) if columns else ()

    @transition(Factors, nothing, starts=True)
    def start(self, state: Factors, inputs: Inputs, draw: Draw) -> Fired:
        """Computing party: multiply, with everybody's columns."""
        jobs: list[Effect] = []
        for peer in self.readers(state):
            fields = {**self._key(state, peer), **_columns(state.stock[peer]), "d": state.share, "masked": False}
            jobs.append(Compute(f"multiplied.{peer}", "lattice.transposed", fields, key=draw.key("hides", peer)))
        if self._apart(state):
            own = {"x": state.batch.x, "vector": state.share, "ring_bits": state.batch.sizes.ring.bits}
            jobs.append(Compute("own", "train.gradient", own))
        return Fired(tuple(jobs), self.answer.keeping(state))

    def _apart(self, factors: Factors) -> bool:
        """Whether the own product is a worker's task."""
        return factors.share is not None and large(factors.batch.x)

    @transition(
        Factors,
        lambda self, state: [
            *(self.job(f"multiplied.{p}") for p in self.readers(state)),
            *([self.job("own")] if self._apart(state) else []),
        ],
    )
    def answer(self, state: Factors, inputs: Inputs, draw: Draw) -> Fired:
        """Computing party: send the products; keep the own one."""
        ring, x = state.batch.sizes.ring, state.batch.x
        sends = tuple(
            Send(f"ciphertexts.{p}", [p], Ciphertexts(numbers=self._product(inputs, p))) for p in self.readers(state)
        )
        own = ring.from_int64(np.zeros(x.shape[1], np.int64))
        if self._apart(state):
            for products in inputs.result(Multiplied, self.job("own")).products:
                own = ring.add(own, products)
        elif state.share is not None:
            own = ring.matvec(loaded(x), state.share)
        return Fired(sends, self.open.keeping(Opening(state, own)))

    def _product(self, inputs: Inputs, peer: str) -> Any:
        return inputs.result(Evaluated, self.job(f"multiplied.{peer}")).numbers

    @transition(
        Opening, lambda self, state: [self.at(f"ciphertexts.{self.me}", q) for q in self.answering(state.factors)]
    )
    def open(self, state: Opening, inputs: Inputs, draw: Draw) -> Fired:
        """Open what others multiplied with the own columns."""
        sizes, x = state.factors.batch.sizes, state.factors.batch.x
        said = {"layout": "sums", "rows": max(sizes.rows, 1), "columns": x.shape[1], "bits": sizes.ring.bits}
        jobs = (
            Compute(
                f"opened.{sender}",
                "lattice.open_transposed",
                {**said, "numbers": event.numbers, "count": None, "peer": sender},
                secrets=("lattice",),
            )
            for sender, event in inputs.events(Ciphertexts).items()
        )
        return Fired(tuple(jobs), self.end.keeping(state))

    @transition(Opening, lambda self, state: [self.job(f"opened.{q}") for q in self.answering(state.factors)])
    def end(self, state: Opening, inputs: Inputs, draw: Draw) -> Fired:
        """Everything added up."""
        ring, total = state.factors.batch.sizes.ring, state.own
        for sender in self.answering(state.factors):
            shares = inputs.result(Opened, self.job(f"opened.{sender}")).shares
            total = ring.add(total, expected_shape(shares, total.shape, sender))
        return Fired((Done(Product(total)),))

    def _key(self, factors: Factors, owner: str) -> Mapping[str, Any]:
        event = factors.batch.keys[owner]
        assert isinstance(event, LatticeKey)
        return {"sid": self.setup.sid, "owner": owner, "large": event.large, "small": event.small}


def _columns(stock: object) -> Mapping[str, Any]:
    """Fields of a task that name a peer's encrypted columns."""
    assert isinstance(stock, Columns), "a computing party has everybody's columns"
    return {**stock.sizes, "numbers": stock.numbers}
