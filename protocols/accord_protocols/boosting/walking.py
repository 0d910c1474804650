"""Which node every row is in. The root is node 1, the children of node i are 2i and 2i + 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from accord_protocols.boosting.gain import exactly
from accord_protocols.primitives.xof import Xof
from accord_schemas.errors import ProtocolError

Places = NDArray[np.uint8]
Bits = NDArray[np.uint8]
Bins = NDArray[np.uint8]
UNFIT = "sides of a split are not those of its node"


def sides(bins: Bins, places: Places, nodes: Sequence[int], splits: NDArray[np.int64]) -> Bits:
    """On which side of one party's splits rows fall, packed: 1 is left, 0 elsewhere.

    Args:
        bins: ``(n, m)``.
        places: ``(n,)``.
        nodes: That the party splits.
        splits: ``(nodes, 3)``: column, last bin of the left side, whether missing values go left.
    """
    left = np.zeros(len(places), bool)
    for node, (column, last, missing) in zip(nodes, splits.tolist(), strict=True):
        rows = np.flatnonzero(places == node)
        left[rows] = goes_left(bins[rows], column, last, missing)
    return np.packbits(left, bitorder="little")


def goes_left(bins: Bins, column: int, last: int, missing: int) -> NDArray[np.bool_]:
    """Which rows ``(n, m)`` are on the left side of a split."""
    own = bins[:, column]
    left: NDArray[np.bool_] = (own <= last) & ((own > 0) | bool(missing))
    return left


def walked(places: Places, owners: Mapping[int, str], told: Mapping[str, Bits]) -> Places:
    """One level further.

    Args:
        places: ``(n,)``.
        owners: Who splits which node; at others rows stay.
        told: By party, what `sides` gave.

    Raises:
        ProtocolError: A party says something of a row that it has no word on.
    """
    found = places.copy()
    for party, bits in told.items():
        if len(bits) != -(-len(places) // 8):
            raise ProtocolError(UNFIT, whose=party)
        mine = np.zeros(256, bool)
        mine[[node for node, owner in owners.items() if owner == party]] = True
        rows, left = mine[places], np.unpackbits(bits, bitorder="little")
        if left[len(places) :].any() or (left[: len(places)] & ~rows).any():
            raise ProtocolError(UNFIT, whose=party)
        found[rows] = 2 * places[rows] + (1 - left[: len(places)][rows])
    return found


def children(parents: Sequence[int]) -> list[int]:
    """Of every node both."""
    return [child for parent in parents for child in (2 * parent, 2 * parent + 1)]


def counts_of(places: Places, nodes: Sequence[int]) -> NDArray[np.int64]:
    """Rows of each node."""
    counted: NDArray[np.int64] = np.bincount(places, minlength=256)[list(nodes)].astype(np.int64)
    return counted


def sampled(sid: bytes, tree: int, rows: int, part: float, what: str) -> NDArray[np.uint8]:
    """``(rows,)``: 1 for the rows, or columns, that a tree is grown on, a random part which everybody derives alike."""
    found = np.zeros(rows, np.uint8)
    kept = rows if part == 1 else max(1, int(exactly(part) * rows)) if rows else 0
    order = np.arange(rows) if part == 1 else Xof(sid, "trees", what, tree).permutation(rows)
    found[order[:kept]] = 1
    return found
