"""Powers of one base: the comb of Lim and Lee, "More flexible exponentiation with precomputation", CRYPTO '94."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from gmpy2 import mpz
from numpy.typing import NDArray

from accord_protocols.primitives.paillier.halves import Halves
from accord_schemas.bigints import to_block

_MAX_ENTRIES = 1 << 12  # 4 MB at 3072 bits, 2 MB for the owner: larger tables lose to the cache what they save
_MAX_TEETH = 13
_MAX_BLOCKS = 16


class Comb:
    """A table for `base` to exponents below 2^bits.

    The bits of an exponent are laid out as ``teeth`` rows of ``blocks · columns``; a table per block holds the products
    of all subsets of its teeth. One power costs ``blocks · columns`` multiplications and ``columns`` squarings.

    Args:
        base: A unit below the modulus.
        root: The modulus is its square.
        bits: Length of the longest exponent.
        uses: How many powers are wanted: the table's size balances its own cost against theirs.
    """

    def __init__(self, base: int, root: int, bits: int, uses: int) -> None:
        self._root, self._modulus = mpz(root), mpz(root) ** 2
        self._teeth, self._blocks, self._columns = _shape(bits, uses)
        power, powers = mpz(base), []
        for _ in range(self._teeth * self._blocks):
            powers.append(power)
            for _ in range(self._columns):
                power = power * power % self._modulus
        self._tables = [self._subsets(powers[block :: self._blocks]) for block in range(self._blocks)]

    def _subsets(self, factors: list[mpz]) -> Halves:
        table = [mpz(1)]
        for factor in factors:
            table += [entry * factor % self._modulus for entry in table]
        return Halves.split(table, self._root)

    def powers(self, exponents: Sequence[int]) -> list[mpz]:
        """``base^e mod root²`` of every exponent; one table at a time for all, so that it stays in the cache."""
        root, modulus = self._root, self._modulus
        heads, tails = [mpz(1)] * len(exponents), [mpz(0)] * len(exponents)
        for column in self._digits(exponents).tolist():
            heads, tails = [t * t % modulus for t in heads], [2 * f for f in tails]
            for table, digits in zip(self._tables, column, strict=True):
                heads = [t * table.heads[digit] % modulus for t, digit in zip(heads, digits, strict=True)]
                tails = [f + table.tails[digit] for f, digit in zip(tails, digits, strict=True)]
        return [t * (1 + root * f) % modulus for t, f in zip(heads, tails, strict=True)]

    def _digits(self, exponents: Sequence[int]) -> NDArray[np.int64]:
        # (columns, blocks, n), the most significant column first
        shape = (self._teeth, self._blocks, self._columns)
        length = self._teeth * self._blocks * self._columns
        block = to_block(exponents, -(-length // 8))
        bits = np.unpackbits(block[:, ::-1], axis=1, count=length, bitorder="little").reshape(-1, *shape)
        weights = 1 << np.arange(self._teeth, dtype=np.int64)
        digits: NDArray[np.int64] = np.einsum("ntbc,t->cbn", bits, weights)
        return digits[::-1]


def _shape(bits: int, uses: int) -> tuple[int, int, int]:
    def cost(teeth: int, blocks: int) -> int:
        columns = -(-bits // (teeth * blocks))
        # in multiplications by a head; a squaring takes one and a half, an entry of a table three
        return uses * columns * (2 * blocks + 3) // 2 + 3 * (blocks << teeth) + teeth * blocks * columns

    shapes = [
        (teeth, blocks)
        for teeth in range(1, _MAX_TEETH + 1)
        for blocks in range(1, _MAX_BLOCKS + 1)
        if blocks << teeth <= _MAX_ENTRIES
    ]
    teeth, blocks = min(shapes, key=lambda shape: cost(*shape))
    return teeth, blocks, -(-bits // (teeth * blocks))
