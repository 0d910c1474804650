"""What an honest label holder works out at `shared` from everything that it is told: the figures of the consent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.support.leaking import Reader, alike
from tests.support.twin import Twin
from tests.support.world import boosted, tables
from tests.unit.boosting.test_linked import Overheard

from accord_protocols.boosting import caps
from accord_protocols.boosting.binning import bins_of, cuts_of
from accord_schemas.parts import Trees

SHARED: dict[str, Any] = {"protection": "shared", "objective": "squared"}
TREES = 20


def read(*, least: int | None = None, trees: int = TREES) -> Reader:
    """What was learned of trees of some 2,000 rows; `least`: as if groups of so few rows were opened."""
    own, other, y = alike(2_000, (4, 4))
    terms = Trees(**SHARED, trees=trees)
    bins = [
        np.stack([bins_of(c, cuts_of(c, terms.bins)) for c in values.T], axis=1).astype(np.uint8)
        for values in (own, other)
    ]
    twin, reader = Twin(bins, y, terms, least=least), Reader(bins[0], bins[1], y > 0, terms.bins)
    for tree in range(trees):
        for opened in twin.grow(tree):
            reader.take(opened)
    return reader


def test_what_is_worked_out_stays_below_the_figures_of_the_consent() -> None:
    """No row is linked, no sum is of few rows; certainties and statistics are those that documents tell, or less."""
    reader = read()
    known, exact = reader.certain()
    assert (reader.claims, reader.thin) == (0, 0) and reader.groups > 1_000
    assert known < 0.02 and exact < 0.001
    assert 0.0 < reader.statistics() < 0.15


def test_the_reader_finds_what_there_is_to_find(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without caps and enough rows the same reader links rows, and knows a part of the table for certain."""
    monkeypatch.setattr(caps, "ROWS_PER_GROUP", 1)
    open_, closed = read(least=1, trees=5), read(trees=5)
    assert open_.claims > 100 and open_.thin > 1_000
    assert open_.certain()[0] > 10 * closed.certain()[0]


def test_the_twin_opens_what_the_parties_open() -> None:
    terms = boosted(2, **SHARED, trees=2, depth=3, bins=16, stop_after=None)
    made = Overheard(terms, tables(2, n=500, columns=2, seed=3))
    made.run()
    assert terms.trees is not None
    block = made.block("bank")
    twin = Twin([made.block(p)["train"] for p in ("bank", "shop")], block["y"][: block["n"]], terms.trees)
    expected = [opened for tree in range(2) for opened in twin.grow(tree)]
    found = []
    for inputs in made.seen:
        ends, told = inputs["ends"] > 0, np.zeros(inputs["ends"].shape, np.uint64)
        told[ends] = inputs["told"][:, 0]
        left = np.where(ends, np.cumsum(inputs["shares"], axis=2, dtype=np.uint64) + told, 0)
        for pair, own in enumerate(left):
            found.append((ends[pair], own))
            if len(inputs["above"]):
                found.append((ends[pair], np.where(ends[pair], inputs["above"][pair, :, 1:] - own, 0)))
    assert len(found) == len(expected) > 6
    for (ends, sums), opened in zip(found, expected, strict=True):
        assert (ends == opened.ends).all() and (sums == opened.upto[:, 1:]).all()
