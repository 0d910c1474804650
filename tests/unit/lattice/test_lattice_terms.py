"""Sums of products row by row, and products of matrices: exact modulo the ring."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.lattice.support import elements, integers, joined, key, reduced, xof

from accord_protocols.primitives.lattice import (
    Product,
    Terms,
    encrypt_matrix,
    encrypt_terms,
    multiply_matrix,
    multiply_terms,
    open_matrix,
    open_terms,
    pieces,
)
from accord_protocols.primitives.ring import Ring
from accord_protocols.primitives.sharing import multiplied


@pytest.mark.parametrize(("n", "j", "count"), [(1, 1, 1), (5, 3, 2), (455, 40, 2), (8192, 2, 1), (8200, 3, 1)])
def test_sums_of_terms_are_exact(n: int, j: int, count: int) -> None:
    rng, limit = np.random.default_rng(n), 2**20
    terms = Terms(n, j)
    a, b = rng.integers(-limit, limit, (n, j)), rng.integers(-limit, limit, (count, n, j))
    a[::3], b[:, ::3] = -limit, limit
    message, mask = multiply_terms(key().public, terms, encrypt_terms(key(), terms, a, xof()), b, xof("a"))
    assert message.shape == (count * terms.messages, terms.message_width) and mask.shape == (count, n, 2)
    assert (joined(open_terms(key(), terms, message), mask) == reduced((a * b).sum(axis=-1))).all()


def test_ring_elements_are_multiplied_one_by_one() -> None:
    rng = np.random.default_rng(11)
    terms = Terms(200, 1, bits=254 + 1)
    a, b = elements(rng, 200, 1), elements(rng, 1, 200, 1)
    message, mask = multiply_terms(key().public, terms, encrypt_terms(key(), terms, a, xof()), b, xof("a"))
    assert (joined(open_terms(key(), terms, message), mask) == reduced((integers(a) * integers(b)).sum(axis=-1))).all()
    assert terms.pairs == 6


def test_pairs_of_primes_follow_from_the_width_of_the_sums() -> None:
    """Two for a Fourier sigmoid, three for the wider sums of a Poisson model; small n share polynomials."""
    assert Terms(24_011, 32).pairs == 2 and Terms(24_011, 32).blocks == 3 * 32 * 2
    assert Terms(24_011, 32, bits=80).pairs == 3
    small = Terms(455, 64)
    assert (small.group, small.polynomials, small.blocks) == (16, 4, 8)
    with pytest.raises(ValueError, match="so many bits"):
        Terms(10, 1, bits=450)


def test_encrypted_terms_may_be_made_in_parts() -> None:
    terms, a = Terms(30, 3, bits=80), np.arange(90).reshape(30, 3)
    whole = encrypt_terms(key(), terms, a, xof())
    parts = [encrypt_terms(key(), terms, a, xof(), range(i, i + 1)) for i in range(terms.blocks)]
    assert (np.concatenate(parts) == whole).all()
    with pytest.raises(ValueError, match="not of the agreed sizes"):
        encrypt_terms(key(), terms, a[:, :2], xof())
    with pytest.raises(ValueError, match="not of the agreed sizes"):
        multiply_terms(key().public, terms, whole, a[None, :, :2], xof())


@pytest.mark.parametrize(
    ("r", "k", "c"), [(1, 1, 1), (3, 4, 5), (25, 25, 25), (24, 24, 1), (1, 900, 1), (26, 26, 26), (5, 60, 80)]
)
def test_matrix_products_are_exact(r: int, k: int, c: int) -> None:
    rng, product = np.random.default_rng(r * k * c), Product(r, k, c)
    a, b = elements(rng, r, k), elements(rng, k, c)
    encrypted = encrypt_matrix(key(), product, a, xof())
    assert encrypted.shape == (product.blocks, product.width)
    message, mask = multiply_matrix(key().public, product, encrypted, b, xof("a"))
    expected = reduced(integers(a) @ integers(b))
    assert (joined(open_matrix(key(), product, message), mask) == expected).all()
    if r == 3:
        message, mask = multiply_matrix(key().public, product, encrypted, b, xof("a"), masked=False)
        assert not mask.any() and (open_matrix(key(), product, message) == expected).all()


@pytest.mark.parametrize("rows", [0, 1, 8192, 8193, 24_011])
def test_pieces_are_even_and_fill_the_slots(rows: int) -> None:
    found = pieces(rows)
    assert [part.start for part in found[1:]] == [part.stop for part in found[:-1]]
    assert (found[0].start, found[-1].stop, len(found)) == (0, rows, max(1, -(-rows // 8192)))
    assert max(part.stop - part.start for part in found) <= 8192


def test_up_to_25_cubed_one_polynomial_is_enough() -> None:
    assert Product(25, 25, 25).blocks == Product(128, 128, 1).blocks == 1
    assert Product(26, 26, 26).tiles == (2, 1, 1)
    with pytest.raises(ValueError, match="not of the agreed sizes"):
        encrypt_matrix(key(), Product(2, 2, 2), np.zeros((2, 3, 2), np.uint64), xof())


@pytest.mark.sweep
def test_a_million_products_of_ring_elements_are_exact() -> None:
    """A third of them extreme numbers; against products in limbs, which are tested against Python's own."""
    terms = Terms(20_000, 1, bits=254 + 1, outputs=1 << 20)
    for turn in range(50):
        rng = np.random.default_rng(turn)
        a, b = elements(rng, terms.rows, 1), elements(rng, 1, terms.rows, 1)
        blocks = encrypt_terms(key(), terms, a, xof(f"a{turn}"))
        message, mask = multiply_terms(key().public, terms, blocks, b, xof(f"b{turn}"))
        found = Ring(128).add(open_terms(key(), terms, message), mask)
        assert (found[0] == multiplied(a[:, 0], b[0, :, 0])).all()
