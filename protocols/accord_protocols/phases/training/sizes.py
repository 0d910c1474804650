"""What the parties of a training derive alike from the agreement and what was announced: ring, slots, fixed point."""

from __future__ import annotations

from dataclasses import dataclass

from accord_protocols.kernel.machine import Memory, Setup
from accord_protocols.primitives.paillier.packing import log2_ceil, slot_bits, slots
from accord_protocols.primitives.ring import Ring

X_BITS, D_BITS = 16, 24
"""Fraction bits of features and of scores and residuals."""
SUM_BITS = 64
"""Fraction bits of inner products."""
SCORE_BITS = 30
"""Fraction bits of a score that is opened for prediction."""
RANGE_BITS = 20
"""A party's score stays below 2^20 in the label's scaled unit, far from where the larger ring wraps."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes of one training.

    Args:
        rows: TRAIN rows.
        ring: Where residuals are shared.
        x_bits: Bits of a feature in fixed point with its sign, over all parties.
        range_bits: Bits before the point that a residual may have.
        slot_bits: Width of a slot.
        slots: Iterations per batch of pads.
    """

    rows: int
    ring: Ring
    x_bits: int
    range_bits: int
    slot_bits: int
    slots: int


def sizes_of(setup: Setup, rows: int, announced: Memory) -> Sizes:
    """The sizes, by the agreement and what everybody announced.

    At `score` the residual is known to its holder, so that 64 bits do when 40 fraction bits, the rows, the features and
    the residual's range fit; at `shared` the ring has 128 bits.
    """
    train = setup.agreement.train
    assert train is not None
    bound = max(announced["bounds"].values())
    x_bits = X_BITS + bound + 1
    room = 64 - (X_BITS + D_BITS + log2_ceil(max(rows, 1)) + bound + 1)
    small = train.protection == "score" and announced["range"] <= room
    ring, range_bits = (Ring(64), room) if small else (Ring(128), RANGE_BITS + 1)
    rounds = train.max_rounds + 1
    width = slot_bits(ring.bits, x_bits, max(rows, 1))
    ciphertexts = len(setup.agreement.computing) * len(setup.peers) * max(1, *announced["columns"].values()) * rounds
    return Sizes(
        rows, ring, x_bits, range_bits, width, min(slots(setup.agreement.key_bits, width, ciphertexts), rounds)
    )
