"""What is opened of trees at level `shared`, computed in the clear by the program's own rules: 50 trees in seconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from accord_protocols.boosting.caps import DEAD, fineness, ranges
from accord_protocols.boosting.objective import HALF_WORD
from accord_protocols.boosting.walking import goes_left
from accord_protocols.tasks.hidden import label
from accord_protocols.tasks.registry import Context
from accord_schemas.parts import Trees


@dataclass(frozen=True)
class Opened:
    """A node of which the label holder learns sums.

    Args:
        tree: From 0.
        node: The root is 1.
        ends: Where groups end, ``(M, W)``, of all columns.
        upto: Words up to each end, ``(M, W + 1)``.
        split: Owner, its column, last bin and side of missing values; or nothing.
    """

    tree: int
    node: int
    ends: np.ndarray
    upto: np.ndarray
    split: tuple[int, int, int, int] | None


class Twin:
    """Trees of two parties and more, of which nobody hides anything.

    Args:
        bins: Of each party, the label holder first, ``(n, m)``.
        y: Labels of the rows.
        terms: Of the trees.
        least: Rows of a group, where it is not the agreed number.
    """

    def __init__(self, bins: Sequence[np.ndarray], y: np.ndarray, terms: Trees, least: int | None = None) -> None:
        self.least = terms.min_rows if least is None else least
        self.bins, self.terms, self.n, self.width = bins, terms, len(y), terms.bins
        self.fraction = 30 - self.n.bit_length()
        low, span = float(y.min()), float(y.max() - y.min())
        self.span, self.labels = span, np.rint(np.ldexp((y - low) / span, self.fraction)).astype(np.int64)
        self.base = (2 * int(self.labels.sum()) + self.n) // (2 * self.n)
        self.scores = np.full(self.n, self.base, np.int64)
        self.all = np.concatenate([b.astype(np.int64) for b in bins], axis=1)
        self.ranges = np.concatenate([ranges(b, self.width) for b in bins])
        counts = [b.shape[1] for b in bins]
        self.owners = np.repeat(np.arange(1, len(bins) + 1, dtype=np.uint8), counts)
        self.numbers = np.concatenate([np.arange(count) for count in counts])

    def _sums(self, members: np.ndarray, g: np.ndarray) -> np.ndarray:
        """Words by bin, ``(M, W)``."""
        columns = self.all.shape[1]
        at = (self.all[members] + np.arange(columns) * self.width).ravel()
        size = columns * self.width
        total = np.bincount(at, np.repeat(g[members].astype(float), columns), size).astype(np.int64)
        words = (total.astype(np.uint64) << np.uint64(HALF_WORD)) + np.bincount(at, minlength=size).astype(np.uint64)
        return np.asarray(words.reshape(columns, self.width))

    def grow(self, number: int) -> Iterator[Opened]:
        """What is opened of the next tree."""
        g, most = self.scores - self.labels, self.width.bit_length() - 1
        cap = fineness(self.n, most)
        nodes: tuple[int, ...] = (1,)
        caps: tuple[int, ...] = (cap,)
        members, live = {1: np.arange(self.n)}, dict[int, int]()
        ends, above = self.ranges[None, :, cap], np.zeros((0, len(self.owners), self.width + 1), np.uint64)
        for level in range(self.terms.depth):
            each = len(nodes) // len(caps)
            shares = np.stack([self._sums(members[node], g) for node in nodes[::each]])
            fields: dict[str, Any] = {"shares": shares, "ends": ends, "above": above, "least": self.least}
            fields |= {"total": self.n, "peer": "", "counts": np.zeros((int(ends.sum()), 1), np.uint64)}
            ends = label.tallied(Context(fields, b"", {}, None)).fields["ends"]
            fields |= {"ends": ends, "told": np.zeros((int(ends.sum()), 1), np.uint64)}
            fields |= {"nodes": np.array(nodes), "caps": np.array(caps), "owners": self.owners, "span": self.span}
            fields |= {"numbers": self.numbers, "settings": self.terms.model_dump(mode="json"), "bits": self.fraction}
            picked = label.picked(Context(fields | {"deepest": level + 1 == self.terms.depth}, b"", {}, None)).fields
            upto = self._upto(shares, ends, above)
            split = [k for k, owner in enumerate(picked["owners"].tolist()) if owner]
            for k, node in enumerate(nodes):
                where = (int(picked["owners"][k]), *map(int, picked["splits"][k])) if k in split else None
                yield Opened(number, node, ends[k // each] > 0, upto[k], where)  # type: ignore[arg-type]
                if where:
                    left = goes_left(self.bins[where[0] - 1], *where[1:])[members[node]]
                    members[2 * node], members[2 * node + 1] = members[node][left], members[node][~left]
            live |= dict(zip(picked["leaves"].tolist(), picked["weights"].tolist(), strict=True))
            going = [(k, int(c)) for k, c in zip(split, picked["caps"].tolist(), strict=True) if c != DEAD]
            if not going:
                break
            ends = np.stack([ends[k // each] & self.ranges[:, c] for k, c in going])
            caps, above = tuple(c for _, c in going), picked["above"]
            nodes = tuple(2 * nodes[k] + side for k, _ in going for side in (0, 1))
        for leaf, weight in live.items():
            self.scores[members[leaf]] += weight

    @staticmethod
    def _upto(shares: np.ndarray, ends: np.ndarray, above: np.ndarray) -> np.ndarray:
        left = np.where(ends > 0, np.cumsum(shares, axis=2, dtype=np.uint64), np.uint64(0))
        both = [left] if not len(above) else [left, np.where(ends > 0, above[:, :, 1:] - left, np.uint64(0))]
        found = np.stack(both, axis=1).reshape(-1, *left.shape[1:])
        return np.concatenate([np.zeros((*found.shape[:2], 1), np.uint64), found], axis=2)
