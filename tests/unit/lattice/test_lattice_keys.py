"""Keys: one form, uniform polynomials that nobody chose, secrets that nothing shows."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.lattice.support import SID, key, xof

from accord_protocols.primitives.lattice import PublicKey, SecretKey
from accord_protocols.primitives.lattice.keys import values_of
from accord_protocols.primitives.lattice.ntt import transform
from accord_protocols.primitives.lattice.parameters import LARGE, SMALL
from accord_protocols.primitives.lattice.residues import unsigned
from accord_protocols.primitives.lattice.sampling import below, errors, integers, ternary


def test_keys_come_back_and_show_no_secret() -> None:
    secret = key()
    again = SecretKey.decode(secret.encode())
    assert again.encode() == secret.encode()
    large, small = secret.public.encode()
    assert (large.shape, small.shape) == ((1, 737_280), (1, 215_040))
    public = PublicKey.decode(SID, "clinic", large, small)
    assert all((a == b).all() for a, b in zip(public.halves, secret.public.halves, strict=True))
    assert "array" not in repr(secret) and "halves" not in repr(secret)


def test_a_public_half_is_an_error_away_from_minus_a_s() -> None:
    for degree in (LARGE, SMALL):
        for i, p in enumerate(degree.primes[:2]):
            tables = transform(p, degree.size)
            half = key().public.halves[degree is SMALL][i]
            noise = tables.add(half, tables.multiply(key().public.uniform(degree)[i], key().values(degree)[i]))
            error = tables.inverse(noise).astype(np.int64)
            error[error > p // 2] -= p
            assert np.abs(error).max() <= 21 and 2.9 < error.std() < 3.6


def test_uniform_polynomials_follow_from_session_and_owner_alone() -> None:
    """A party that draws another secret has the same a; another party, session, ring or block has another."""
    first = SecretKey.generate(SID, "clinic", xof("another secret")).public
    assert (first.uniform(SMALL) == key().public.uniform(SMALL)).all()
    others = [
        SecretKey.generate(bytes(32), "clinic", xof()).public.uniform(SMALL),
        key("lab").public.uniform(SMALL),
        key().public.uniform(SMALL, b"block"),
        key().public.uniform(LARGE)[:7, :8192],
    ]
    assert all((other == first.uniform(SMALL)).mean() < 1e-3 for other in others)


def test_what_is_drawn_has_the_distributions_it_should() -> None:
    secret = ternary(30_000, xof())
    assert set(np.unique(secret)) == {-1, 0, 1} and abs(np.bincount(secret + 1) / 30_000 - 1 / 3).max() < 0.02
    error = errors(30_000, xof()).astype(int) - 21
    assert abs(error.mean()) < 0.1 and abs(error.std() - np.sqrt(10.5)) < 0.1 and np.abs(error).max() <= 21
    drawn = integers(70, 30_000, xof())
    assert drawn.shape == (3, 30_000) and drawn[2].max() == 63
    bound = 5 << 90
    values = unsigned(below(bound, 3000, xof())).modulo(101)
    assert set(values.tolist()) == set(range(101))
    upper = below(bound, 3000, xof())[-2:].astype(object)
    upper = (upper[1] * 2**32 + upper[0]) * 2**32
    assert upper.max() < bound and upper.min() < bound // 100 and abs(upper.mean() / bound - 0.5) < 0.05
    with pytest.raises(ValueError, match="upper two words"):
        below(bound + 1, 1, xof())
    for i, p in enumerate(SMALL.primes):
        row = key().public.uniform(SMALL)[i]
        assert row.max() < p and abs(row.mean() / p - 0.5) < 0.02


def test_secrets_in_values_are_the_secrets() -> None:
    values = values_of(SMALL, key().secrets[1])
    tables = transform(SMALL.primes[0], SMALL.size)
    found = tables.inverse(values[0].copy()).astype(np.int64)
    found[found > 1] -= SMALL.primes[0]
    assert (found == key().secrets[1]).all()
