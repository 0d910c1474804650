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
        flood: How many multiples of t there are of which a uniform one is added to every coefficient that is opened.
    """

    degree: Degree
    modulus: int
    flood: int


def ntt_primes(size: int, count: int, skip: int = 0) -> tuple[int, ...]:
    """The largest primes below 2^30 that are 1 modulo 2·`size`, descending, without the first `skip`."""
    found: list[int] = []
    candidate = (1 << PRIME_BITS) + 1
    while len(found) < skip + count:
        candidate -= 2 * size
        if gmpy2.is_prime(candidate, 40):
            found.append(candidate)
    return tuple(found[skip:])


SMALL = Degree(8192, 7, 4)
LARGE = Degree(16384, 12, 6)
NOISE_BITS = {SMALL.size: 96, LARGE.size: 160}
"""Bits of the noise, in units of t, for which an answer has room, by degree."""


def noise_bound(degree: Degree, count: int, factor: int) -> int:
    """What an opened coefficient holds besides mask and flooding, in units of t, at most and whatever was encrypted.

    Each of `count` coefficients of multipliers, at most `factor` in absolute value, meets one coefficient of a block:
    an error and a plaintext below t. Randomisation adds ``e·u + e'·s``. Answers to two different multipliers have
    distributions that differ by twice this bound over `Plain.flood` at most.
    """
    return count * factor * (ERROR_BITS + 1) + 2 * degree.size * ERROR_BITS


def reserve(degree: Degree, modulus: int) -> int:
    """What mask and flooding leave free on either side of Q: room for noise, and for the rounding of a switch.

    A switch adds ``t·(1 + N)/2`` to a coefficient at most, and a little for each prime but the last: doubled here.
    """
    return modulus * ((1 << NOISE_BITS[degree.size]) + degree.dropped * (degree.size + 1))


def flooded(degree: Degree, modulus: int) -> Plain:
    """The parameters for a plaintext modulus, with as much flooding as there is room for.

    Mask and flooding together are uniform on all of Z_Q but the reserve, about 2^-37 of it or less. So an opened
    coefficient is as good as uniform to whom does not know the mask, whatever its owner encrypted, well-formed or not.
    """
    values = (degree.modulus - 2 * reserve(degree, modulus)) // modulus
    low = 32 * (-(-values.bit_length() // 32) - 2)
    return Plain(degree, modulus, values >> low << low)  # `sampling.below` compares the upper two words


RING64, RING128 = flooded(SMALL, 1 << 64), flooded(LARGE, 1 << 128)


def ring_of(bits: int) -> Plain:
    """The parameters for Z_2^64 or Z_2^128."""
    return {64: RING64, 128: RING128}[bits]
