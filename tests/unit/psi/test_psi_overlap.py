from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord_protocols.primitives.psi.cardinality import sample
from accord_protocols.primitives.psi.overlap import Overlap, dead_band, overlap
from accord_schemas.agreement import Denominator
from accord_schemas.errors import ProtocolError

NINE_TENTHS = Fraction("0.9")


@pytest.mark.parametrize(("denominator", "expected"), [("min", (3, 4)), ("union", (1, 3))])
def test_denominators(denominator: Denominator, expected: tuple[int, int]) -> None:
    for counts in ((4, 8), (8, 4)):
        assert overlap(3, counts, counts, denominator).value == Fraction(*expected)


def test_each_side_may_be_the_denominator() -> None:
    assert overlap(3, (4, 8), (4, 8), "mine").value == Fraction(3, 4)
    assert overlap(3, (4, 8), (4, 8), "yours").value == Fraction(3, 8)


def test_the_dead_band_is_known_before_anything_is_compared() -> None:
    assert dead_band(NINE_TENTHS, (50_000, 3_000)) == Fraction("0.020125")
    assert dead_band(NINE_TENTHS, (50_000, 2_000)) == 0  # taken whole
    assert dead_band(Fraction(1), (50_000, 50_000)) == Fraction("0.000001")


def test_the_announced_sizes_say_which_set_is_smaller() -> None:
    assert overlap(900, (2010, 1990), (10_000, 10_001), "min").base == 2010
    assert overlap(900, (2010, 1990), (10_000, 10_001), "mine").base == 2010
    assert overlap(900, (1990, 2010), (10_001, 10_000), "min").base == 2010


def test_exceeding_is_strict_and_exact() -> None:
    assert not overlap(900, (1000, 1000), (1000, 1000), "min").refused(NINE_TENTHS)
    assert overlap(901, (1000, 1000), (1000, 1000), "min").refused(NINE_TENTHS)
    assert not overlap(700, (1000, 1000), (1000, 1000), "min").refused(Fraction("0.7"))
    assert not overlap(5, (5, 5), (5, 5), "min").refused(Fraction(1))


def test_empty_sets_do_not_overlap() -> None:
    nothing = overlap(0, (0, 0), (0, 0), "union")
    assert nothing.value == nothing.margin == 0
    assert not nothing.refused(NINE_TENTHS)


def test_dead_band_of_a_sample() -> None:
    estimate = overlap(1800, (2000, 2000), (50_000, 50_000), "min")
    assert estimate.margin == Fraction("0.020125")  # 3 sqrt(0.9 * 0.1 / 2000), rounded up
    assert estimate.in_dead_band(NINE_TENTHS)
    assert estimate.in_dead_band(Fraction("0.92"))
    assert not estimate.in_dead_band(Fraction("0.93"))
    assert not Overlap(1000, 2000, sampled=True).in_dead_band(NINE_TENTHS)


def test_a_whole_set_has_no_dead_band() -> None:
    exact = overlap(900, (1000, 1000), (1000, 1000), "min")
    assert exact.margin == 0
    assert not exact.in_dead_band(NINE_TENTHS)


@given(st.integers(1, 5000).flatmap(lambda base: st.tuples(st.integers(0, base), st.just(base))))
def test_the_margin_is_three_deviations(counts: tuple[int, int]) -> None:
    estimate = Overlap(*counts, sampled=True)
    variance = estimate.value * (1 - estimate.value) / counts[1]
    assert (estimate.margin - Fraction(1, 10**6)) ** 2 <= 9 * variance < estimate.margin**2


@pytest.mark.parametrize(
    ("matches", "counts", "sizes"),
    [
        (6, (5, 9), (5, 9)),  # more matches than ids
        (-1, (5, 9), (5, 9)),
        (3, (5, 8), (5, 9)),  # a small set takes part wholly
        (3, (6, 9), (5, 9)),
        (3, (3001, 9), (3000, 3000)),  # a sample is no larger than its set
    ],
)
def test_contradictions_are_refused(matches: int, counts: tuple[int, int], sizes: tuple[int, int]) -> None:
    with pytest.raises(ProtocolError, match=r"^the overlap's counts contradict the announced sizes$"):
        overlap(matches, counts, sizes, "min")


def test_a_sample_estimates_the_overlap() -> None:
    one, two = [f"u{i}" for i in range(20_000)], [f"u{i}" for i in range(2500, 22_500)]
    sizes = (len(one), len(two))
    for seed in range(5):
        left, right = (set(sample(ids, bytes([seed] * 32), sizes)) for ids in (one, two))
        estimate = overlap(len(left & right), (len(left), len(right)), sizes, "min")
        assert abs(estimate.value - Fraction(17_500, 20_000)) < estimate.margin
