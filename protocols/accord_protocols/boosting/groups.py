"""Groups of bins: the only sums that anybody sees are over groups of enough rows, in both children of a split.

Groups of a node are unions of its parent's, so that no difference of what was opened shows a finer one. A group may
also have no row at all in a child.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Ends = NDArray[np.bool_]
"""``(m, W)``: whether a group ends with a bin; with the last bin one does."""


def finest(bins: int, columns: int) -> Ends:
    """Every bin is a group."""
    return np.ones((columns, bins), bool)


def grouped(counts: Counts, parent: Ends, least: int) -> Ends:
    """The finest groups of siblings that are unions of their parent's.

    Args:
        counts: ``(nodes, m, W)`` rows.
        parent: ``(m, W)``.
        least: Rows of a group, in each node where it has any.
    """
    ends = np.zeros_like(parent)
    sums = np.concatenate([np.zeros((*counts.shape[:2], 1), np.int64), np.cumsum(counts, axis=2)], axis=2)
    for column, above in enumerate(parent):
        here = sums[:, column].T.tolist()  # by bin, of every node
        kept = [0]
        for end in (np.flatnonzero(above) + 1).tolist():
            if _enough(here[kept[-1]], here[end], least):
                kept.append(end)
        last = len(here) - 1
        while len(kept) > 1 and kept[-1] < last and not _enough(here[kept[-1]], here[last], least):
            kept.pop()
        ends[column, [end - 1 for end in {*kept[1:], last}]] = True
    return ends


def _enough(low: list[int], high: list[int], least: int) -> bool:
    """Whether each node has no row or enough between two ends, and not all have none."""
    rows = [b - a for a, b in zip(low, high, strict=True)]
    return all(r == 0 or r >= least for r in rows) and any(rows)


def unions(finer: Ends, coarser: Ends) -> bool:
    """Whether groups are unions of others, and cover all bins."""
    return bool(coarser[:, -1].all() and not (coarser & ~finer).any())
