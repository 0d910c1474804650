"""A link at `shared` without a dealer: products of what two holders of a score know, row by row, by the lattice engine.

``series.ROUND``, at CP0 and CP1. A function of the score is a Fourier series, whose terms of a sum of shares are sums
of products of the shares' waves. CP1 encrypts its waves; CP0, which has the labels and the rows' weights, multiplies
with its own waves and the coefficients. Nothing opens: each has a share of the residual in the end.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from accord_protocols.kernel.effects import Compute, Done, Send
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.machine import Goes, Machine, Setup
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.links.series import table_bits
from accord_protocols.phases.training.products import numbered
from accord_protocols.phases.training.shared import SERIES, Shared, Sharing, weighs
from accord_protocols.primitives.fourier import Series
from accord_protocols.tasks.results import Evaluated, Numbers, Opened, Tabled
from accord_schemas.blob import loaded
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Ciphertexts, Event, LatticeKey

WEIGHT_BITS = 10
"""Of the largest weight that a row may have at `shared`, where rows have 1 on average."""


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

    def sizes(self, state: Sharing) -> dict[str, Any]:
        """Fields of a task that name the sums' sizes."""
        train, series = self.terms, self.series(state)
        bits = 2 * table_bits(self.terms.model) + bound_bits(series) + (WEIGHT_BITS if weighs(train) else 0)
        rows = max(state.at.sizes.rows, 1)
        outputs = rows * (train.max_rounds + 1) * (1 + self.lossy)
        return {"rows": rows, "terms": 2 * series.terms, "bits": bits, "outputs": outputs}

    @transition(Sharing, nothing, starts=True)
    def start(self, state: Sharing, inputs: Inputs, draw: Draw) -> Fired:
        """The own waves."""
        fields = {"shares": state.share, **self.named(state)}
        if not self.holds_label:
            return Fired((Compute("table", "series.spokes", fields),), self.encrypt.keeping(state))
        block = state.at.block
        weights = loaded(block.weights) if len(block.weights) else np.ones(state.at.sizes.rows)
        if weights.max(initial=0.0) >= 1 << WEIGHT_BITS:
            raise ProtocolError("a row has more than 1024 times the average weight", whose=self.me)
        compute = Compute("table", "series.factors", fields | {"weights": weights})
        return Fired((compute,), self.multiply.keeping(state))

    # ---- CP1

    @transition(Sharing, lambda self, _: [self.job("table")])
    def encrypt(self, state: Sharing, inputs: Inputs, draw: Draw) -> Fired:
        """Encrypt them."""
        return self.encrypted(state, inputs.result(Tabled, self.job("table")).table, draw)

    def encrypted(self, state: Sharing, a: NDArray[Any], draw: Draw) -> Fired:
        """Have numbers ``(n, J)`` encrypted, and then published."""
        from accord_protocols.primitives.lattice import Terms  # it loads numba: where it is used

        sizes = self.sizes(state)
        fields = {**sizes, "a": a, "blocks": np.arange(Terms(**sizes).blocks)}
        compute = Compute("numbers", "lattice.terms_encrypt", fields, key=draw.key("errors"), secrets=("lattice",))
        return Fired((compute,), self.publish.keeping(state))

    @transition(Sharing, lambda self, _: [self.job("numbers")])
    def publish(self, state: Sharing, inputs: Inputs, draw: Draw) -> Fired:
        """Send them to CP0."""
        event = Ciphertexts(numbers=inputs.result(Numbers, self.job("numbers")).numbers)
        return Fired((Send(f"ciphertexts.{self.other}", [self.other], event),), self.open.keeping(state))

    @transition(Sharing, lambda self, _: [self.at(f"ciphertexts.{self.me}", self.other)])
    def open(self, state: Sharing, inputs: Inputs, draw: Draw) -> Fired:
        """Open CP0's answer."""
        numbers = inputs.event(Ciphertexts, self.at(f"ciphertexts.{self.me}", self.other)).numbers
        fields = {**self.sizes(state), "numbers": numbers, "peer": self.other}
        compute = Compute("opened", "lattice.terms_open", fields, secrets=("lattice",))
        return Fired((compute,), self.end.keeping(state))

    @transition(Sharing, lambda self, _: [self.job("opened")])
    def end(self, state: Sharing, inputs: Inputs, draw: Draw) -> Fired:
        """The share that it has."""
        return Fired((Done(self.ended(state, loaded(inputs.result(Opened, self.job("opened")).shares))),))

    # ---- CP0

    @transition(Sharing, lambda self, _: [self.job("table"), self.at(f"ciphertexts.{self.me}", self.other)])
    def multiply(self, state: Sharing, inputs: Inputs, draw: Draw) -> Fired:
        """Multiply CP1's waves with the own ones."""
        numbers = inputs.event(Ciphertexts, self.at(f"ciphertexts.{self.me}", self.other)).numbers
        table = loaded(inputs.result(Tabled, self.job("table")).table)
        fields = self.multiplying(state, numbers, np.ascontiguousarray(np.moveaxis(table, 1, 0)))
        compute = Compute("multiplied", "lattice.terms_multiply", fields, key=draw.key("hides"))
        return Fired((compute,), self.answer.keeping(state))

    def multiplying(self, state: Sharing, numbers: NDArray[np.uint8], b: NDArray[Any]) -> dict[str, Any]:
        """Fields of the task that multiplies CP1's numbers with the own ones, ``(c, n, J)``."""
        event = state.at.given.keyed.of(LatticeKey)[self.other]
        key = {"sid": self.setup.sid, "owner": self.other, "large": event.large, "small": event.small}
        return {**self.sizes(state), **key, "numbers": numbers, "b": b, "peer": self.other}

    @transition(Sharing, lambda self, _: [self.job("multiplied")])
    def answer(self, state: Sharing, inputs: Inputs, draw: Draw) -> Fired:
        """Send the answer; its mask is the own share."""
        found = inputs.result(Evaluated, self.job("multiplied"))
        send = Send(f"ciphertexts.{self.other}", [self.other], Ciphertexts(numbers=found.numbers))
        return Fired((send, Done(self.ended(state, loaded(found.mask)))))


def bound_bits(series: Series) -> int:
    """Bits of the largest value that sums of its terms have."""
    largest = math.fsum(np.abs(np.concatenate([series.cos, series.sin])).tolist())
    return math.ceil(math.log2(2 * largest + 1)) + 1
