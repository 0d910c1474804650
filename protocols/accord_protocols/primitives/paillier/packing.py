"""Several ring elements in one plaintext, far enough apart that sums reach a neighbour by a carry at most.

The party that answers adds R, uniform in Z_n, to all slots at once. Its offset of slot t is ``R >> L·t`` modulo the
ring: what the owner reads there is the product plus that offset, plus a carry of -1, 0 or 1 from below.
"""

from __future__ import annotations

from collections.abc import Sequence

STATISTICAL_BITS = 40  # a whole run computes wrongly with probability 2^-40 at most; secrecy does not rest on it


def log2_ceil(count: int) -> int:
    """``⌈log2 count⌉`` for a count of at least 1."""
    return (count - 1).bit_length()


def slot_bits(ring_bits: int, x_bits: int, rows: int) -> int:
    """Width L of a slot that holds the product of a column with a ring vector.

    A sum of `rows` products stays below 2^(L−1) in magnitude, so that what the slots below carry or borrow is at most
    one unit of the last place. No slot needs a reserve of its own: see `slots`.

    Args:
        ring_bits: 64 or 128.
        x_bits: Bits of a matrix entry with its sign: ``|x| <= 2^(x_bits-1)``.
        rows: n.
    """
    return ring_bits + x_bits + log2_ceil(rows)


def slots(modulus_bits: int, slot_bits: int, ciphertexts: int) -> int:
    """How many slots one plaintext has, s.

    A packed product P is below 2^(Ls−1) and R is uniform in Z_n: P + R leaves [0, n) with probability ``|P|/n``, below
    2^(Ls−|n|). One reserve per ciphertext keeps that below 2^-40 for all of a run together.

    Args:
        modulus_bits: |n|.
        slot_bits: L.
        ciphertexts: Answers in the whole run, at most.
    """
    return (modulus_bits - STATISTICAL_BITS - log2_ceil(ciphertexts)) // slot_bits


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
