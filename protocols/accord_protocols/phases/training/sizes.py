"""What the parties of a training announce, and what they derive alike from it: ring, fixed point, rounds per batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from accord_protocols.primitives.ring import Ring

X_BITS, D_BITS = 16, 24
"""Fraction bits of features and of scores and residuals."""
SUM_BITS = 64
"""Fraction bits of inner products."""
SCORE_BITS = 30
"""Fraction bits of a score that is opened for prediction."""


@dataclass(frozen=True, slots=True)
class Announced:
    """What everybody said of its prepared block.

    Args:
        columns: How many each party has.
        bounds: Exponents of the powers of two that bound their values.
        shift: By which power of two the label holder divided its labels.
        range: Bits that a residual may need, where that decides about the ring; else 0.
    """

    columns: Mapping[str, int]
    bounds: Mapping[str, int]
    shift: int
    range: int


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes of one training.

    Args:
        rows: TRAIN rows.
        ring: Where residuals are shared.
        x_bits: Bits of a feature in fixed point with its sign, over all parties.
        range_bits: Bits before the point that a residual may have.
        slots: Rounds per batch of pads.
    """

    rows: int
    ring: Ring
    x_bits: int
    range_bits: int
    slots: int
