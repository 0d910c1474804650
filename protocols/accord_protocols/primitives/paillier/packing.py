"""Several ring elements in one plaintext, wide enough apart that sums never reach a neighbour."""

from __future__ import annotations

from collections.abc import Sequence

from accord_protocols.primitives.xof import Xof

STATISTICAL_BITS = 40  # distance from uniform over a whole run


def log2_ceil(count: int) -> int:
    """``⌈log2 count⌉`` for a count of at least 1."""
    return (count - 1).bit_length()


def slot_bits(ring_bits: int, x_bits: int, rows: int, columns: int, rounds: int) -> int:
    """Width L of a slot that holds a masked product of a column with a ring vector.

    A sum of `rows` products is below 2^(L−43) in magnitude, and 2mT of them in one run are hidden by their offsets (see
    `offset`) with distance 2^-40 in all.

    Args:
        ring_bits: 64 or 128.
        x_bits: Bits of a matrix entry with its sign: ``|x| <= 2^(x_bits-1)``.
        rows: n.
        columns: m, of the widest party.
        rounds: T, the most that may take place.
    """
    return ring_bits + x_bits + log2_ceil(rows) + STATISTICAL_BITS + log2_ceil(2 * columns * rounds) + 2


def slots(modulus_bits: int, slot_bits: int) -> int:
    """How many slots one plaintext has."""
    return (modulus_bits - 2) // slot_bits


def offset(xof: Xof, slot_bits: int) -> int:
    """``2^(L−2) + U[0, 2^(L−3))``: keeps a slot positive whatever the sign of the product, and hides its size."""
    return (1 << (slot_bits - 2)) + xof.bits(slot_bits - 3)


def pack(values: Sequence[int], slot_bits: int) -> int:
    """``Σ_t values[t] · 2^(L·t)``, by Horner's rule."""
    packed = 0
    for value in reversed(values):
        packed = (packed << slot_bits) + value
    return packed


def unpack(packed: int, slot_bits: int, count: int) -> list[int]:
    """The first `count` slots."""
    mask = (1 << slot_bits) - 1
    return [packed >> (slot_bits * t) & mask for t in range(count)]
