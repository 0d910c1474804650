"""Units modulo r², in halves: the arithmetic that both kinds of powers are built from.

Every unit is ``t·(1 + r·f)`` with t and f below r. Since ``(1 + r·f)(1 + r·g) = 1 + r·(f + g)`` modulo r², a product of
many takes the products of the t, which are half as long as the modulus, and the plain sum of the f: half the work of
multiplying the units themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import gmpy2
from gmpy2 import mpz


@dataclass(frozen=True)
class Halves:
    """Units modulo ``root²``: ``heads`` t and ``tails`` f."""

    root: mpz
    heads: list[mpz]
    tails: list[mpz]

    @staticmethod
    def split(units: Sequence[mpz], root: int) -> Halves:
        """Split units, each below root² and coprime to it; one inversion for all (Montgomery's trick)."""
        modulus = mpz(root)
        heads = [unit % modulus for unit in units]
        products = list(accumulate(heads, lambda product, head: product * head % modulus, initial=mpz(1)))
        inverse, tails = gmpy2.invert(products.pop(), modulus), []
        for unit, head, before in zip(reversed(units), reversed(heads), reversed(products), strict=True):
            tails.append(unit // modulus * (inverse * before % modulus) % modulus)
            inverse = inverse * head % modulus
        return Halves(modulus, heads, tails[::-1])
