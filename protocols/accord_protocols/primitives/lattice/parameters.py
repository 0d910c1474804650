"""The two rings of the lattice engine, and what is encrypted in them.

Ring-LWE over Z_Q[x]/(x^N + 1), Q a product of primes just below 2^30 that are 1 modulo 2N; secrets uniform ternary,
errors centred binomial of 21 + 21 bits: standard deviation 3.24, |e| <= 21. For 128 bits of security, classical, with
ternary secrets, the Homomorphic Encryption Security Standard (Albrecht et al., 2018, table 1) allows log2 Q of 218 at
N = 8192 and of 438 at 16384.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import gmpy2

PRIME_BITS = 30
ERROR_BITS = 21
"""An error is the difference of the weights of two words of so many bits."""
STATISTICAL_BITS = 40


@dataclass(frozen=True)
class Degree:
    """One ring: its dimension and its modulus.

    Args:
        size: N, a power of two.
        count: Primes of Q.
        kept: Primes of the modulus to which answers are switched: shorter, and as exact.
    """

    size: int
    count: int
    kept: int

    @cached_property
    def primes(self) -> tuple[int, ...]:
        """Of Q, descending; those kept come first."""
        return ntt_primes(self.size, self.count)

    @cached_property
    def modulus(self) -> int:
        """Q."""
        return math.prod(self.primes)

    @cached_property
    def dropped(self) -> int:
        """What an answer's modulus is smaller by."""
        return math.prod(self.primes[self.kept :])


@dataclass(frozen=True)
class Plain:
    """What is encrypted: coefficients modulo t, and the noise that hides what was multiplied.

    Args:
        degree: The ring.
        modulus: t, 2^64, 2^128 or a product of two primes.
        flood_bits: F: t times a uniform number of [-2^F, 2^F) is added to every coefficient that is opened. See
            `noise_bound` and the test of it for what that hides.
    """

    degree: Degree
    modulus: int
    flood_bits: int


def ntt_primes(size: int, count: int, skip: int = 0) -> tuple[int, ...]:
    """The largest primes below 2^30 that are 1 modulo 2·`size`, descending, without the first `skip`."""
    found: list[int] = []
    candidate = (1 << PRIME_BITS) + 1
    while len(found) < skip + count:
        candidate -= 2 * size
        if gmpy2.is_prime(candidate, 40):
            found.append(candidate)
    return tuple(found[skip:])


SMALL = Degree(8192, 7, 3)
LARGE = Degree(16384, 12, 5)
RING64 = Plain(SMALL, 1 << 64, 144)
RING128 = Plain(LARGE, 1 << 128, 223)
SLOT_FLOOD_BITS = 147
"""Of ciphertexts whose plaintext modulus is a product of two primes, in the small ring."""


def ring_of(bits: int) -> Plain:
    """The parameters for Z_2^64 or Z_2^128."""
    return {64: RING64, 128: RING128}[bits]


def noise_bound(plain: Plain, count: int, factor: int) -> int:
    """What an opened coefficient holds besides mask and flooding, in units of t, at most and whatever was encrypted.

    Each of `count` coefficients of multipliers, at most `factor` in absolute value, meets one coefficient of a block:
    an error and a plaintext below t. Randomisation adds ``e·u + e'·s``. Answers to two different multipliers have
    distributions that differ by this bound over 2^F at most.
    """
    return count * factor * (ERROR_BITS + 1) + 2 * plain.degree.size * ERROR_BITS


def fits(plain: Plain, noise: int) -> bool:
    """Whether an answer of so much noise is opened without an error: before and after the switch of its modulus."""
    degree = plain.degree
    kept = degree.modulus // degree.dropped
    value = plain.modulus * (noise + (1 << plain.flood_bits) + 1)
    switched = value // degree.dropped + plain.modulus * (degree.size + 1)
    return 2 * value < degree.modulus and 2 * switched < kept - (kept >> 40)
