"""Sizes of the lattice engine: security, exactness and hiding follow from hard bounds, not from averages."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from accord_protocols.primitives.lattice import Terms
from accord_protocols.primitives.lattice.parameters import (
    LARGE,
    NOISE_BITS,
    RING64,
    RING128,
    SMALL,
    STATISTICAL_BITS,
    Plain,
    noise_bound,
)

STANDARD = {8192: 218, 16384: 438}
"""log2 Q for 128 bits, ternary secrets, classical: Homomorphic Encryption Security Standard (2018), table 1."""
SLOTS = Terms(1, 1).plain(0)
EVERY = pytest.mark.parametrize("plain", [RING64, RING128, SLOTS], ids=["64", "128", "slots"])


def tells_nothing(plain: Plain, noise: int, openings: int) -> bool:
    """Whether 2^openings coefficients may be opened in a run, which is 40 bits from one with other multipliers."""
    return noise < 1 << NOISE_BITS[plain.degree.size] and 2 * noise << (STATISTICAL_BITS + openings) <= plain.flood


def test_moduli_are_within_the_security_standard() -> None:
    for degree in (SMALL, LARGE):
        assert degree.modulus.bit_length() <= STANDARD[degree.size]
    assert (SMALL.modulus.bit_length(), LARGE.modulus.bit_length()) == (210, 360)


@EVERY
def test_an_answer_of_any_mask_and_the_most_noise_is_opened_exactly(plain: Plain) -> None:
    """Before the switch and after it, with errors of rounding that are as bad as can be: decryption cannot fail."""
    degree, t = plain.degree, plain.modulus
    value = t * (plain.flood - plain.flood // 2) + t + t * (1 << NOISE_BITS[degree.size])
    assert 2 * value < degree.modulus
    rounding = Fraction(0)
    for p in reversed(degree.primes[degree.kept :]):  # each drop adds at most t/2 times the weight of (1, s)
        rounding = rounding / p + Fraction(t, 2) * (1 + degree.size)
    kept = degree.modulus // degree.dropped
    assert Fraction(value, degree.dropped) + rounding < Fraction(kept, 2) - kept // 2**49  # which `remainders` needs


@EVERY
def test_masks_cover_the_modulus_so_that_malformed_ciphertexts_tell_nothing(plain: Plain) -> None:
    """Mask and flooding are uniform on so much of Z_Q that whatever they are added to is, but for 2^-36, uniform."""
    missing = Fraction(plain.degree.modulus - plain.modulus * plain.flood, plain.degree.modulus)
    assert 0 < missing < Fraction(1, 2**36)


@pytest.mark.parametrize("rows", [24_011, 100_000, 1_000_000])
@pytest.mark.parametrize(("plain", "openings"), [(RING64, 17), (RING128, 38)], ids=["64", "128"])
def test_sums_over_up_to_a_million_rows_tell_nothing(plain: Plain, openings: int, rows: int) -> None:
    assert tells_nothing(plain, noise_bound(plain.degree, rows, plain.modulus // 2), openings)


@pytest.mark.parametrize(("plain", "openings"), [(RING64, 25), (RING128, 46)], ids=["64", "128"])
def test_scores_of_up_to_4096_columns_tell_nothing(plain: Plain, openings: int) -> None:
    assert tells_nothing(plain, noise_bound(plain.degree, 4096, plain.modulus // 2), openings)


@pytest.mark.parametrize(("polynomials", "openings"), [(32, 26), (256, 23)])
def test_sums_of_terms_tell_nothing(polynomials: int, openings: int) -> None:
    """A multiplier that stands in slots has N coefficients below t."""
    assert tells_nothing(SLOTS, noise_bound(SMALL, SMALL.size * polynomials, SLOTS.modulus), openings)


def test_matrix_products_tell_nothing() -> None:
    assert tells_nothing(RING128, noise_bound(LARGE, LARGE.size * 64, RING128.modulus // 2), 36)


@pytest.mark.parametrize("terms", [Terms(24_011, 32), Terms(455, 64, outputs=1 << 16), Terms(100_000, 64, 80, 1 << 24)])
def test_masks_of_terms_hide_sums_and_fit_their_primes(terms: Terms) -> None:
    sums, room = 1 << terms.bits, math.prod(p for slots in terms.slots for p in slots.primes)
    assert 2 * sums * terms.outputs * terms.group << STATISTICAL_BITS <= terms.masks
    assert terms.masks // 2 + 1 + sums < room // 2 - (room >> 46)
    assert Fraction(room - terms.masks, room) < Fraction(1, 2**41)
