"""The rings Z_2^64 and Z_2^128 as numpy arrays: where shares, masks and fixed-point numbers live."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.xof import Xof

_LIMB_BITS = 16
_MAX_FACTOR_BITS = 30
_BLOCK_ROWS = 1 << 12
"""Rows at a time: products of a factor and a limb fit an int64 up to 2^17 of them; so many stay in the cache."""
_MAX_FIXED_BITS = 62


@dataclass(frozen=True)
class Ring:
    """Integers modulo 2^bits, two's complement where a sign is meant.

    An element is a last axis of ``words`` uint64, the least significant first. As bytes it is ``<u8``, so that
    ``.tobytes()`` is the little-endian number.

    Args:
        bits: 64 or 128.
    """

    bits: int

    def __post_init__(self) -> None:
        if self.bits not in (64, 128):
            raise ValueError("a ring has 64 or 128 bits")

    @property
    def words(self) -> int:
        """64-bit words of an element."""
        return self.bits // 64

    def add(self, a: NDArray[np.uint64], b: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """``a + b``, shapes ``(..., words)`` broadcast."""
        total: NDArray[np.uint64] = np.add(a, b)
        if self.words == 2:
            total[..., 1] += total[..., 0] < a[..., 0]
        return total

    def sub(self, a: NDArray[np.uint64], b: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """``a - b``, shapes ``(..., words)`` broadcast."""
        difference: NDArray[np.uint64] = np.subtract(a, b)
        if self.words == 2:
            difference[..., 1] -= a[..., 0] < b[..., 0]
        return difference

    def random(self, xof: Xof, *shape: int) -> NDArray[np.uint64]:
        """Uniform elements, ``(*shape, words)``."""
        return xof.words(*shape, self.words)

    def from_int64(self, values: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Signed integers of shape ``(...)`` as elements ``(..., words)``."""
        words = np.empty((*values.shape, self.words), np.int64)
        words[..., 0] = values
        if self.words == 2:
            words[..., 1] = values >> 63
        return words.view(np.uint64)

    def from_ints(self, values: Iterable[int]) -> NDArray[np.uint64]:
        """Any integers, reduced, as ``(n, words)``."""
        raw = b"".join((int(value) % (1 << self.bits)).to_bytes(self.bits // 8, "little") for value in values)
        return np.frombuffer(raw, "<u8").reshape(-1, self.words).astype(np.uint64)

    def to_ints(self, a: NDArray[np.uint64], *, signed: bool = True) -> list[int]:
        """The elements in C order; in [-2^(bits-1), 2^(bits-1)) if `signed`, else in [0, 2^bits)."""
        raw, size = a.astype("<u8").tobytes(), self.bits // 8
        return [int.from_bytes(raw[i : i + size], "little", signed=signed) for i in range(0, len(raw), size)]

    def from_fixed(self, values: NDArray[np.float64], fraction_bits: int) -> NDArray[np.uint64]:
        """``round(2^fraction_bits · values)``, ties to even, exactly; shape ``(...)`` to ``(..., words)``.

        Raises:
            OverflowError: Some value is not finite, or 2^62 / 2^fraction_bits or more.
        """
        scaled = np.rint(np.ldexp(values, fraction_bits))  # scaling by a power of two is exact
        if not np.all(np.abs(scaled) < 2.0**_MAX_FIXED_BITS):
            raise OverflowError("a number does not fit the fixed-point format")
        return self.from_int64(np.asarray(scaled).astype(np.int64))

    def matvec(self, X: NDArray[np.int64], v: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """``X^T v``, exact modulo 2^bits, by integer products of `X` with 16-bit limbs of `v`.

        Args:
            X: ``(n, m) int64``, every ``|x| < 2^30``.
            v: ``(n, words) uint64``.

        Returns:
            ``(m, words) uint64``.

        Raises:
            OverflowError: A factor is too large.
        """
        if max(int(X.max(initial=0)), -int(X.min(initial=0))) >> _MAX_FACTOR_BITS:
            raise OverflowError("a factor of a ring product has 30 bits at most")
        limbs = np.ascontiguousarray(v, "<u8").view("<u2")
        totals = [0] * X.shape[1]
        for at in range(0, len(X), _BLOCK_ROWS):
            block = limbs[at : at + _BLOCK_ROWS].T.astype(np.int64) @ X[at : at + _BLOCK_ROWS]
            for limb, row in enumerate(block.tolist()):
                for column, value in enumerate(row):
                    totals[column] += value << (_LIMB_BITS * limb)
        return self.from_ints(totals)
