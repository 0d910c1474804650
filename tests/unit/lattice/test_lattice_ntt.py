"""Transforms and the other inner loops: against python-flint, and compiled against numpy."""

from __future__ import annotations

from types import ModuleType

import flint
import numpy as np
import pytest
from numpy.typing import NDArray

from accord_protocols.primitives.lattice import compiled, loops, portable
from accord_protocols.primitives.lattice.ntt import Transform, transform
from accord_protocols.primitives.lattice.packing import pack, unpack
from accord_protocols.primitives.lattice.parameters import LARGE, RING64, RING128, SMALL, ntt_primes
from accord_protocols.primitives.lattice.switching import switch_of
from accord_schemas.errors import ProtocolError

Residues = NDArray[np.uint32]
BOTH = pytest.mark.parametrize("module", [compiled, portable], ids=["compiled", "portable"])
LOOPS = ("forward", "inverse", "combine", "multiply", "accumulate", "switch", "accept", "pack", "unpack")
TABLES = [transform(p, d.size) for d in (SMALL, LARGE) for p in (d.primes[0], d.primes[-1])]
EXTREME = 2**32 - 1


@pytest.fixture
def chosen(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in LOOPS:
        monkeypatch.setattr(loops, name, getattr(module, name))


def polynomials(tables: Transform) -> list[Residues]:
    rng, p = np.random.default_rng(tables.prime), tables.prime
    return [
        rng.integers(0, p, tables.size).astype(np.uint32),
        rng.integers(0, p, tables.size).astype(np.uint32),
        np.full(tables.size, p - 1, np.uint32),
    ]


def product(a: Residues, b: Residues, tables: Transform) -> list[int]:
    """Modulo x^N + 1, by python-flint."""
    p, size = tables.prime, tables.size
    whole = flint.nmod_poly(a.tolist(), p) * flint.nmod_poly(b.tolist(), p)
    found = [int(whole[i]) for i in range(2 * size)]
    return [(low - high) % p for low, high in zip(found[:size], found[size:], strict=True)]


@BOTH
@pytest.mark.parametrize("tables", TABLES, ids=lambda tables: f"{tables.size}-{tables.prime}")
def test_products_are_those_of_flint(module: ModuleType, tables: Transform, chosen: None) -> None:
    a, b, extreme = polynomials(tables)
    for x, y in ((a, b), (extreme, extreme), (a, extreme)):
        values = tables.multiply(tables.forward(x.copy()), tables.forward(y.copy()))
        assert tables.inverse(values).tolist() == product(x, y, tables)


@BOTH
@pytest.mark.parametrize("support", [1, 2, 16, 17, 1000, 4096, 8191, 8192])
def test_zeros_behind_spare_stages_and_change_nothing(module: ModuleType, support: int, chosen: None) -> None:
    tables = TABLES[0]
    a = polynomials(tables)[0]
    a[support:] = 0
    assert (tables.forward(a.copy(), support) == tables.forward(a.copy())).all()


def test_values_stand_in_one_order() -> None:
    """The wire has values: x is at each root of x^N + 1 once, and where it is does not depend on the loops."""
    tables = TABLES[0]
    x = np.zeros(tables.size, np.uint32)
    x[1] = 1
    a, b = np.empty_like(x), np.empty_like(x)
    compiled.forward(x.copy(), a, *tables._forth, tables.prime, 1)
    portable.forward(x.copy(), b, *tables._forth, tables.prime, 1)
    assert (a == b).all() and len(set(a.tolist())) == tables.size
    assert {pow(int(v), tables.size, tables.prime) for v in a[:50]} == {tables.prime - 1}


def test_loops_agree_on_random_and_extreme_numbers() -> None:
    rng, p, count = np.random.default_rng(3), SMALL.primes[2], 2000
    x = rng.integers(0, 2**32, (5, count)).astype(np.uint32)
    x[:, :9] = EXTREME
    weights = np.array([0, 1, p - 1, p // 2, 12345], np.uint32)
    shoup = ((weights.astype(np.uint64) << np.uint64(32)) // np.uint64(p)).astype(np.uint32)
    expected = [(int(weights.astype(object) @ x[:, i].astype(object)) + p - 1) % p for i in range(count)]
    for module in (compiled, portable):
        out = np.empty(count, np.uint32)
        module.combine(x, weights, shoup, p - 1, p, out)
        assert out.tolist() == expected
    a = rng.integers(0, p, (14, 2, 3, 1500)).astype(np.uint32)
    b = rng.integers(0, p, (14, 3, 1500)).astype(np.uint32)
    a[..., :99] = b[..., :99] = p - 1
    first = rng.integers(0, p, (2, 3, 1500)).astype(np.uint32)
    wanted = (np.einsum("bkn,bn->kn", a[:, :, 1].astype(object), b[:, 1].astype(object)) + first[:, 1]) % p
    for module in (compiled, portable):
        sums = first.copy()
        module.accumulate(sums, a, b, 1, p, (1 << 60) // p)
        assert (sums[:, 1] == wanted).all() and (sums[:, ::2] == first[:, ::2]).all()


@pytest.mark.parametrize("plain", [RING64, RING128], ids=["64", "128"])
@BOTH
def test_a_switched_number_is_the_quotient_but_for_multiples_of_t(
    module: ModuleType, plain: object, chosen: None
) -> None:
    ring = RING64 if plain is RING64 else RING128
    degree, t = ring.degree, ring.modulus
    rng = np.random.default_rng(4)
    numbers = [int.from_bytes(rng.bytes(60), "little") % degree.modulus for _ in range(40)]
    numbers += [0, 1, degree.modulus - 1, degree.modulus // 2]
    residues = np.array([[v % p for v in numbers] for p in degree.primes], np.uint32)
    switched = switch_of(ring)(residues)
    kept = degree.primes[: degree.kept]
    for i, value in enumerate(numbers):
        for p in reversed(degree.primes[degree.kept :]):
            u = value * pow(t, -1, p) % p
            value = (value - t * (u - p if u > p // 2 else u)) // p
        assert [value % p for p in kept] == switched[:, i].tolist()


@BOTH
def test_packed_numbers_come_back_and_others_are_refused(module: ModuleType, chosen: None) -> None:
    primes = SMALL.primes[:3]
    rng = np.random.default_rng(5)
    residues = np.stack([rng.integers(0, p, 101) for p in primes]).astype(np.uint32)
    residues[:, 0] = [p - 1 for p in primes]
    data = pack(residues)
    assert len(data) == -(-303 // 16) * 60 and (unpack(data, primes, 101) == residues).all()
    large, filler = residues.copy(), data.copy()
    large[1, 7] = primes[1]
    filler[-1] = 128
    for wrong in (pack(large), filler, data[:-1], np.append(data, np.uint8(0)), data[None]):
        with pytest.raises(ProtocolError, match="an encrypted number is not of the agreed form"):
            unpack(wrong, primes, 101)


def test_primes_are_the_largest_and_never_twice() -> None:
    for degree in (SMALL, LARGE):
        assert all(p < 2**30 and p % (2 * degree.size) == 1 and flint.fmpz(p).is_prime() for p in degree.primes)
        assert list(degree.primes) == sorted(set(degree.primes), reverse=True)
    assert not set(SMALL.primes) & set(ntt_primes(SMALL.size, 16, SMALL.count))
