"""What a party remembers of trees at level `shared`: all that there is of rows is in two shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from accord_protocols.phases.boosting.edge import Linked
from accord_protocols.phases.boosting.prepare import Ready
from accord_protocols.phases.boosting.states import Forest
from accord_protocols.primitives.onehot.ledger import Ledger
from accord_protocols.tasks.results.common import Bytes, Ints, Words
from accord_protocols.tasks.results.hidden import BitsChosen

LABEL, OTHER = 1, 2
"""Owners of a split, as they are told: of two parties; of more their numbers in the order of the agreement."""


def none() -> Words:
    """No rows."""
    return np.zeros((0, 0), np.uint64)


@dataclass(frozen=True, slots=True, repr=False)
class Split:
    """A node that is split: its owner, its number among the owner's splits, and at the owner where."""

    node: int
    owner: int
    number: int
    at: tuple[int, int, int] = (0, 0, 0)


@dataclass(frozen=True, slots=True, repr=False)
class Further:
    """What one of the two who hold the shares keeps of a further party.

    Args:
        out: The edge over its bins.
        told: Vectors that were put under their pads.
        taken: Extensions with its bits.
        sent: The own shares of the level's sums in its columns, ``(pairs, m, W)``.
        said: The nonce of its bits, in the exchange under way.
        share: The own share of the products with these.
        joined: Where it is sent, what the party knows of both products together.
    """

    out: Linked
    told: Ledger = field(default_factory=Ledger)
    taken: Ledger = field(default_factory=Ledger)
    sent: Words = field(default_factory=none)
    said: bytes = b""
    share: Words = field(default_factory=none)
    joined: Words | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Exchange:
    """Bits of both parties times numbers that both have shares of: one column of numbers for each split.

    Args:
        step: Where it is said.
        splits: Of these.
        x: ``(rows, splits)``, the own shares of the numbers.
        rising: Whether these are rows of all kinds, on the way up; else TRAIN rows, on the way down.
        chosen: The own bits, if any.
        said: The nonce of the other's bits, if any.
        q: The own half of their transfers.
        theirs: The own share of the products with these.
        mine: That of those with the own bits, while products with further parties' bits are awaited.
    """

    step: str
    splits: tuple[Split, ...]
    x: Words
    rising: bool
    chosen: BitsChosen | None = None
    said: bytes = b""
    q: Words = field(default_factory=none)
    theirs: Words | None = None
    mine: Words | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Hidden:
    """Where a party stands.

    Args:
        ready: The own bins, and both numbers of columns.
        into: The edge over the own bins.
        out: That over the other's.
        scores: The own shares of scores, ``(n + k,)``.
        labels: At the label holder, ``(n,)`` between 0 and 1.
        low: The least label.
        span: The largest one less that.
        ranges: Groups of each fineness of all columns, ``(M, D + 1, W)``.
        forest: Trees so far.
        tree: Number of the next one.
        heard: Vectors of the other's that were summed.
        told: The own ones.
        bits: Extensions with the own bits.
        taken: With the other's.
        level: Of the tree, from 0.
        nodes: Of the level.
        words: The own shares of their words, ``(n, nodes)``.
        left: Those of vectors that are summed, ``(n, pairs)``.
        caps: How fine the sums of each pair may be.
        ends: Where groups of each pair may end, then where they do, ``(pairs, M, W)``.
        shares: The own shares of sums by bin, ``(pairs, M, W)``.
        above: At the label holder, opened sums of the pairs' parents, ``(pairs, M, W + 1)``.
        splits: Of the tree, by level.
        live: Of the last level's splits those that go on, by their numbers.
        leaves: At the label holder, of the tree.
        at: The exchange under way.
        right: The own shares of right children's values.
        further: By name, what there is of parties that hold no share.
        missed: At the label holder, the squares of the own shares of TEST rows in all.
    """

    ready: Ready
    into: Linked
    out: Linked
    scores: Words = field(default_factory=none)
    labels: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    low: float = 0.0
    span: float = 1.0
    base: int = 0
    ranges: Bytes = field(default_factory=lambda: np.zeros((0, 0, 0), np.uint8))
    forest: Forest = field(default_factory=Forest)
    tree: int = 0
    heard: Ledger = field(default_factory=Ledger)
    told: Ledger = field(default_factory=Ledger)
    bits: Ledger = field(default_factory=Ledger)
    taken: Ledger = field(default_factory=Ledger)
    level: int = 0
    nodes: tuple[int, ...] = (1,)
    words: Words = field(default_factory=none)
    left: Words = field(default_factory=none)
    caps: tuple[int, ...] = ()
    ends: Bytes = field(default_factory=lambda: np.zeros((0, 0, 0), np.uint8))
    sent: Words = field(default_factory=none)
    shares: Words = field(default_factory=none)
    above: Words = field(default_factory=none)
    splits: tuple[tuple[Split, ...], ...] = ()
    live: tuple[int, ...] = ()
    leaves: tuple[tuple[int, int], ...] = ()
    at: Exchange | None = None
    right: Words = field(default_factory=none)
    below: tuple[int, ...] = ()
    values: Words = field(default_factory=none)
    further: Mapping[str, Further] = field(default_factory=dict)
    missed: Words = field(default_factory=none)

    @property
    def now(self) -> Exchange:
        """The exchange under way."""
        assert self.at is not None, "an exchange was begun"
        return self.at

    @property
    def step(self) -> str:
        """Of the level."""
        return f"{self.tree}.{self.level}"

    def counted(self, order: Sequence[str]) -> dict[int, int]:
        """Splits so far, by owner; `order` of the parties."""
        return counted(self.forest, self.splits, order)


@dataclass(frozen=True, slots=True, repr=False)
class Beside:
    """Where a party stands that holds columns and no share of rows.

    Args:
        ready: The own bins.
        edges: Over them, by who holds a share.
        ranges: The own groups of each fineness, ``(m, D + 1, W)``.
        forest: Trees so far.
        tree: Number of the next one.
        heard: Vectors that were summed.
        bits: Extensions with the own bits.
        level: Of the tree, from 0.
        nodes: Of the level.
        caps: How fine the sums of each pair may be.
        ends: Where groups of the own columns may end, then where they do, ``(pairs, m, W)``.
        shares: Of their sums by bin that both vectors give together, ``(pairs, m, W)``.
        splits: Of the tree, by level.
        at: The exchange under way; nobody here has numbers for it.
        chosen: By who holds a share, the own bits.
    """

    ready: Ready
    edges: Mapping[str, Linked]
    ranges: Bytes
    forest: Forest = field(default_factory=Forest)
    tree: int = 0
    heard: Mapping[str, Ledger] = field(default_factory=dict)
    bits: Mapping[str, Ledger] = field(default_factory=dict)
    level: int = 0
    nodes: tuple[int, ...] = (1,)
    caps: tuple[int, ...] = ()
    ends: Bytes = field(default_factory=lambda: np.zeros((0, 0, 0), np.uint8))
    shares: Words = field(default_factory=none)
    splits: tuple[tuple[Split, ...], ...] = ()
    at: Exchange | None = None
    chosen: Mapping[str, BitsChosen] = field(default_factory=dict)

    @property
    def now(self) -> Exchange:
        """The exchange under way."""
        assert self.at is not None, "an exchange was begun"
        return self.at

    @property
    def step(self) -> str:
        """Of the level."""
        return f"{self.tree}.{self.level}"


def counted(forest: Forest, splits: Sequence[Sequence[Split]], order: Sequence[str]) -> dict[int, int]:
    """Splits of the trees before and of this one, by owner; `order` of the parties."""
    found = dict.fromkeys(range(1, len(order) + 1), 0)
    for nodes in forest.nodes:
        for _, owner, _ in nodes:
            found[order.index(owner) + 1] += 1
    for level in splits:
        for split in level:
            found[split.owner] += 1
    return found
