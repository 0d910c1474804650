"""Slots: integers modulo a product of two primes that split x^N + 1, and the polynomials whose values they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.lattice.ntt import Transform, transform
from accord_protocols.primitives.lattice.residues import Integers

Residues = NDArray[np.uint32]


@dataclass(frozen=True)
class Slots:
    """One pair of primes.

    Args:
        size: N slots.
        first: The larger prime, below 2^30.
        second: The smaller one, above 2^29.
    """

    size: int
    first: int
    second: int

    @property
    def primes(self) -> tuple[int, int]:
        """Both."""
        return self.first, self.second

    @property
    def modulus(self) -> int:
        """Their product, the plaintext modulus."""
        return self.first * self.second

    @property
    def _tables(self) -> tuple[Transform, Transform]:
        return transform(self.first, self.size), transform(self.second, self.size)

    def polynomial(self, numbers: Integers) -> Integers:
        """The coefficients, in [0, modulus), of the polynomial with these N values."""
        one, two = self._tables
        low = one.inverse(numbers.modulo(self.first))
        other = two.inverse(numbers.modulo(self.second))
        reduced = np.minimum(low, low - np.uint32(self.second))
        factor = np.full(self.size, pow(self.first, -1, self.second), np.uint32)
        high = two.multiply(two.subtract(other, reduced), factor)
        return Integers(np.stack([low, high]), (1, self.first))

    def values(self, which: int, coefficients: Residues) -> Residues:
        """The slots modulo the first (0) or second (1) prime, of coefficients that are overwritten."""
        return self._tables[which].forward(coefficients)
