"""Vectors over the field of four elements, 32 symbols to a word.

A symbol ``a + bω`` with ω² = ω + 1 is one bit in the low and one in the high half of a 64-bit word; addition is XOR.
160 symbols are `WORDS` words. Two random vectors differ in fewer than 64 places with probability below 2^-69, for any
of ten million ids below 2^-45: what a secret vector of factors makes of the difference has 128 bits of entropy.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

WORDS = 5
SYMBOLS = 32 * WORDS
_HALF = np.uint64(32)
Rows = NDArray[np.uint64]
"""``(n, WORDS)``."""


@dataclass(frozen=True, eq=False)
class Factors:
    """A fixed vector that others are multiplied by, symbol by symbol.

    With x = (a | b) and factors c + dω the product is ``x·(c | c+d) + (b | a)·(d | d)``.

    Args:
        low: The c, ``(SYMBOLS,)`` zeros and ones.
        high: The d, likewise.
    """

    low: NDArray[np.uint8] = field(repr=False)
    high: NDArray[np.uint8] = field(repr=False)

    def times(self, rows: Rows) -> Rows:
        """``(n, WORDS)`` times the factors."""
        straight = np.tile(pack(self.low, self.low ^ self.high), (len(rows), 1))  # whole, as short rows are slow
        crossed = np.tile(pack(self.high, self.high), (len(rows), 1))
        straight &= rows
        crossed &= (rows << _HALF) | (rows >> _HALF)
        straight ^= crossed
        return straight

    def add(self, rows: Rows, sums: Rows, fast: Any = None) -> None:
        """Add ``(n, WORDS)`` times the factors to `sums`; `fast` is the module that has the inner loops compiled."""
        if fast is None:
            sums ^= self.times(rows)
        else:
            fast.add_products(rows, pack(self.low, self.low ^ self.high), pack(self.high, self.high), sums)


@dataclass(frozen=True, eq=False)
class Bits:
    """The same of vectors of bits.

    Args:
        bits: ``(64 · words,)`` zeros and ones.
    """

    bits: NDArray[np.uint8] = field(repr=False)

    def times(self, rows: Rows) -> Rows:
        """``(n, words)`` times the factors."""
        return rows & self._packed

    def add(self, rows: Rows, sums: Rows, fast: Any = None) -> None:
        """Add ``(n, words)`` times the factors to `sums`."""
        sums ^= rows & self._packed

    @property
    def _packed(self) -> Rows:
        return np.packbits(self.bits, bitorder="little").view("<u8").astype(np.uint64)


Secret = Factors | Bits
"""A server's secret factors."""


def pack(low: NDArray[np.uint8], high: NDArray[np.uint8]) -> Rows:
    """Bits ``(SYMBOLS,)`` of both halves as words ``(WORDS,)``."""
    bits = np.concatenate([low.reshape(WORDS, 32), high.reshape(WORDS, 32)], axis=1)
    return np.packbits(bits, axis=1, bitorder="little").view("<u8").reshape(WORDS).astype(np.uint64)
