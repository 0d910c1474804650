"""Arithmetic on shares against Python's integers."""

import numpy as np
import pytest

from accord_protocols.primitives import sharing
from accord_protocols.primitives.sharing import RING
from accord_protocols.primitives.xof import Xof

M = 1 << 128


def xof(label: str) -> Xof:
    return Xof(bytes(32), label)


def ints(a: np.ndarray, *, signed: bool = False) -> list[int]:
    return RING.to_ints(a, signed=signed)


def opened(first: np.ndarray, second: np.ndarray) -> list[int]:
    return ints(RING.add(first, second), signed=True)


def test_products_are_those_of_integers() -> None:
    a, b = RING.random(xof("a"), 500), RING.random(xof("b"), 500)
    a[:3], b[:2] = 0xFFFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF
    assert ints(sharing.multiplied(a, b)) == [x * y % M for x, y in zip(ints(a), ints(b), strict=True)]
    for factor in (0, 1, -1, 3 << 90, -(1 << 70) + 5):
        assert ints(sharing.scaled(a, factor)) == [x * factor % M for x in ints(a)]
    assert ints(sharing.raised(a, 77)) == [(x << 77) % M for x in ints(a)]


def test_sums_carry() -> None:
    a = RING.random(xof("a"), 300, 2)
    a[:200] = 0xFFFFFFFFFFFFFFFF
    assert ints(sharing.summed(a)) == [sum(ints(a[:, k])) % M for k in range(2)]
    least = RING.from_int64(np.array([5, -7, -9]))
    assert ints(sharing.summed(least)[None]) == [-11 % M]  # a single sum wraps, too, without a warning


@pytest.mark.parametrize("bound", [1 << 21, 1 << 29])
def test_a_matrix_of_small_numbers_times_ring_elements(bound: int) -> None:
    small = (xof("x").words(3, 700) % np.uint64(2 * bound)).astype(np.int64) - bound
    small[0] = -bound
    b = RING.random(xof("b"), 700, 2)
    b[:, 0] = 0xFFFFFFFFFFFFFFFF
    expected = (small.astype(object) @ np.array(ints(b), object).reshape(700, 2)) % M
    assert ints(sharing.matmul(small, b)) == expected.ravel().tolist()


def test_a_matrix_of_ring_elements_times_ring_elements() -> None:
    a, b = RING.random(xof("a"), 4, 40), RING.random(xof("b"), 40, 3)
    expected = (np.array(ints(a), object).reshape(4, 40) @ np.array(ints(b), object).reshape(40, 3)) % M
    assert ints(sharing.matmul(a, b)) == expected.ravel().tolist()
    assert ints(sharing.matmul(sharing.transposed(b), sharing.transposed(a))) == expected.T.ravel().tolist()


def test_a_sum_over_many_rows_is_as_exact() -> None:
    """More rows than are summed before anything is carried, with the largest numbers in all of them."""
    rows, bound = 140_000, 1 << 29
    small, b = np.full((1, rows), -bound), np.full((rows, 1, 2), 0xFFFFFFFFFFFFFFFF, np.uint64)
    b[::7] = RING.from_int64(np.array(12_345))
    expected = -bound * sum(ints(b)) % M
    assert ints(sharing.matmul(small, b)) == [expected]
    assert ints(sharing.matmul(sharing.elements(small), b)) == [expected]


@pytest.mark.parametrize("bits", [0, 1, 24, 63, 64, 70])
def test_truncation_is_off_by_one_unit_at_most(bits: int) -> None:
    values = [0, 1, -1, 12345 << 60, -(987 << 60), (1 << 80) + 7, -(1 << 80)]
    words = RING.from_ints(values)
    trivial = words, np.zeros_like(words)
    for first, second in (trivial, trivial[::-1], sharing.share(words, xof("share"))):
        halves = [sharing.truncated(s, bits, xof("zero"), first=k == 0) for k, s in enumerate((first, second))]
        for value, got in zip(values, opened(*halves), strict=True):
            assert abs(got - (value >> bits)) <= 1


def test_without_a_common_zero_a_trivial_share_would_fail() -> None:
    """Why both holders refresh: the second holder's zero and a negative value are no uniform shares."""
    negative = RING.from_ints([-(5 << 40)])
    assert opened(sharing._down(negative, 24), np.zeros_like(negative)) != [-(5 << 16)]


def test_a_refreshed_share_tells_nothing_and_keeps_the_value() -> None:
    value = RING.from_ints([42, -7])
    first = sharing.refreshed(value, xof("zero"), first=True)
    second = sharing.refreshed(np.zeros_like(value), xof("zero"), first=False)
    assert opened(first, second) == [42, -7]
    assert ints(first)[0] >> 64 and ints(second)[1] >> 64
