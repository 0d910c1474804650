"""Singletons at `shared`: an honest label holder that looks through all it was told for sums of one row.

A group of one row shows the row's derivative, in the other's column and in its own ones: these name the row, and its
bin of the other's column is known. Without groups of enough rows the attack read 1,711 cells of default_credit from 50
trees, 99 % of them rightly.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.support.trees import Watched, grown
from tests.support.world import boosted, tables

from accord_protocols.boosting.objective import unpacked
from accord_protocols.kernel.engine import Job

TERMS: dict[str, Any] = {
    "protection": "shared",
    "objective": "squared",
    "stop_after": None,
    "trees": 3,
    "depth": 4,
    "bins": 32,
}
LEAST = 20


class Overheard(Watched):
    """A world in which what the label holder chooses splits by is kept."""

    def work(self, me: str, job: Job) -> dict[str, Any]:
        if job.compute.task == "hidden.picked":
            self.seen: list[dict[str, Any]] = [*getattr(self, "seen", []), dict(job.compute.inputs)]
        return super().work(me, job)


@pytest.fixture(scope="module")
def world() -> Overheard:
    made = Overheard(boosted(2, **TERMS), tables(2, n=700, columns=2, seed=3))
    made.run()
    assert not any(party.aborted for party in made.parties.values())
    return made


def opened(world: Overheard) -> list[list[tuple[np.ndarray, np.ndarray]]]:
    """Of every node, by column, the derivatives and the rows of each group of which the label holder knows the sum."""
    found = []
    for inputs in world.seen:
        ends = inputs["ends"] > 0
        told = np.zeros(ends.shape, np.uint64)
        told[ends] = inputs["told"][:, 0]
        left = np.cumsum(inputs["shares"], axis=2, dtype=np.uint64) + told
        nodes = [(left, ends)]
        if len(inputs["above"]):
            nodes.append((inputs["above"][:, :, 1:] - left, ends))
        for sums, where in nodes:
            for words, columns in zip(sums, where, strict=True):
                groups = (unpacked(np.append(np.uint64(0), w[e])) for w, e in zip(words, columns, strict=True))
                found.append([(np.diff(g), np.diff(h)) for g, h in groups])
    return found


def test_no_opened_sum_is_of_few_rows_and_none_links_a_row(world: Overheard) -> None:
    """0 claims of 0 single rows, where the same nodes have more than a hundred of them."""
    nodes, claims, groups = opened(world), 0, 0
    for columns in nodes:
        own, other = columns[:2], columns[2:]
        known = {int(g) for gs, hs in own for g, h in zip(gs, hs, strict=True) if h == 1}
        claims += sum(int(g) in known for gs, hs in other for g, h in zip(gs, hs, strict=True) if h == 1)
        for _, rows in columns:
            assert ((rows == 0) | (rows >= LEAST)).all()
            groups += len(rows)
    assert claims == 0 and groups > 100
    assert alone(world) > 100


def alone(world: Overheard) -> int:
    """Bins of the other's columns with a single row in a node whose sums were opened."""
    blocks, found = {me: world.block(me) for me in world.parties}, 0
    for number in range(TERMS["trees"]):
        rows = {1: np.arange(blocks["bank"]["n"])}
        for split in grown(world, number):
            here = rows[split.node]
            bins = blocks[split.party]["train"][here, split.column]
            left = (bins <= split.last) & ((bins > 0) | split.missing)
            rows[2 * split.node], rows[2 * split.node + 1] = here[left], here[~left]
        for node, here in rows.items():
            if node < 2 ** TERMS["depth"]:
                found += sum(int((np.bincount(own) == 1).sum()) for own in blocks["shop"]["train"][here].T)
    return found
