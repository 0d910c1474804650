"""Sizes of the lattice engine: security, exactness and flooding follow from hard bounds, not from averages."""

from __future__ import annotations

import math

import pytest

from accord_protocols.primitives.lattice import Terms
from accord_protocols.primitives.lattice.parameters import (
    LARGE,
    RING64,
    RING128,
    SLOT_FLOOD_BITS,
    SMALL,
    STATISTICAL_BITS,
    Plain,
    fits,
    noise_bound,
)

STANDARD = {8192: 218, 16384: 438}
"""log2 Q for 128 bits, ternary secrets, classical: Homomorphic Encryption Security Standard (2018), table 1."""
SLOTS = Plain(SMALL, math.prod(Terms(1, 1).slots[0].primes), SLOT_FLOOD_BITS)


def test_moduli_are_within_the_security_standard() -> None:
    for degree in (SMALL, LARGE):
        assert degree.modulus.bit_length() <= STANDARD[degree.size]
    assert (SMALL.modulus.bit_length(), LARGE.modulus.bit_length()) == (210, 360)


@pytest.mark.parametrize("rows", [24_011, 100_000, 1_000_000])
@pytest.mark.parametrize(("plain", "openings"), [(RING64, 16), (RING128, 30)], ids=["64", "128"])
def test_sums_over_rows_are_opened_exactly_and_tell_nothing(plain: Plain, openings: int, rows: int) -> None:
    """Up to a million rows, 2^16 (2^30) opened coefficients in a run stay 40 bits from what noise could tell."""
    noise = noise_bound(plain, rows, plain.modulus // 2)
    assert fits(plain, noise)
    assert noise << (STATISTICAL_BITS + openings) < 1 << plain.flood_bits


@pytest.mark.parametrize(("plain", "openings"), [(RING64, 23), (RING128, 38)], ids=["64", "128"])
def test_scores_are_opened_exactly_and_tell_nothing(plain: Plain, openings: int) -> None:
    """4096 columns: the scores of a million rows in eight rounds, or of all the rows that there are."""
    noise = noise_bound(plain, 4096, plain.modulus // 2)
    assert fits(plain, noise)
    assert noise << (STATISTICAL_BITS + openings) < 1 << plain.flood_bits


@pytest.mark.parametrize(("polynomials", "openings"), [(32, 24), (256, 21)])
def test_sums_of_terms_are_opened_exactly_and_tell_nothing(polynomials: int, openings: int) -> None:
    """A slot multiplier has N coefficients below t."""
    noise = noise_bound(SLOTS, SMALL.size * polynomials, SLOTS.modulus)
    assert fits(SLOTS, noise)
    assert noise << (STATISTICAL_BITS + openings) < 1 << SLOTS.flood_bits


def test_matrix_products_are_opened_exactly_and_tell_nothing() -> None:
    noise = noise_bound(RING128, LARGE.size * 64, RING128.modulus // 2)
    assert fits(RING128, noise) and noise << (STATISTICAL_BITS + 30) < 1 << RING128.flood_bits


@pytest.mark.parametrize("plain", [RING64, RING128, SLOTS], ids=["64", "128", "slots"])
def test_the_bound_on_noise_is_sharp_enough_to_refuse(plain: Plain) -> None:
    room = Plain(plain.degree, plain.modulus, plain.flood_bits + 8)
    assert fits(plain, 0) and not fits(room, 0)


@pytest.mark.parametrize("terms", [Terms(24_011, 32), Terms(455, 64, outputs=1 << 16), Terms(100_000, 64, 80, 1 << 24)])
def test_masks_of_terms_hide_sums_and_fit_their_primes(terms: Terms) -> None:
    sums, room = 1 << terms.bits, math.prod(p for slots in terms.slots for p in slots.primes)
    assert sums * terms.outputs * terms.group << STATISTICAL_BITS <= 1 << terms.mask_bits
    assert (1 << terms.mask_bits) + sums < room // 4
