"""A link at `shared` without a dealer: products of what two holders of a score know, row by row, by the lattice engine.

``series.ROUND``, at CP0 and CP1. A function of the score is a Fourier series, whose terms of a sum of shares are sums
of products of the shares' waves. CP1 encrypts its waves; CP0, which has the labels and the rows' weights, multiplies
with its own waves and the coefficients. Nothing opens: each has a share of the residual in the end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from accord_protocols.kernel.effects import Compute, Done, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine, Setup
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.links.series import table_bits
from accord_protocols.phases.training.products import numbered
from accord_protocols.phases.training.shared import SERIES, Shared, Sharing, weighs
from accord_protocols.primitives.fourier import Series
from accord_protocols.tasks.results.common import Numbers
from accord_protocols.tasks.results.training import Evaluated, Opened
from accord_schemas.address import Address
from accord_schemas.blob import loaded
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Ciphertexts, Event, LatticeKey

WEIGHT_BITS = 10
"""Of the largest weight that a row may have at `shared`, where rows have 1 on average."""


@dataclass(frozen=True, slots=True, repr=False)
class Piecewise:
    """Which piece of the rows is next."""

    sharing: Sharing
    place: int = 0

    @property
    def next(self) -> Piecewise:
        """When this one is done."""
        return Piecewise(self.sharing, self.place + 1)


class SharedSeries(Machine, Shared):
    """One instance a round, at the parties that compute."""

    kind = SERIES
    by_reference = True
    says: ClassVar[dict[str, type[Event]]] = {"ciphertexts": Ciphertexts}
    goes: ClassVar[dict[str, Goes]] = {"ciphertexts": Goes.STEP}

    @classmethod
    def expected(cls, setup: Setup, qualifier: str) -> bool:
        """One per round."""
        return numbered(qualifier, setup.agreement) and len(setup.agreement.keyholders) > 1

    def pieces(self, state: Sharing) -> tuple[slice, ...]:
        """Rows whose products travel together: CP0 multiplies one piece while CP1 encrypts the next."""
        from accord_protocols.primitives.lattice import pieces  # it loads numba: where it is used

        return pieces(max(state.at.sizes.rows, 1))

    def sizes(self, state: Sharing, piece: slice) -> dict[str, Any]:
        """Fields of a task that name the sums' sizes."""
        train, series = self.terms, self.series(state)
        bits = 2 * table_bits(self.terms.model) + bound_bits(series) + (WEIGHT_BITS if weighs(train) else 0)
        outputs = max(state.at.sizes.rows, 1) * (train.max_rounds + 1) * (1 + self.lossy)
        return {"rows": piece.stop - piece.start, "terms": 2 * series.terms, "bits": bits, "outputs": outputs}

    @transition(Sharing, nothing, starts=True)
    def start(self, state: Sharing, inputs: Inputs, draw: Draw) -> Fired:
        """CP1: encrypt, piece by piece. CP0: wait for the first."""
        if self.holds_label:
            weights = state.at.block.weights
            if len(weights) and loaded(weights).max(initial=0.0) >= 1 << WEIGHT_BITS:
                raise ProtocolError("a row has more than 1024 times the average weight", whose=self.me)
            return Fired(then=self.multiply.keeping(Piecewise(state)))
        assert state.share is not None, "a computing party has a share"
        return Fired(self.encrypting(state, draw), self.publish.keeping(Piecewise(state)))

    def encrypting(self, state: Sharing, draw: Draw) -> tuple[Compute, ...]:
        """CP1's tasks."""
        assert state.share is not None, "a computing party has a share"
        known = self.named(state)
        return tuple(
            Compute(
                f"numbers.{k}",
                "series.encrypt",
                {**self.sizes(state, piece), **known, "shares": state.share[piece]},
                key=draw.key("errors", str(k)),
                secrets=("lattice",),
            )
            for k, piece in enumerate(self.pieces(state))
        )

    def multiplying(self, state: Sharing, piece: slice) -> tuple[str, dict[str, Any]]:
        """CP0's task, and its own numbers in it."""
        assert state.share is not None, "a computing party has a share"
        weights = state.at.block.weights
        whole = loaded(weights) if len(weights) else np.ones(state.at.sizes.rows)
        return "series.multiply", {**self.named(state), "shares": state.share[piece], "weights": whole[piece]}

    # ---- CP1

    @transition(Piecewise, lambda self, state: [self.job(f"numbers.{state.place}")])
    def publish(self, state: Piecewise, inputs: Inputs, draw: Draw) -> Fired:
        """Send a piece to CP0."""
        event = Ciphertexts(numbers=inputs.result(Numbers, self.job(f"numbers.{state.place}")).numbers)
        send = Send(f"ciphertexts.{state.place}.{self.other}", [self.other], event)
        further = state.next
        last = further.place == len(self.pieces(state.sharing))
        return Fired((send,), (self.open if last else self.publish).keeping(further))

    def _answers(self, state: Piecewise) -> list[Address]:
        places = range(len(self.pieces(state.sharing)))
        return [self.at(f"ciphertexts.{k}.{self.me}", self.other) for k in places]

    @transition(Piecewise, lambda self, state: self._answers(state))
    def open(self, state: Piecewise, inputs: Inputs, draw: Draw) -> Fired:
        """Open CP0's answers."""
        jobs = tuple(
            Compute(
                f"opened.{k}",
                "lattice.terms_open",
                {
                    **self.sizes(state.sharing, piece),
                    "numbers": inputs.event(Ciphertexts, at).numbers,
                    "peer": self.other,
                },
                secrets=("lattice",),
            )
            for k, (piece, at) in enumerate(zip(self.pieces(state.sharing), self._answers(state), strict=True))
        )
        return Fired(jobs, self.end.keeping(state))

    def _jobs(self, state: Piecewise, name: str) -> list[Address]:
        return [self.job(f"{name}.{k}") for k in range(len(self.pieces(state.sharing)))]

    @transition(Piecewise, lambda self, state: self._jobs(state, "opened"))
    def end(self, state: Piecewise, inputs: Inputs, draw: Draw) -> Fired:
        """The share that it has."""
        shares = [loaded(inputs.result(Opened, at).shares) for at in self._jobs(state, "opened")]
        return Fired((Done(self.ended(state.sharing, np.concatenate(shares, axis=1))),))

    # ---- CP0

    @transition(Piecewise, lambda self, state: [self.at(f"ciphertexts.{state.place}.{self.me}", self.other)])
    def multiply(self, state: Piecewise, inputs: Inputs, draw: Draw) -> Fired:
        """Multiply a piece of CP1's numbers with the own ones."""
        place, pieces = state.place, self.pieces(state.sharing)
        numbers = inputs.event(Ciphertexts, self.at(f"ciphertexts.{place}.{self.me}", self.other)).numbers
        event = state.sharing.at.given.keyed.of(LatticeKey)[self.other]
        key = {"sid": self.setup.sid, "owner": self.other, "large": event.large, "small": event.small}
        task, own = self.multiplying(state.sharing, pieces[place])
        fields = {**self.sizes(state.sharing, pieces[place]), **key, **own, "numbers": numbers, "peer": self.other}
        compute = Compute(f"multiplied.{place}", task, fields, key=draw.key("hides"))
        further = state.next
        return Fired((compute,), (self.answer if further.place == len(pieces) else self.multiply).keeping(further))

    @transition(Piecewise, lambda self, state: self._jobs(state, "multiplied"))
    def answer(self, state: Piecewise, inputs: Inputs, draw: Draw) -> Fired:
        """Send the answers; their masks are the own share."""
        found = [inputs.result(Evaluated, at) for at in self._jobs(state, "multiplied")]
        sends = (
            Send(f"ciphertexts.{k}.{self.other}", [self.other], Ciphertexts(numbers=one.numbers))
            for k, one in enumerate(found)
        )
        shares = np.concatenate([loaded(one.mask) for one in found], axis=1)
        return Fired((*sends, Done(self.ended(state.sharing, shares))))


def bound_bits(series: Series) -> int:
    """Bits of the largest value that sums of its terms have."""
    largest = math.fsum(np.abs(np.concatenate([series.cos, series.sin])).tolist())
    return math.ceil(math.log2(2 * largest + 1)) + 1
