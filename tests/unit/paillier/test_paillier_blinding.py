"""Many residues out of a few: they are residues, they are distinct, and the sizes keep the bound that is stated."""

from __future__ import annotations

import math
from fractions import Fraction

import gmpy2
import pytest

from accord_protocols.primitives.paillier import blinding
from accord_protocols.primitives.paillier.cipher import decrypt
from accord_protocols.primitives.paillier.keys import generate
from accord_protocols.primitives.xof import Xof

KEY = generate(512, Xof(bytes(32), "key"))


@pytest.mark.parametrize("count", [1, 5, 400])
def test_every_one_is_an_encryption_of_zero(count: int) -> None:
    found = blinding.residues(KEY.public, count, Xof(bytes(32), "many"))
    assert len(found) == len(set(found)) == count
    assert decrypt(KEY, found) == [0] * count
    assert all(gmpy2.gcd(one, KEY.public.n) == 1 for one in found)


def test_equal_streams_give_equal_residues_and_others_do_not() -> None:
    one, again, other = (blinding.residues(KEY.public, 300, Xof(bytes(32), seed)) for seed in ("a", "a", "b"))
    assert one == again and not set(one) & set(other)


def test_both_signs_of_a_root_occur() -> None:
    """Squares alone would tell what a product is made of: half of the residues are none modulo p."""
    found = blinding.residues(KEY.public, 400, Xof(bytes(32), "signs"))
    squares = sum(gmpy2.legendre(one % KEY.p, KEY.p) == 1 for one in found)
    assert abs(squares - 200) < 60


@pytest.mark.parametrize("bits", [512, 2048, 3072])
@pytest.mark.parametrize("count", [1, 5000, 1_000_000])
def test_the_distance_from_uniform_is_below_two_to_minus_forty_for_all_together(bits: int, count: int) -> None:
    """Computed anew from the group's structure: collisions of exponents, and of every divisor that they may have."""
    shape = blinding.shape(bits, count)
    collide = Fraction(1 << bits, 1 << shape.bases * shape.bits)
    for e in range(2, 1 << min(shape.bits, 12)):  # the rest of the sum is below the last term times its number
        share = Fraction(-(-(1 << shape.bits) // e), 1 << shape.bits)
        term = e**2 * share**shape.bases
        collide += term
        if term < Fraction(1, 1 << 400):
            break
    assert count * math.sqrt(collide) / 2 < 2.0**-40
