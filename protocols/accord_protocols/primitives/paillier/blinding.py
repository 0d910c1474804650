"""Many n-th residues modulo n² that are as good as uniform, for a tenth of what a power with exponent n costs.

Whoever answers under another's key multiplies with a residue ``r^n`` that its owner cannot tell from a uniform one,
whatever it sent. One by one that takes an exponentiation by n. Here k uniform residues g_i are made that way, and every
further one is a product ``Π g_i^a_i`` with fresh exponents below 2^w. By the leftover hash lemma (Impagliazzo, Levin,
Luby, STOC 1989) such products are uniform and independent up to a distance that `shape` keeps below 2^-40 for all of
them together, even to somebody who knows the g_i: no assumption on the group enters, nor anything that its owner chose.
"""

from __future__ import annotations

from dataclasses import dataclass

import gmpy2
from gmpy2 import mpz

from accord_protocols.primitives.paillier.halves import Halves
from accord_protocols.primitives.paillier.keys import PublicKey
from accord_protocols.primitives.paillier.packing import STATISTICAL_BITS, log2_ceil
from accord_protocols.primitives.paillier.powers import powers
from accord_protocols.primitives.xof import Xof

_MAX_WINDOW = 8
"""Bits of an exponent that are looked up at once: tables of more leave the processor's cache."""


@dataclass(frozen=True)
class Shape:
    """How many bases there are, and how long their exponents.

    For exponents a, b and uniform bases of a group of order |G|, the two products agree with probability
    ``|G[e]| / |G|``, e the greatest common divisor of all a_i − b_i: G[e] has at most e² elements, because G is a
    product of two cyclic groups, and a prime e divides all k differences with probability about e^−k. So the distance
    of one product from uniform is at most ``√(2^(|n|−k·w) + 2^(3−k)) / 2``; of `count` of them, `count` times that.

    Args:
        bases: k.
        bits: w.
    """

    bases: int
    bits: int


def shape(modulus_bits: int, count: int) -> Shape:
    """Enough for `count` residues modulo an n of `modulus_bits`."""
    security = 2 * (STATISTICAL_BITS + log2_ceil(max(count, 1)))
    bases = security + 4
    return Shape(bases, -(-(modulus_bits + security) // bases))


def residues(public: PublicKey, count: int, xof: Xof) -> list[mpz]:
    """`count` n-th residues modulo n²; see above.

    Args:
        public: Proven, so that r ↦ r^n is one to one among the units modulo n.
        count: How many.
        xof: Draws bases and exponents; used for nothing else.
    """
    found = shape(public.bits, count)
    if count <= found.bases:
        return [_residue(public, xof) for _ in range(count)]
    window = _window(found, count)
    heads, tails = [mpz(1)] * count, [mpz(0)] * count
    for _ in range(found.bases):
        exponents = [xof.bits(found.bits) for _ in range(count)]
        power, modulus = _residue(public, xof), public.n_squared
        for start in range(0, found.bits, window):
            table = _powers(power, min(window, found.bits - start), public)
            mask = (1 << window) - 1
            digits = [exponent >> start & mask for exponent in exponents]
            heads = [h * table.heads[digit] % modulus for h, digit in zip(heads, digits, strict=True)]
            tails = [t + table.tails[digit] for t, digit in zip(tails, digits, strict=True)]
            power = gmpy2.powmod(power, 1 << window, modulus)
    n = mpz(public.n)
    return [h * (1 + n * t) % public.n_squared for h, t in zip(heads, tails, strict=True)]


def _residue(public: PublicKey, xof: Xof) -> mpz:
    while gmpy2.gcd(root := xof.below(public.n), public.n) != 1:
        pass
    (residue,) = powers([root], public.n, public.n_squared)
    return residue


def _powers(base: mpz, bits: int, public: PublicKey) -> Halves:
    """Powers 0 to 2^bits − 1."""
    powers = [mpz(1)]
    for _ in range((1 << bits) - 1):
        powers.append(powers[-1] * base % public.n_squared)
    return Halves.split(powers, public.n)


def _window(found: Shape, count: int) -> int:
    # an entry of a table costs about three multiplications, a digit one a residue
    return min(range(1, _MAX_WINDOW + 1), key=lambda c: -(-found.bits // c) * (count + (3 << c)))
