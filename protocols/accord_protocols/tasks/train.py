"""Tasks of a round of training: what passes over all rows and columns of one party's block."""

from __future__ import annotations

from accord_protocols.primitives.ring import Ring
from accord_protocols.primitives.vectors import scores
from accord_protocols.tasks.registry import Context, Result


def scores_task(context: Context) -> Result:
    """Own scores of this part's rows. Inputs: x ``(n, m)``, fraction_bits of it, weights ``(m,)``."""
    inputs = context.inputs
    return Result({"scores": scores(inputs["x"], inputs["weights"], inputs["fraction_bits"])})


def gradient_task(context: Context) -> Result:
    """Xᵀv of this part's rows, ``(1, m, words)``: the sum over parts is exact in the ring.

    Inputs: x ``(n, m) int64``, vector ``(n, words)``, ring_bits.
    """
    inputs = context.inputs
    return Result({"products": Ring(inputs["ring_bits"]).matvec(inputs["x"], inputs["vector"])[None]})
