"""How far TEST rows are off in all, of scores in two shares: a sum of squares modulo a power of two."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
OPENED = 12
"""Fraction bits of the sum that are opened."""
ROOM = 6
"""Bits of a square beyond its fraction: scores stay near the labels, which are between 0 and 1."""


def bits_for(fraction: int, rows: int) -> int:
    """Bits in which a sum of so many squares has room, scores having so many fraction bits."""
    return min(64, 2 * fraction + rows.bit_length() + ROOM)


def labels(y: NDArray[np.float64], low: float, span: float, fraction: int) -> NDArray[np.int64]:
    """TEST labels as integers, between those of the TRAIN rows: beyond them no square would have room."""
    return np.rint(np.ldexp(np.clip((y - low) / span, 0.0, 1.0), fraction)).astype(np.int64)


def factors(off: Words, bits: int) -> Words:
    """Of each row 2·off·2^k for every bit k of what it is multiplied with, ``(rows, bits)``."""
    return (off << np.uint64(1))[:, None] << np.arange(bits, dtype=np.uint64)


def digits(shares: Words, bits: int) -> NDArray[np.uint8]:
    """Bits of shares, the lowest of all rows first, ``(bits · rows,)``."""
    found = (shares >> np.arange(bits, dtype=np.uint64)[:, None]) & np.uint64(1)
    return found.astype(np.uint8).reshape(-1)


def told(total: Words, fraction: int, rows: int) -> Words:
    """A share of the sum as it is told: without the last bits, and without those beyond its room, which would say where
    shares of single rows wrap.
    """
    drop, mask = np.uint64(max(0, 2 * fraction - OPENED)), np.uint64((1 << bits_for(fraction, rows)) - 1)
    return ((total & mask) >> drop) << drop


def opened(own: Words, other: Words, fraction: int, rows: int) -> int:
    """The sum, less than `2^-OPENED` too small, of both shares of it."""
    bits = bits_for(fraction, rows)
    total = (int(own[0, 0]) + int(other[0, 0])) % (1 << bits)
    return total - (1 << bits) if total >> (bits - 1) else total


def worn(losses: Sequence[float], patience: int) -> bool:
    """Whether the least loss is so many trees ago."""
    return len(losses) - 1 - losses.index(min(losses)) >= patience
