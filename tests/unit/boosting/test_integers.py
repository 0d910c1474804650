"""Gains, groups, bins and derivatives: exact, the same on every machine, unbiased where labels are rare."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from tests.support.onehot import stream

from accord_protocols.boosting import objective
from accord_protocols.boosting.binning import bins_of, cuts_of
from accord_protocols.boosting.gain import Rule, best
from accord_protocols.boosting.groups import finest, grouped, unions
from accord_protocols.boosting.objective import packed, unpacked
from accord_protocols.boosting.walking import UNFIT, sampled, sides, walked
from accord_protocols.phases.boosting.able import unable
from accord_protocols.tasks.boosting.label import weight
from accord_schemas.errors import ProtocolError, UsageError
from accord_schemas.parts import Trees

RNG = np.random.default_rng(11)


# ---- gains


def node(columns: int, bins: int, scale: int) -> tuple[np.ndarray, np.ndarray, int, int]:
    """Sums of a node up to each bin, with many ties."""
    g = RNG.integers(-3, 4, (columns, bins)) * scale
    h = RNG.integers(0, 3, (columns, bins)) * scale
    g[:, -1] += g.sum() // columns - g.sum(axis=1)
    h[:, -1] += h.sum(axis=1).max() - h.sum(axis=1)
    sums = np.zeros((columns, bins + 1), np.uint64)
    sums[:, 1:] = np.cumsum(packed(g, h), axis=1, dtype=np.uint64)
    total_g, total_h = unpacked(sums[:1, -1])
    return sums, finest(bins, columns), int(total_g[0]), int(total_h[0])


@pytest.mark.parametrize("scale", [1, 1 << 10, 1 << 21])
def test_floats_decide_nothing(scale: int) -> None:
    for _ in range(60):
        sums, ends, g, h = node(4, 8, scale)
        rule = Rule.of(1.0, 0.0, 0.0, scale.bit_length() - 1)
        columns = np.arange(4)
        assert best(sums, ends, columns, g, h, rule) == best(sums, ends, columns, g, h, rule, filtered=False)


def test_of_equal_splits_the_first_column_and_the_lowest_bin_is_taken_with_missing_values_left() -> None:
    g, h = np.array([[0, 4, 0, -4], [0, 4, 0, -4]]), np.array([[0, 2, 0, 2], [0, 2, 0, 2]])
    sums = np.zeros((2, 5), np.uint64)
    sums[:, 1:] = np.cumsum(packed(g, h), axis=1, dtype=np.uint64)
    found = best(sums, finest(4, 2), np.array([3, 5]), 0, 4, Rule(1, 1, Fraction(0)))
    assert found is not None
    assert (found.column, found.last, found.missing) == (3, 1, True)
    assert found.gain(0, 4, 1) == Fraction(32, 3)


def test_a_child_needs_its_weight_and_a_split_its_gain() -> None:
    sums, ends, g, h = node(3, 8, 16)
    assert best(sums, ends, np.arange(3), g, h, Rule(16, h, Fraction(0))) is None
    assert Rule.of(0.3, 0.1, 0.7, 10) == Rule(307, 102, Fraction(7, 10) * 1024)
    assert weight(-3, 1, 1, Fraction(3, 10), "squared") == round(0.45 * 2**24)
    assert weight(-(10**6), 1, 1, Fraction(1), "poisson") == round(0.7 * 2**24)


# ---- groups


def test_groups_are_unions_of_their_parents_with_enough_rows_in_both_children() -> None:
    for _ in range(40):
        counts = RNG.integers(0, 15, (2, 3, 16)) * (RNG.random((2, 3, 16)) < 0.6)
        parent = RNG.random((3, 16)) < 0.5
        parent[:, -1] = True
        ends = grouped(counts, parent, 20)
        assert unions(parent, ends) and not unions(ends, ~parent)
        for column in range(3):
            edges = [0, *(np.flatnonzero(ends[column]) + 1).tolist()]
            if len(edges) > 2:
                for low, high in pairwise(edges):
                    rows = counts[:, column, low:high].sum(axis=1)
                    assert ((rows == 0) | (rows >= 20)).all() and rows.any()


# ---- bins and places


def test_bins_are_of_quantiles_and_missing_values_have_their_own() -> None:
    values = np.array([np.nan, 3.0, -0.0, 0.0, 7.0, np.nan, 3.0])
    cuts = cuts_of(values, 8)
    assert cuts == (3.0, 7.0)
    assert bins_of(values, cuts).tolist() == [0, 2, 1, 1, 3, 0, 2]
    many = RNG.normal(size=1000)
    cuts = cuts_of(many, 16)
    assert len(cuts) == 14
    assert np.ptp(np.bincount(bins_of(many, cuts))[1:]) <= 1
    assert cuts_of(np.full(9, np.nan), 8) == () == cuts_of(np.ones(9), 8)


def test_rows_go_to_their_side_and_nobody_speaks_for_others() -> None:
    bins = np.array([[0, 5], [1, 5], [2, 0], [3, 5]], np.uint8)
    places = np.array([1, 1, 1, 1], np.uint8)
    bits = sides(bins, places, [1], np.array([[0, 1, 1]]))
    below = walked(places, {1: "shop"}, {"shop": bits})
    assert below.tolist() == [2, 2, 3, 3]
    again = sides(bins, below, [3], np.array([[1, 5, 0]]))
    assert walked(below, {3: "shop"}, {"shop": again}).tolist() == [2, 2, 7, 6]
    for wrong in (np.array([1], np.uint8), np.array([0b10001], np.uint8), np.zeros(2, np.uint8)):
        with pytest.raises(ProtocolError, match=UNFIT) as error:
            walked(below, {3: "shop"}, {"shop": wrong})
        assert error.value.whose == "shop"


def test_everybody_samples_the_same_rows() -> None:
    sid = b"s" * 32
    found = [sampled(sid, tree, 1000, 0.3, "rows") for tree in (0, 0, 1)]
    assert np.array_equal(found[0], found[1]) and not np.array_equal(found[0], found[2])
    assert all(one.sum() == 300 for one in found)
    assert sampled(sid, 0, 7, 0.01, "columns").sum() == 1 and sampled(sid, 0, 7, 1.0, "rows").all()


# ---- derivatives


@pytest.mark.parametrize("bits", [7, 13])
def test_rare_labels_are_not_rounded_away(bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """0.16 % of a hundred thousand rows, at as many fraction bits as ten million rows leave: the mean stays."""
    n = 100_000
    monkeypatch.setattr(objective, "WIDEST", bits + n.bit_length())
    y = np.zeros(n)
    y[:160] = 1
    scores = np.full(n, objective.start("logistic", y))
    words, found = objective.words("logistic", scores, y, np.ones(n, bool), stream("dither"))
    assert found == bits
    g, h = unpacked(words)
    p = 160 / n
    assert abs(g.sum() / 2**bits) < 60  # √n/2 units at most, where rounding down would take 160
    assert abs(h.sum() / 2**bits / (n * p * (1 - p)) - 1) < 0.3


def test_a_sum_never_leaves_its_half_of_the_word() -> None:
    n = 5000
    for loss, y, scores in (
        ("poisson", np.full(n, 4.0e5), np.full(n, 1 << 24)),
        ("squared", np.linspace(-1, 1, n), np.zeros(n)),
        ("logistic", np.ones(n), np.full(n, -(20 << 24))),
    ):
        words, bits = objective.words(loss, scores.astype(np.int64), y, np.ones(n, bool), stream(loss))
        g, h = unpacked(words)
        assert np.abs(g).sum() < 2**31 and h.sum() < 2**32 and (h >= 0).all()
        assert bits <= 31 - n.bit_length()
    unused = np.arange(n) % 2 == 0
    words, _ = objective.words("squared", np.zeros(n, np.int64), y, unused, stream("u"))
    assert not words[~unused].any()


def test_labels_that_cannot_be_learned_from_are_refused() -> None:
    for loss, y in (
        ("logistic", np.ones(9)),
        ("logistic", np.zeros(9)),
        ("poisson", np.zeros(9)),
        ("squared", np.zeros(0)),
    ):
        with pytest.raises(UsageError):
            objective.start(loss, y)
    assert objective.start("logistic", np.array([0.0, 1.0, 0.0, 1.0])) == 0
    assert objective.unit("squared", np.array([0.0, 1000.0])) == 9
    assert objective.unit("logistic", np.array([0.0, 1.0])) == 0


def test_what_an_agreement_may_say_of_trees() -> None:
    paths = Trees(protection="paths")
    assert not unable(paths) and "protection: paths" in unable(Trees())
    wrong = (("l2", 0.0), ("learning_rate", 1.5), ("min_rows", 19), ("depth", 8), ("bins", 33), ("l2", 2e6))
    for name, value in wrong:
        with pytest.raises(ValueError, match=name):
            Trees.model_validate({**paths.model_dump(), name: value})
