"""Rows that count for more where the residual is affine: shares of each row's weight times its shared score.

``weighed.ROUND``, at CP0 and CP1. CP1 encrypts its share of the scores; CP0, which has the weights, multiplies with
them and adds what it can compute itself. The integers are as large as the ring: nothing wraps before it is masked.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from accord_protocols.kernel.effects import Compute
from accord_protocols.kernel.inputs import Inputs
from accord_protocols.kernel.transition import Draw, Fired, nothing, transition
from accord_protocols.phases.training.products import Words
from accord_protocols.phases.training.series import WEIGHT_BITS, SharedSeries
from accord_protocols.phases.training.shared import WEIGHED, Sharing
from accord_protocols.phases.training.sizes import D_BITS
from accord_protocols.primitives.sharing import RING, multiplied, truncated
from accord_protocols.primitives.xof import Xof
from accord_schemas.blob import loaded
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Ciphertexts

FRACTION_BITS = 20
"""Of a weight."""


class Weighed(SharedSeries):
    """One instance a round, at the parties that compute."""

    kind = WEIGHED

    def sizes(self, state: Sharing) -> dict[str, Any]:
        """Fields of a task that name the products' sizes."""
        rows = max(state.at.sizes.rows, 1)
        bits = RING.bits + FRACTION_BITS + WEIGHT_BITS
        return {"rows": rows, "terms": 1, "bits": bits, "outputs": rows * (self.terms.max_rounds + 1)}

    def weights(self, state: Sharing) -> Words:
        """Of the rows, ``(n, 2)``."""
        weights = loaded(state.at.block.weights)
        if weights.max(initial=0.0) >= 1 << WEIGHT_BITS:
            raise ProtocolError("a row has more than 1024 times the average weight", whose=self.me)
        return RING.from_fixed(weights, FRACTION_BITS)

    @transition(Sharing, nothing, starts=True)
    def start(self, state: Sharing, inputs: Inputs, draw: Draw) -> Fired:
        """CP1: encrypt the own share. CP0: wait for it."""
        if self.holds_label:
            return Fired(then=self.weigh.keeping(state))
        assert state.share is not None, "a computing party has a share"
        return self.encrypted(state, state.share[:, None, :], draw)

    @transition(Sharing, lambda self, _: [self.at(f"ciphertexts.{self.me}", self.other)])
    def weigh(self, state: Sharing, inputs: Inputs, draw: Draw) -> Fired:
        """CP0: multiply CP1's share with the weights."""
        numbers = inputs.event(Ciphertexts, self.at(f"ciphertexts.{self.me}", self.other)).numbers
        fields = self.multiplying(state, numbers, self.weights(state)[None, :, None, :])
        compute = Compute("multiplied", "lattice.terms_multiply", fields, key=draw.key("hides"))
        return Fired((compute,), self.answer.keeping(state))

    def residual(self, state: Sharing, share: Words) -> Words:
        """The share of the residual: CP0 adds weights times its own share of the scores, less the label."""
        at = state.at
        if self.holds_label:
            assert state.share is not None, "a computing party has a share"
            own = RING.sub(state.share, RING.from_fixed(np.asarray(loaded(at.block.y)), D_BITS))
            share = RING.add(share, multiplied(self.weights(state), own))
        zero = Xof(at.given.keyed.kappas[self.other], "weighed", at.number, at.told)
        return truncated(share, FRACTION_BITS, zero, first=self.holds_label)
