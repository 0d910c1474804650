from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord_protocols.primitives.ring import Ring
from accord_protocols.primitives.xof import Xof

rings = st.sampled_from([Ring(64), Ring(128)])
integers = st.lists(st.integers(-(1 << 130), 1 << 130), min_size=1, max_size=8)
EDGES = [0, 1, -1, (1 << 63) - 1, 1 << 63, (1 << 64) - 1, 1 << 64, (1 << 127) - 1, 1 << 127, (1 << 128) - 1]


def reduced(ring: Ring, value: int) -> int:
    value %= 1 << ring.bits
    return value - (1 << ring.bits) if value >> (ring.bits - 1) else value


@given(rings, integers, st.integers(-(1 << 130), 1 << 130))
def test_arithmetic_is_that_of_integers(ring: Ring, left: list[int], other: int) -> None:
    a, b = ring.from_ints(left), ring.from_ints([other])
    assert ring.to_ints(ring.add(a, b)) == [reduced(ring, x + other) for x in left]
    assert ring.to_ints(ring.sub(a, b)) == [reduced(ring, x - other) for x in left]
    assert ring.to_ints(ring.sub(b, a)) == [reduced(ring, other - x) for x in left]
    assert ring.to_ints(a, signed=False) == [x % (1 << ring.bits) for x in left]


@pytest.mark.parametrize("ring", [Ring(64), Ring(128)])
def test_carries_at_the_edges_of_words(ring: Ring) -> None:
    a = ring.from_ints(EDGES)
    total = ring.add(a[:, None], a[None])
    assert total.shape == (len(EDGES), len(EDGES), ring.words)
    assert ring.to_ints(total) == [reduced(ring, x + y) for x in EDGES for y in EDGES]
    assert ring.to_ints(ring.sub(a[:, None], a[None])) == [reduced(ring, x - y) for x in EDGES for y in EDGES]


@pytest.mark.parametrize("ring", [Ring(64), Ring(128)])
def test_a_single_element_wraps_silently_too(ring: Ring) -> None:
    top, one = ring.from_ints([-1])[0], ring.from_ints([1])[0]
    assert ring.to_ints(ring.add(top, one)) == [0]
    assert ring.to_ints(ring.sub(ring.add(top, one), one)) == [-1]


@given(rings, st.lists(st.integers(-(1 << 63), (1 << 63) - 1), min_size=1, max_size=8))
def test_int64_keeps_its_sign(ring: Ring, values: list[int]) -> None:
    assert ring.to_ints(ring.from_int64(np.array(values, np.int64))) == values


def test_operands_stay_as_they_were() -> None:
    ring = Ring(128)
    a, b = ring.from_ints([(1 << 64) - 1]), ring.from_ints([1])
    ring.add(a, b), ring.sub(b, a)
    assert ring.to_ints(a, signed=False) == [(1 << 64) - 1]
    assert ring.to_ints(b) == [1]


def test_bytes_are_the_little_endian_number() -> None:
    assert Ring(128).from_ints([1 << 64 | 2]).astype("<u8").tobytes() == bytes([2, *[0] * 7, 1, *[0] * 7])


def test_random_elements_use_the_whole_ring() -> None:
    ring = Ring(128)
    a = ring.random(Xof(bytes(32), "test"), 5, 3)
    assert a.shape == (5, 3, 2)
    assert np.array_equal(a, ring.random(Xof(bytes(32), "test"), 5, 3))
    assert np.bitwise_or.reduce(a.reshape(-1)) == np.uint64((1 << 64) - 1)


@given(rings, st.integers(0, 40), st.lists(st.floats(-(2.0**21), 2.0**21), min_size=1, max_size=8))
def test_fixed_point_rounds_half_to_even(ring: Ring, fraction_bits: int, values: list[float]) -> None:
    def exact(value: float) -> int:
        numerator, denominator = value.as_integer_ratio()
        quotient, rest = divmod(numerator << fraction_bits, denominator)
        return quotient + (2 * rest > denominator or (2 * rest == denominator and quotient % 2 == 1))

    assert ring.to_ints(ring.from_fixed(np.array(values), fraction_bits)) == [exact(value) for value in values]


def test_fixed_point_ties() -> None:
    values = np.array([0.5, 1.5, 2.5, -0.5, -1.5]) / 4
    assert Ring(64).to_ints(Ring(64).from_fixed(values, 2)) == [0, 2, 2, 0, -2]


@pytest.mark.parametrize("value", [2.0**38, -(2.0**38), np.nan, np.inf, 1e300])
def test_fixed_point_refuses_what_does_not_fit(value: float) -> None:
    with pytest.raises(OverflowError, match="a number does not fit"):
        Ring(128).from_fixed(np.array([0.0, value]), 24)


@given(rings, st.integers(1, 9), st.integers(1, 4), st.integers(0, 2**32))
def test_product_is_that_of_integers(ring: Ring, rows: int, columns: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    X = rng.integers(-(1 << 30) + 1, 1 << 30, (rows, columns))
    v = ring.random(Xof(bytes(32), str(seed)), rows)
    scalars = ring.to_ints(v)
    expected = [reduced(ring, sum(int(X[i, a]) * scalars[i] for i in range(rows))) for a in range(columns)]
    assert ring.to_ints(ring.matvec(X, v)) == expected


@pytest.mark.parametrize("sign", [1, -1])
def test_the_longest_sums_do_not_overflow(sign: int) -> None:
    ring, rows, factor = Ring(128), (1 << 17) + 1, sign * ((1 << 30) - 1)
    v = np.full((rows, ring.words), (1 << 64) - 1, np.uint64)
    X = np.full((rows, 1), factor)
    assert ring.to_ints(ring.matvec(X, v)) == [-factor * rows]


@pytest.mark.parametrize("factor", [1 << 30, -(1 << 30), -(1 << 63)])
def test_product_refuses_large_factors(factor: int) -> None:
    with pytest.raises(OverflowError):
        Ring(64).matvec(np.array([[factor]]), Ring(64).from_ints([1]))


def test_only_two_rings_exist() -> None:
    with pytest.raises(ValueError, match="64 or 128"):
        Ring(96)
