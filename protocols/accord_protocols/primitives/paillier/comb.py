"""Powers of one base: the comb of Lim and Lee, "More flexible exponentiation with precomputation", CRYPTO '94."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from gmpy2 import mpz
from numpy.typing import NDArray

from accord_protocols.primitives.paillier.halves import Halves
from accord_schemas.bigints import to_block

_MAX_ENTRIES = 1 << 13  # 7 MB of table for the public operation at 3072 bits; doubling it saves 6 % of the time
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

    def _subsets(self, factors: list[mpz]) -> list[tuple[mpz, mpz]]:
        table = [mpz(1)]
        for factor in factors:
            table += [entry * factor % self._modulus for entry in table]
        halves = Halves.split(table, self._root)
        return list(zip(halves.heads, halves.tails, strict=True))

    def powers(self, exponents: Sequence[int]) -> list[mpz]:
        """``base^e mod root²`` of every exponent."""
        return [self._power(digits) for digits in self._digits(exponents).tolist()]

    def _power(self, digits: list[list[int]]) -> mpz:
        heads, tails, modulus = mpz(1), mpz(0), self._modulus
        for column in digits:
            heads, tails = heads * heads % modulus, 2 * tails
            for table, digit in zip(self._tables, column, strict=True):
                head, tail = table[digit]
                heads, tails = heads * head % modulus, tails + tail
        return heads * (1 + self._root * tails) % modulus

    def _digits(self, exponents: Sequence[int]) -> NDArray[np.int64]:
        # (n, columns, blocks), the most significant column first
        shape = (self._teeth, self._blocks, self._columns)
        length = self._teeth * self._blocks * self._columns
        block = to_block(exponents, -(-length // 8))
        bits = np.unpackbits(block[:, ::-1], axis=1, count=length, bitorder="little").reshape(-1, *shape)
        weights = 1 << np.arange(self._teeth, dtype=np.int64)
        digits: NDArray[np.int64] = np.einsum("ntbc,t->ncb", bits, weights)
        return digits[:, ::-1]


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
