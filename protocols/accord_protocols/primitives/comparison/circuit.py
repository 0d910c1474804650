"""Whether a + b modulo 2^49 is negative, a at the chooser and b at the sender, as four steps of table lookups.

The sign is the sum of both top bits and of the carry into them, which is 1 where the 48 low bits of a exceed those of
``2^48 - 1 - b``: a comparison of two private numbers. Step 0 compares digits of 4 bits; the result of each, `greater`
and `equal`, is left in two random shares. Steps 1 and 2 put four, then three of them together, and step 3 tells the
sender's key where the sum is negative, and zeros where it is not. Everything that the chooser reads before is a bit
under a random one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.comparison.lookup import KEY_BITS, Bytes, told_bytes

LOW_BITS = 48
DIGIT = 4
DIGITS = LOW_BITS // DIGIT
_LOW = np.uint64((1 << LOW_BITS) - 1)
Words = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Step:
    """Lookups of all comparisons at a time.

    Attributes:
        lookups: Of each comparison.
        width: Bits of a number that is looked up.
        bits: Of an entry.
    """

    lookups: int
    width: int
    bits: int

    @property
    def transfers(self) -> int:
        """Of each comparison."""
        return self.lookups * self.width

    @property
    def told(self) -> int:
        """Bytes that the sender tells of each comparison."""
        return self.lookups * told_bytes(self.width, self.bits)


STEPS = (Step(DIGITS, DIGIT, 2), Step(3, 8, 2), Step(1, 6, 1), Step(1, 1, KEY_BITS))
LAST = len(STEPS) - 1


def begun(share: Words, *, chooser: bool) -> Bytes:
    """What a side looks up, or is asked for, in step 0: ``(n, DIGITS + 1)``, the top bit last.

    Args:
        share: ``(n,)``, the own one modulo 2^49 or more.
        chooser: Which side.
    """
    low = share & _LOW if chooser else _LOW - (share & _LOW)
    shifts = np.arange(LOW_BITS - DIGIT, -1, -DIGIT, dtype=np.uint64)  # the highest digit first
    digits = (low[:, None] >> shifts) & np.uint64((1 << DIGIT) - 1)
    return np.concatenate([digits, (share[:, None] >> np.uint64(LOW_BITS)) & np.uint64(1)], axis=1).astype(np.uint8)


def continued(step: int, held: Bytes, shares: Bytes) -> Bytes:
    """What a side looks up, or is asked for, in the step after this one.

    Args:
        step: Which one has ended, before the last.
        held: As `begun` or this gave it.
        shares: ``(n, lookups, bits)``, the own ones.
    """
    values = shares[..., 0] if step == LAST - 1 else shares[..., 0] | shares[..., 1] << 1
    top, then = held[:, -1:], STEPS[step + 1]
    if step == LAST - 1:
        return np.concatenate([values ^ top, np.zeros_like(top)], axis=1)
    each = values.reshape(len(held), then.lookups, -1)
    numbers = (each << (2 * np.arange(each.shape[2], dtype=np.uint8))).sum(axis=2, dtype=np.uint8)
    return np.concatenate([numbers, top], axis=1)


def entries(step: int, held: Bytes, masks: Bytes) -> Bytes:
    """The sender's tables of a step before the last, ``(n · lookups, 2^width, bits)``: results under its own shares.

    Args:
        step: Which one.
        held: ``(n, lookups + 1)``.
        masks: ``(n, lookups, bits)``, random bits: the own shares.
    """
    at = STEPS[step]
    own = held[:, : at.lookups].reshape(-1)
    tables = _COMPARED[own] if step == 0 else _MERGED[step][np.arange(1 << at.width) ^ own[:, None]]
    shown: Bytes = np.unpackbits(tables[..., None], axis=2, count=at.bits, bitorder="little")
    return shown ^ masks.reshape(-1, 1, at.bits)


def keyed(held: Bytes, keys: Bytes) -> Bytes:
    """The sender's tables of the last step: its key ``(n, 16)`` where both bits differ, zeros where they do not."""
    wanted = np.arange(2, dtype=np.uint8) ^ held[:, :1]
    bits: Bytes = np.unpackbits(keys, axis=1, bitorder="little")
    return bits[:, None] * wanted[..., None]


def _compared() -> Bytes:
    """Of the sender's digit and the chooser's: greater in bit 0, equal in bit 1."""
    own, other = np.arange(1 << DIGIT)[:, None], np.arange(1 << DIGIT)[None]
    table: Bytes = ((other > own) | (other == own) << 1).astype(np.uint8)
    return table


def _merged(parts: int) -> Bytes:
    """Of that many results, two bits each, the one of the highest digit lowest: their common one."""
    numbers = np.arange(1 << (2 * parts))
    greater, equal = np.zeros_like(numbers), np.ones_like(numbers)
    for part in range(parts):
        greater |= equal & (numbers >> (2 * part)) & 1
        equal &= (numbers >> (2 * part + 1)) & 1
    return (greater | equal << 1).astype(np.uint8)


_COMPARED = _compared()
_MERGED = {1: _merged(4), 2: _merged(3)}
