"""Random primes for moduli."""

from __future__ import annotations

from collections.abc import Callable

import gmpy2

from accord_protocols.primitives.xof import Xof

SMALL = gmpy2.primorial(8000)
"""Product of the primes up to 8000: one gcd spares all but one candidate in sixteen the slow test."""
ROUNDS = 40
"""Baillie-PSW and 16 rounds of Miller-Rabin: error far below 2^-100."""


def prime(bits: int, xof: Xof, low: int, accept: Callable[[int], bool] = lambda _: True) -> int:
    """A prime of exactly `bits` bits, uniform among those that are accepted.

    Fresh candidates rather than the next prime after one: the latter favours primes behind large gaps. Both top bits
    are set, so that a product of two has its full length.

    Args:
        bits: Length.
        xof: Draws candidates.
        low: Bits that are set at the low end: 1 for odd, 3 for 3 mod 4.
        accept: A further condition.
    """
    while True:
        candidate = xof.bits(bits) | 3 << (bits - 2) | low
        coprime = gmpy2.gcd(candidate, SMALL) in (1, candidate)
        if accept(candidate) and coprime and gmpy2.is_prime(candidate, ROUNDS):
            return candidate
