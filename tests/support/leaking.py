"""What an honest label holder can work out at level `shared` from all sums that it is told, without guessing, and by.

Linking single rows: a group of one row shows the row's derivative, beside those of its own columns, which name the row.
Certainties: rows of its own bins that are empty or full in a node are outside or inside of it; where a split of
another party parts rows of which it knows that they are there, it knows their side, and of rows of a node no bin of an
empty group is possible. Statistics: of nodes whose rows it knows, what counts of groups say of the bin of a row.
"""

from __future__ import annotations

import numpy as np
from tests.support.twin import Opened

from accord_protocols.boosting.objective import unpacked


class Reader:
    """The label holder, who knows its own bins and labels.

    Args:
        own: Its bins, ``(n, m)``.
        others: The other party's bins, ``(n, k)``, by which it is measured.
        y: Whether each label is the larger one; of labels of two values.
        width: Bins of a column.
    """

    def __init__(self, own: np.ndarray, others: np.ndarray, y: np.ndarray, width: int) -> None:
        self.own, self.others, self.y, self.width = own.astype(np.int64), others.astype(np.int64), y, width
        self.possible = np.ones((*others.shape, width), bool)
        self.inside, self.outside = dict[int, np.ndarray](), dict[int, np.ndarray]()
        self.claims, self.thin, self.groups = 0, 0, 0
        self.shown: dict[tuple[int, int], float] = {}
        self._known = dict[int, tuple[np.ndarray, Opened]]()
        self._splits = dict[int, tuple[int, int, int, int]]()

    # ---- a node

    def take(self, opened: Opened) -> None:
        """Learn from one node; nodes of a tree come from the root down, siblings after one another."""
        n, node = len(self.own), opened.node
        if node == 1:
            self._finish()
            self.inside, self.outside = {1: np.ones(n, bool)}, {1: np.zeros(n, bool)}
            self._known, self._splits = {}, {}
        self._link(opened)
        if node > 1 and node % 2 == 0:
            self._left = opened
            return
        pair = [opened] if node == 1 else [self._left, opened]
        for _ in range(2):
            for one in pair:
                self._saturate(one)
            if node > 1:
                self._siblings(node)
        for one in pair:
            self._empty(one)
            if self.inside[one.node].sum() == self._rows(one):
                self._known[one.node] = (self.inside[one.node], one)
            if one.split:
                self._children(one, one.split)

    def _groups(self, opened: Opened, column: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Number of the group of each bin, rows and derivatives of each group."""
        ends = np.flatnonzero(opened.ends[column])
        g, h = unpacked(opened.upto[column, np.concatenate([[0], ends + 1])])
        return np.searchsorted(ends, np.arange(self.width)), np.diff(h), np.diff(g)

    def _rows(self, opened: Opened) -> int:
        return int(unpacked(opened.upto[0, -1:])[1][0])

    def _link(self, opened: Opened) -> None:
        """Groups of few rows, and among them single ones whose derivative stands in an own column, too."""
        m, known, single = self.own.shape[1], set[int](), list[int]()
        for column in range(len(opened.ends)):
            _, rows, g = self._groups(opened, column)
            self.thin += int(((rows > 0) & (rows < 20)).sum())
            self.groups += len(rows)
            ones = g[rows == 1].tolist()
            known.update(ones) if column < m else single.extend(ones)
        self.claims += sum(value in known for value in single)

    def _saturate(self, opened: Opened) -> None:
        """Own groups: where none is there, none is inside; where as many as may be, all are; where all are known, no
        other one.
        """
        inside, outside = self.inside[opened.node], self.outside[opened.node]
        for column, bins in enumerate(self.own.T):
            of, rows, _ = self._groups(opened, column)
            group = of[bins]
            may = np.bincount(group[~outside], minlength=len(rows))
            must = np.bincount(group[inside], minlength=len(rows))
            assert (must <= rows).all() and (rows <= may).all(), "a certainty is wrong"
            inside |= (may == rows)[group] & ~outside
            outside |= (must == rows)[group] & ~inside

    def _siblings(self, node: int) -> None:
        """Who is in the parent and not in one is in the other; of a split of another's column, its side."""
        parent, pair = self.inside[node // 2], (node - 1, node)
        for one, other in (pair, pair[::-1]):
            self.outside[one] |= self.inside[other]
            self.inside[one] |= parent & self.outside[other]
        owner, column, last, missing = self._splits[node // 2]
        if owner > 1:
            left = self._goes_left(last, missing)
            self._rule_out(self.inside[pair[0]], column, ~left)
            self._rule_out(self.inside[pair[1]], column, left)

    def _goes_left(self, last: int, missing: int) -> np.ndarray:
        bins = np.arange(self.width)
        return (bins <= last) & ((bins > 0) | bool(missing))

    def _rule_out(self, rows: np.ndarray, column: int, bins: np.ndarray) -> None:
        self.possible[:, column] &= ~(rows[:, None] & bins[None, :])

    def _empty(self, opened: Opened) -> None:
        """Of rows that are there, no bin of an empty group."""
        for column in range(self.others.shape[1]):
            of, rows, _ = self._groups(opened, self.own.shape[1] + column)
            self._rule_out(self.inside[opened.node], column, (rows == 0)[of])

    def _children(self, opened: Opened, split: tuple[int, int, int, int]) -> None:
        """Who is certainly on which side: of an own column all, of another's as far as its bin is known."""
        (owner, column, last, missing), node = split, opened.node
        left, self._splits[node] = self._goes_left(last, missing), split
        one = np.arange(self.width) == self.own[:, column, None] if owner == 1 else None
        possible = self.possible[:, column] if one is None else one
        sides = [np.logical_not(possible[:, bins].any(axis=1)) for bins in (~left, left)]
        for side in (0, 1):
            self.inside[2 * node + side] = self.inside[node] & sides[side]
            self.outside[2 * node + side] = self.outside[node] | sides[1 - side]

    # ---- what it comes to

    def certain(self) -> tuple[float, float]:
        """How much of the entropy of the others' bins it knows, and how much of the cells exactly."""
        n, columns = self.others.shape
        left = total = exact = 0.0
        for column in range(columns):
            bins, possible = self.others[:, column], self.possible[:, column]
            assert possible[np.arange(n), bins].all(), "a certainty is wrong"
            share = np.bincount(bins, minlength=self.width) / n
            whole = np.where(possible, share, 0.0)
            whole /= whole.sum(axis=1, keepdims=True)
            rest = -np.where(whole > 0, whole * np.log2(np.where(whole > 0, whole, 1)), 0).sum(axis=1)
            left, exact = left + float(rest.sum()), exact + int((rest < 1e-9).sum())
            total += n * _entropy(share)
        return 1 - left / total, exact / (n * columns)

    def _finish(self) -> None:
        """Of a tree that is over: what counts of nodes of which all rows are known say of these rows' bins."""
        if not self._known:
            return
        deepest = np.ones(len(self.own), np.int64)
        for node in sorted(self._known):
            deepest[self._known[node][0]] = node
        tree = self._known[1][1].tree
        for column in range(self.others.shape[1]):
            bins = self.others[:, column]
            prior = np.bincount(bins, minlength=self.width) / len(bins)
            bits = sum(self._bits(column, node, deepest == node, prior) for node in np.unique(deepest).tolist())
            self.shown[tree, column] = bits / len(bins)

    def _bits(self, column: int, node: int, here: np.ndarray, prior: np.ndarray) -> float:
        """Of some rows of a node, all of which are known, the bits that their bins still take."""
        _, opened = self._known[node]
        of, rows, g = self._groups(opened, self.own.shape[1] + column)
        bins, y, total = self.others[here, column], self.y[here], 0.0
        ones = self._ones(opened, rows, g)
        for value in (0, 1):
            counts = rows if ones is None else ones if value else rows - ones
            share = np.maximum(counts, 0.5) / np.maximum(counts, 0.5).sum()
            inside = np.bincount(of, prior, len(rows))
            chance = share[of] * prior / np.maximum(inside[of], 1e-300)
            total -= float(np.log2(np.maximum(chance[bins[y == value]], 1e-300)).sum())
        return total

    def _ones(self, opened: Opened, rows: np.ndarray, g: np.ndarray) -> np.ndarray | None:
        """Of the first tree, in which a derivative has two values: how many labels of each group are the larger one."""
        if opened.tree:
            return None
        _, whole, own = self._groups(opened, 0)
        fraction = 1 << (30 - len(self.own).bit_length())
        base = (2 * int(self.y.sum()) * fraction + len(self.y)) // (2 * len(self.y))
        assert whole.sum() == rows.sum() and own.sum() == g.sum()
        return np.asarray((rows * base - g) // fraction)

    def statistics(self) -> float:
        """Of the entropy of the others' bins what the one best tree for each column says, in the mean."""
        self._finish()
        columns = range(self.others.shape[1])
        total = sum(_entropy(np.bincount(self.others[:, c]) / len(self.own)) for c in columns)
        return 1 - sum(min(v for (_, c), v in self.shown.items() if c == column) for column in columns) / total


def _entropy(share: np.ndarray) -> float:
    some = share[share > 0]
    return float(-(some * np.log2(some)).sum())


def alike(n: int, columns: tuple[int, int], seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Columns of two companies that know some of the same things of their customers, and labels; a fifth are 1."""
    rng = np.random.default_rng(seed)
    known = rng.normal(size=(n, 6))
    own, other = (known @ rng.normal(size=(6, k)) + 0.7 * rng.normal(size=(n, k)) for k in columns)
    score = known @ rng.normal(size=6) + np.maximum(other[:, 0], own[:, 0]) + 2 * rng.normal(size=n)
    return own.round(3), other.round(3), (score > np.quantile(score, 0.8)).astype(float)
