"""Trees at level `shared`: the splits that an oracle finds, scores in shares, and no sum of few rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pytest
from tests.support.trees import Node, Watched, grown
from tests.support.world import Rows, World, boosted, tables

from accord_protocols.boosting.caps import ROWS_PER_GROUP
from accord_protocols.model.trees import TreesPart, scores, sides
from accord_protocols.phases.boosting.able import traffic, unable
from accord_protocols.phases.boosting.transfers import UNFIT as FORM
from accord_protocols.primitives.onehot.ledger import REPEATED
from accord_protocols.primitives.onehot.seeds import INCONSISTENT
from accord_protocols.tasks.hidden.label import UNFIT as SUMS
from accord_schemas.address import Content
from accord_schemas.events import BitChoices, BitProducts, Divided, Event, Partial, Ranges, Vectors
from accord_schemas.parts import Trees

pytestmark = pytest.mark.variants

SMALL: dict[str, Any] = {
    "protection": "shared",
    "objective": "squared",
    "stop_after": None,
    "trees": 2,
    "depth": 3,
    "bins": 8,
}
CASES: dict[str, tuple[bool, bool, dict[str, Any]]] = {
    "numbers": (False, False, {}),
    "yes and no, gaps": (True, True, {"l2": 0.5, "min_rows": 25}),
    "depth 1": (False, False, {"depth": 1, "bins": 4}),
}

ALL = [*list(CASES)[:-1], pytest.param("depth 1", marks=pytest.mark.sweep)]


def rows(*, binary: bool = False, gaps: bool = False) -> dict[str, Rows]:
    """Linear data of two parties."""
    found = tables(2, n=900, columns=2, seed=3)
    bank = found["bank"]
    assert bank.labels is not None
    if binary:
        found["bank"] = replace(bank, labels=(bank.labels > np.median(bank.labels)).astype(float))
    if gaps:
        rng = np.random.default_rng(4)
        for name, own in found.items():
            found[name] = replace(own, values=np.where(rng.random(own.values.shape) < 0.2, np.nan, own.values))
    return found


@cache
def world(case: str) -> Watched:
    """A collaboration, run to its end."""
    binary, gaps, terms = CASES[case]
    made = Watched(boosted(2, **{**SMALL, **terms}), rows(binary=binary, gaps=gaps))
    made.run()
    assert not any(party.aborted for party in made.parties.values())
    return made


# ---- an oracle, written apart from the program


def ranges_of(bins: np.ndarray, parts: int, width: int) -> set[int]:
    """Ends of as many groups with about as many rows: the first bin up to which each share of the rows is reached."""
    if parts >= width:
        return set(range(1, width + 1))
    total = [int((bins < end).sum()) for end in range(width + 1)]
    wanted = [Fraction(len(bins) * part, parts) for part in range(1, parts)]
    return {next(end for end in range(1, width + 1) if total[end] >= one) for one in wanted} | {width}


def grouped_(bins: np.ndarray, sets: list[np.ndarray], ends: list[int], least: int) -> list[int]:
    def fine(low: int, high: int) -> bool:
        counts = [int(((bins[rows_] >= low) & (bins[rows_] < high)).sum()) for rows_ in sets]
        return any(counts) and all(c == 0 or c >= least for c in counts)

    found = [0]
    for end in ends:
        found += [end] if fine(found[-1], end) else []
    while len(found) > 1 and found[-1] < ends[-1] and not fine(found[-1], ends[-1]):
        found.pop()
    return found[1:] if found[-1] == ends[-1] else [*found[1:], ends[-1]]


def oracle(made: Watched) -> tuple[list[list[Node]], np.ndarray]:
    """The splits of every tree, and the scores of all rows at the end, as integers."""
    terms = made.terms.trees
    assert terms is not None
    blocks = {party: made.block(party) for party in made.terms.order}
    n, y = blocks["bank"]["n"], blocks["bank"]["y"]
    f = 30 - n.bit_length()
    low, high = y[:n].min(), y[:n].max()
    labels = [round(v) for v in ((y[:n] - low) / (high - low) * 2**f).tolist()]
    total = np.full(len(y), (2 * sum(labels) + n) // (2 * n), object)
    columns = [(p, k, b) for p in made.terms.order for k, b in enumerate(blocks[p]["bins"].T)]
    trees = []
    for _ in range(terms.trees):
        g = [int(score) - label for score, label in zip(total[:n], labels, strict=True)]
        found: list[Node] = []
        cap = (n // ROWS_PER_GROUP).bit_length() - 1
        ends = [sorted(ranges_of(b[:n], 1 << cap, terms.bins)) for _, _, b in columns]
        parts = [grouped_(b[:n], [np.arange(n)], e, terms.min_rows) for (_, _, b), e in zip(columns, ends, strict=True)]
        grow(1, 0, np.arange(len(y)), parts, cap, columns, g, n, f, terms, found, total)
        trees.append(sorted(found, key=lambda split: split.node))
    return trees, total


def grow(node, depth, rows_, parts, cap, columns, g, n, f, terms, found, total) -> None:  # type: ignore[no-untyped-def]
    train = rows_[rows_ < n]
    l2, unit = int(Fraction(repr(terms.l2)) * 2**f), 2**f
    top, whole = None, sum(g[i] for i in train)
    for (party, k, bins), ends in zip(columns, parts, strict=True):
        own = bins[train]
        apart = ends[0] == 1 and (own == 0).any()
        for missing in (True, False) if apart else (True,):
            for end in ends[:-1] if missing else ends[1:-1]:
                left = (own < end) & ((own > 0) | missing)
                count, part = int(left.sum()), sum(g[i] for i in train[left])
                if min(count, len(train) - count) < terms.min_rows:
                    continue
                gain = Fraction(part**2, count * unit + l2) + Fraction(
                    (whole - part) ** 2, (len(train) - count) * unit + l2
                )
                gain -= Fraction(whole**2, len(train) * unit + l2)
                if gain > (top[0] if top else 0):
                    top = gain, party, k, end - 1, missing
    if top is None or depth == terms.depth:
        step = 2 * Fraction(-whole, len(train) * unit + l2) * Fraction(repr(terms.learning_rate)) * unit
        total[rows_] += int((step + 1) // 2)
        return
    _, party, k, last, missing = top
    bins = next(b for p, c, b in columns if (p, c) == (party, k))
    side = (bins[rows_] <= last) & ((bins[rows_] > 0) | missing)
    children = [rows_[side], rows_[~side]]
    counts = [int((c < n).sum()) for c in children]
    found.append(Node(node, party, k, last, missing, len(train), counts[0]))
    dead = depth + 1 == terms.depth or max(counts) < 2 * terms.min_rows
    if dead:
        below, finer = parts, cap
    else:
        finer = min(cap, max(0, (min(counts) // ROWS_PER_GROUP).bit_length() - 1))
        below = []
        for (_, _, b), ends in zip(columns, parts, strict=True):
            allowed = sorted(set(ends) & ranges_of(b[:n], 1 << finer, terms.bins))
            below.append(grouped_(b, [c[c < n] for c in children], allowed, terms.min_rows))
    for number, child in enumerate(children):
        grow(
            2 * node + number,
            terms.depth if dead else depth + 1,
            child,
            below,
            finer,
            columns,
            g,
            n,
            f,
            terms,
            found,
            total,
        )


@pytest.mark.parametrize("case", ALL)
def test_splits_and_scores_are_those_of_the_oracle(case: str) -> None:
    made = world(case)
    trees, total = oracle(made)
    for number, splits in enumerate(trees):
        assert grown(made, number) == splits
    last = len(trees) - 1
    shares = [made.of(me, "hide", f"raised.{last}")["scores"] for me in ("bank", "shop")]
    assert (shares[0] + shares[1]).view(np.int64).tolist() == total.tolist()
    if case != "depth 1":
        assert {split.party for tree in trees for split in tree} == {"bank", "shop"}


@pytest.mark.parametrize("case", ALL)
def test_the_parts_of_the_model_give_the_predictions(case: str) -> None:
    """But for the bits that the label holder does not learn."""
    made = world(case)
    parts = {me: TreesPart.model_validate(party.notes["model"]) for me, party in made.parties.items()}
    order = {me: made.block(me)["test_rows"] for me in made.parties}
    told = {me: sides(parts[me], p.rows.columns, p.rows.values[order[me]]) for me, p in made.parties.items()}
    notes, labels = made.parties["bank"].notes, made.parties["bank"].rows.labels
    found = scores(parts["bank"], told, len(order["bank"]))
    assert labels is not None
    span = labels.max() - labels.min()
    assert np.abs(found - notes["predictions"]).max() <= span / 2**6
    assert (found != notes["predictions"]).any()
    assert ("auc" in notes["metrics"]) == CASES[case][0] and "rmse" in notes["metrics"]


@pytest.mark.parametrize("case", ALL)
def test_no_sum_is_opened_of_fewer_rows_than_agreed(case: str) -> None:
    """Of no node and no column, the label holder's own ones included; and no more groups than fifties of rows."""
    made, opened = world(case), 0
    for (me, address), found in made.done.items():
        if me != "bank" or not address.startswith("hide/tallied"):
            continue
        assert (found["ends"].sum(axis=2) <= max(1, 784 // ROWS_PER_GROUP)).all()
        opened += int(found["ends"].sum())
    told = [c.event for a, c in made.log.items() if isinstance(c.event, Partial) and a.step.startswith("sums")]
    assert opened == sum(len(event.shares) for event in told) > 0


def test_rows_of_both_parties_are_in_shares_alone() -> None:
    """Words that each party has are not those of one node's rows; nothing that is said shows a side."""
    made = world("numbers")
    for me in ("bank", "shop"):
        words = made.of(me, "hide", "descended.0.0")["words"]
        assert len(np.unique(words)) > 0.99 * words.size
    assert not any(type(c.event).__name__ == "Sides" for c in made.log.values())


@pytest.mark.sweep
def test_orders_of_arrival_change_nothing() -> None:
    again = World(boosted(2, **SMALL), rows(), order=5).run()
    assert again.fingerprint() == world("numbers").fingerprint()


def flipped(name: str, place: Any = 0) -> Callable[[Any], dict[str, Any]]:
    def change(event: Any) -> dict[str, Any]:
        array = getattr(event, name).copy()
        array[place] ^= np.array(1, array.dtype)
        return {name: array}

    return change


def shorter(name: str) -> Callable[[Any], dict[str, Any]]:
    return lambda event: {name: getattr(event, name)[:-1]}


TAMPERED: dict[str, tuple[type[Event], str, str, str, Callable[[Any], dict[str, Any]]]] = {
    "groups that are not nested": (Ranges, "ranges", "shop", FORM, flipped("ends", 0)),
    "vectors of fewer rows": (Vectors, "vectors", "shop", FORM, shorter("words")),
    "fewer nonces": (Vectors, "vectors", "bank", FORM, shorter("nonces")),
    "an impossible count": (Partial, "counts.0.0", "shop", SUMS, flipped("shares", -1)),
    "an impossible sum": (Partial, "sums.0.0", "shop", SUMS, flipped("shares", -1)),
    "sums of fewer groups": (Partial, "sums.0.0", "shop", FORM, shorter("shares")),
    "finer groups": (Ranges, "groups.0.1", "bank", FORM, lambda event: {"ends": np.full_like(event.ends, 255)}),
    "splits of fewer nodes": (Divided, "divided.0.1", "bank", FORM, shorter("owners")),
    "a finer level": (Divided, "divided.0.0", "bank", FORM, lambda event: {"caps": np.full_like(event.caps, 9)}),
    "a flipped bit": (BitChoices, "bits", "shop", INCONSISTENT, flipped("choices", 5)),
    "bits of fewer rows": (BitChoices, "bits", "shop", FORM, shorter("choices")),
    "products of fewer rows": (BitProducts, "products", "bank", FORM, shorter("words")),
    "scores of fewer rows": (Partial, "scores", "shop", FORM, shorter("shares")),
}


OFTEN = ("an impossible sum", "finer groups", "a finer level", "a flipped bit", "scores of fewer rows")
"""The others are of the same kinds."""


@pytest.mark.parametrize("case", [c if c in OFTEN else pytest.param(c, marks=pytest.mark.sweep) for c in TAMPERED])
def test_who_breaks_the_protocol_is_named(case: str) -> None:
    kind, step, sender, reason, change = TAMPERED[case]
    victim = "shop" if sender == "bank" else "bank"

    def tamper(to: str, content: Content) -> Event:
        address = content.address
        meant = type(content.event) is kind and (address.sender, to) == (sender, victim)
        if not meant or not address.step.startswith(step):
            return content.event
        return content.event.model_copy(update=change(content.event))

    made = World(boosted(2, **{**SMALL, "trees": 1, "depth": 2}), rows(), tamper=tamper).run()
    aborted = made.parties[victim].aborted
    assert aborted is not None and aborted.reason == reason and aborted.whose == sender
    if reason == INCONSISTENT:  # nothing that depends on the bits is said
        assert not any(isinstance(c.event, BitProducts) and a.sender == victim for a, c in made.log.items())


@pytest.mark.parametrize("kind", [Vectors, BitChoices])
def test_a_nonce_that_comes_twice_ends_it(kind: type[Any]) -> None:
    first: list[Any] = []
    name = "nonces" if kind is Vectors else "nonce"

    def again(to: str, content: Content) -> Event:
        if type(content.event) is not kind or to != "shop":
            return content.event
        first.append(getattr(content.event, name))
        size = len(first[-1])
        return content.event.model_copy(update={name: first[0][:size] if len(first[0]) >= size else first[-1]})

    aborted = World(boosted(2, **SMALL), rows(), tamper=again).run().parties["shop"].aborted
    assert aborted is not None and aborted.reason == REPEATED and aborted.whose == "bank"


@pytest.mark.parametrize(
    ("terms", "word"),
    [
        ({"objective": "logistic"}, "objective: squared"),
        ({"subsample": 0.5}, "subsample"),
    ],
)
def test_what_is_not_possible_is_said_with_a_remedy(terms: dict[str, Any], word: str) -> None:
    assert word in unable(Trees(**{**SMALL, **terms}))
    assert not unable(Trees(**SMALL))


def test_traffic_is_that_of_the_levels() -> None:
    """What is said of one tree is what is announced, but for transfers of bits and for levels that end early."""
    assert traffic(Trees(**{**SMALL, "depth": 5}), 24_011, 23) == 70_688_384
    made = world("numbers")
    said = sum(c.event.words.nbytes for a, c in made.log.items() if isinstance(c.event, Vectors)) / 2
    assert made.terms.trees is not None
    assert said <= traffic(made.terms.trees, made.block("bank")["n"], 4)
