"""What a party remembers of the trees that it takes part in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_protocols.phases.boosting.edge import Linked
from accord_protocols.phases.boosting.prepare import Ready
from accord_protocols.primitives.onehot.ledger import Ledger
from accord_protocols.tasks.results.boosting import Derived, Level
from accord_protocols.tasks.results.common import Bytes, Ints, Words


@dataclass(frozen=True, slots=True, repr=False)
class Forest:
    """The trees so far, as a party knows them.

    Args:
        nodes: At the label holder, of every tree: node, owner, and number of the split in the owner's table.
        leaves: At the label holder, of every tree: leaf, and its weight.
        table: The own splits in their order: column, last bin of the left side, whether missing values go left.
        gains: At the label holder, of every split: owner, its column, gain.
        losses: At the label holder, of the TEST rows after every tree.
    """

    nodes: tuple[tuple[tuple[int, str, int], ...], ...] = ()
    leaves: tuple[tuple[tuple[int, int], ...], ...] = ()
    table: tuple[tuple[int, int, int], ...] = ()
    gains: tuple[tuple[str, int, float], ...] = ()
    losses: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Standing:
    """Where a party stands between trees.

    Args:
        ready: The own bins, and everybody's numbers of columns.
        edges: By other end.
        ledgers: By other end, what vectors have used.
        tree: Number of the next one, from 0.
        forest: Those so far.
        scores: At the label holder, of TRAIN and TEST rows, ``(n + k,)``.
    """

    ready: Ready
    edges: Mapping[str, Linked]
    ledgers: Mapping[str, Ledger]
    tree: int = 0
    forest: Forest = field(default_factory=Forest)
    scores: Ints = field(default_factory=lambda: np.zeros(0, np.int64))


@dataclass(frozen=True, slots=True, repr=False)
class Tree:
    """A tree that is being grown.

    Args:
        standing: Before it.
        sampled: ``(n,)``, the TRAIN rows that it is grown on.
        columns: By party, the columns that it looks at.
        level: From 0.
        at: The own result of the level.
        nodes: Of the level: a root, or both children of every node that was split above.
        split: Those of them that are split.
        owners: By whom.
        own: The own ones' splits, ``(k, 3)``.
        mine: The sides of the own splits, packed.
        nonces: By other end, of this tree's vector.
        told: At a feature holder, the vector.
        derived: At the label holder, derivatives.
        shares: At the label holder, by other party, the own share of the level's sums.
        above: At the label holder, by party, sums of the nodes above.
        finer: Likewise their groups.
        closed: At the label holder, leaves of levels above.
        numbered: How many splits of each party there were before.
        grown: At the label holder, node, owner and number of each split.
        gains: At the label holder, of each split.
    """

    standing: Standing
    sampled: NDArray[np.uint8]
    columns: Mapping[str, Ints]
    level: int = 0
    at: Level | None = None
    nodes: tuple[int, ...] = (1,)
    split: tuple[int, ...] = ()
    owners: tuple[str, ...] = ()
    own: Ints = field(default_factory=lambda: np.zeros((0, 3), np.int64))
    mine: Bytes | None = None
    nonces: Mapping[str, bytes] = field(default_factory=dict)
    told: Any = None
    derived: Derived | None = None
    shares: Mapping[str, Words] = field(default_factory=dict)
    above: Mapping[str, Words] = field(default_factory=dict)
    finer: Mapping[str, Bytes] = field(default_factory=dict)
    closed: tuple[int, ...] = ()
    numbered: Mapping[str, int] = field(default_factory=dict)
    grown: tuple[tuple[int, str, int], ...] = ()
    gains: tuple[tuple[str, int, float], ...] = ()

    @property
    def here(self) -> Level:
        """The own result of the level."""
        assert self.at is not None, "a level was computed"
        return self.at

    @property
    def number(self) -> int:
        """Of the tree."""
        return self.standing.tree


@dataclass(frozen=True, slots=True, repr=False)
class Scale:
    """What scores and leaves of level `shared` mean: offset + factor · score / 2^bits, in the labels' unit.

    Args:
        bits: Fraction bits.
        factor: Between the least label and the largest one.
        offset: The least.
        base: The score that every row begins with.
    """

    bits: int
    factor: float
    offset: float
    base: int


@dataclass(frozen=True, slots=True, repr=False)
class Boosted:
    """What a party has learned.

    Args:
        ready: The own bins.
        forest: As it knows it.
        scores: At the label holder, of TRAIN and TEST rows; at `shared` of TEST rows alone, rounded.
        trees: How many there are.
        stopped: Whether the loss of the TEST rows ended it.
        scale: Of scores at `shared`.
    """

    ready: Ready
    forest: Forest
    scores: Ints
    trees: int
    stopped: bool
    scale: Scale | None = None
