"""An oracle of boosted trees, written apart from the program: all sums from scratch, every gain a fraction."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from tests.support.world import World

from accord_protocols.boosting.objective import unpacked
from accord_protocols.kernel.engine import Job
from accord_schemas.parts import Trees


class Watched(World):
    """A world that remembers what tasks gave."""

    def work(self, me: str, job: Job) -> dict[str, Any]:
        found = super().work(me, job)
        self.done: dict[tuple[str, str], dict[str, Any]] = getattr(self, "done", {})
        self.done[me, str(job.address)] = found
        return found

    def of(self, me: str, instance: str, step: str) -> dict[str, Any]:
        """What a party's task gave."""
        return self.done[me, next(a for m, a in self.done if m == me and a.startswith(f"{instance}/{step}"))]

    def block(self, me: str) -> dict[str, Any]:
        """A party's rows in bins."""
        return self.of(me, "bin", "binned")


@dataclass(frozen=True)
class Node:
    """A split, as the oracle finds it."""

    node: int
    party: str
    column: int
    last: int
    missing: bool
    rows: int
    left: int


def tree(world: Watched, number: int) -> list[Node]:
    """The splits of one tree, from the derivatives that it was grown on."""
    terms = world.terms.trees
    assert terms is not None
    derived = world.of(world.terms.leader, "boost", f"derived.{number}")
    g, h = (v.tolist() for v in unpacked(derived["words"]))
    unit = Fraction(2) ** derived["bits"]
    columns = [
        (party, k, column) for party in world.terms.order for k, column in enumerate(world.block(party)["train"].T)
    ]
    found: list[Node] = []
    root = np.arange(len(g))
    parts = [_part(c, [root], range(1, terms.bins + 1), terms) for _, _, c in columns]
    _grow(1, 0, root, parts, columns, (g, h, unit), terms, found)
    return sorted(found, key=lambda split: split.node)


def _part(bins: np.ndarray, sets: list[np.ndarray], ends: Any, terms: Trees) -> list[int]:
    def fine(low: int, high: int) -> bool:
        counts = [int(((bins[rows] >= low) & (bins[rows] < high)).sum()) for rows in sets]
        return any(counts) and all(c == 0 or c >= terms.min_rows for c in counts)

    found = [0]
    for end in ends:
        found += [end] if fine(found[-1], end) else []
    while len(found) > 1 and found[-1] < terms.bins and not fine(found[-1], terms.bins):
        found.pop()
    return found[1:] if found[-1] == terms.bins else [*found[1:], terms.bins]


def _grow(
    node: int, depth: int, rows: Any, parts: Any, columns: Any, sums: Any, terms: Trees, found: list[Node]
) -> None:
    g, h, unit = sums
    l2, least = int(Fraction(repr(terms.l2)) * unit), int(Fraction(repr(terms.min_child_weight)) * unit)
    total_g, total_h, top = sum(g[i] for i in rows), sum(h[i] for i in rows), None
    if depth == terms.depth or len(rows) < 2 * terms.min_rows:
        return
    for (party, k, bins), ends in zip(columns, parts, strict=True):
        own = bins[rows]
        apart = ends[0] == 1 and any(h[i] for i in rows[own == 0])
        for missing in (True, False) if apart else (True,):
            for end in ends[:-1] if missing else ends[1:-1]:
                left = (own < end) & ((own > 0) | missing)
                gl, hl = sum(g[i] for i in rows[left]), sum(h[i] for i in rows[left])
                if min(hl, total_h - hl) < max(least, 1):
                    continue
                gain = Fraction(gl * gl, hl + l2) + Fraction((total_g - gl) ** 2, total_h - hl + l2)
                gain -= Fraction(total_g**2, total_h + l2)
                if gain > (top[0] if top else 0):
                    top = gain, party, k, end - 1, missing, left
    if top is None:
        return
    _, party, k, last, missing, left = top
    children = [rows[left], rows[~left]]
    found.append(Node(node, party, k, last, missing, len(rows), len(children[0])))
    below = [_part(bins, children, ends, terms) for (_, _, bins), ends in zip(columns, parts, strict=True)]
    for number, child in enumerate(children):
        _grow(2 * node + number, depth + 1, child, below, columns, sums, terms, found)


def grown(world: Watched, number: int) -> list[Node]:
    """The splits of one tree, as the parties found them; rows are counted from the label holder's places."""
    leader = world.terms.leader
    model = world.parties[leader].notes["model"]["trees"][number]
    blocks = {party: world.block(party) for party in world.terms.order}
    n = blocks[leader]["n"]
    rows = {1: np.arange(n)}
    found = []
    for one in model["nodes"]:
        split = world.parties[one["party"]].notes["model"]["splits"][one["split"]]
        block = blocks[one["party"]]
        k = block["names"].index(split["column"])
        last = block["cuts"][k].index(split["below"]) + 1 if split["below"] is not None else 0
        bins = block["train"][rows[one["node"]], k]
        left = (bins <= last) & ((bins > 0) | split["missing"])
        here = rows[one["node"]]
        rows[2 * one["node"]], rows[2 * one["node"] + 1] = here[left], here[~left]
        found.append(Node(one["node"], one["party"], k, last, split["missing"], len(here), int(left.sum())))
    return sorted(found, key=lambda split: split.node)
