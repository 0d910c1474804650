"""Rows that count for more where the residual is affine: shares of each row's weight times its shared score.

``weighed.ROUND``, at CP0 and CP1. CP1 encrypts its share of the scores; CP0, which has the weights, multiplies with
them and adds what it can compute itself. The integers are as large as the ring: nothing wraps before it is masked.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from accord_protocols.kernel.effects import Compute
from accord_protocols.kernel.transition import Draw
from accord_protocols.phases.training.products import Words
from accord_protocols.phases.training.series import WEIGHT_BITS, SharedSeries
from accord_protocols.phases.training.shared import WEIGHED, Sharing
from accord_protocols.phases.training.sizes import D_BITS
from accord_protocols.primitives.sharing import RING, multiplied, truncated
from accord_protocols.primitives.xof import Xof
from accord_schemas.blob import loaded

FRACTION_BITS = 20
"""Of a weight."""


class Weighed(SharedSeries):
    """One instance a round, at the parties that compute."""

    kind = WEIGHED

    def sizes(self, state: Sharing, piece: slice) -> dict[str, Any]:
        """Fields of a task that name the products' sizes."""
        outputs = max(state.at.sizes.rows, 1) * (self.terms.max_rounds + 1)
        bits = RING.bits + FRACTION_BITS + WEIGHT_BITS
        return {"rows": piece.stop - piece.start, "terms": 1, "bits": bits, "outputs": outputs}

    def weights(self, state: Sharing) -> Words:
        """Of the rows, ``(n, 2)``."""
        return RING.from_fixed(loaded(state.at.block.weights), FRACTION_BITS)

    def encrypting(self, state: Sharing, draw: Draw) -> tuple[Compute, ...]:
        """CP1's tasks: its share as it is."""
        assert state.share is not None, "a computing party has a share"
        return tuple(
            Compute(
                f"numbers.{k}",
                "lattice.terms_encrypt",
                {**self.sizes(state, piece), "a": state.share[piece, None, :]},
                key=draw.key("errors", str(k)),
                secrets=("lattice",),
            )
            for k, piece in enumerate(self.pieces(state))
        )

    def multiplying(self, state: Sharing, piece: slice) -> tuple[str, dict[str, Any]]:
        """CP0's task, and its own numbers in it."""
        return "lattice.terms_multiply", {"b": self.weights(state)[None, piece, None, :]}

    def residual(self, state: Sharing, share: Words) -> Words:
        """The share of the residual: CP0 adds weights times its own share of the scores, less the label."""
        at = state.at
        if self.holds_label:
            assert state.share is not None, "a computing party has a share"
            own = RING.sub(state.share, RING.from_fixed(np.asarray(loaded(at.block.y)), D_BITS))
            share = RING.add(share, multiplied(self.weights(state), own))
        zero = Xof(at.given.keyed.kappas[self.other], "weighed", at.number, at.told)
        return truncated(share, FRACTION_BITS, zero, first=self.holds_label)
