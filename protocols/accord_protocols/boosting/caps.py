"""How fine the sums of a node may be at level `shared`: in at most so many nested groups of a column as its smaller
sibling has fifties of rows.

A sum of one row would show its derivative beside those of the label holder's own columns, and so name the row.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from accord_protocols.boosting.groups import Ends

ROWS_PER_GROUP = 50
DEAD = 255
"""Said in place of a fineness where neither child is split."""


def fineness(rows: int, most: int) -> int:
    """The exponent of the number of groups that a node with so many rows in its smaller sibling may have, `most` at
    most."""
    return min(most, max(0, (rows // ROWS_PER_GROUP).bit_length() - 1))


def ranges(bins: NDArray[np.uint8], width: int) -> Ends:
    """A party's groups of each fineness, ``(m, log2(W) + 1, W)``: of so many parts with about as many TRAIN rows, whose
    ends are also ends of the finer ones. The finest ones are the bins.
    """
    most, rows = width.bit_length() - 1, len(bins)
    found = np.zeros((bins.shape[1], most + 1, width), bool)
    found[:, :, -1] = True
    found[:, most] = True
    for column, own in enumerate(bins.T):
        total = np.cumsum(np.bincount(own, minlength=width))
        for exponent in range(most):
            parts = 1 << exponent
            wanted = [-(-rows * part // parts) for part in range(1, parts)]
            found[column, exponent, np.searchsorted(total, wanted)] = True
    return found


def nested(found: Ends) -> bool:
    """Whether groups are what `ranges` may give: each part of the coarser ones, and no more than it says."""
    counts = found.sum(axis=2)
    bounds = 1 << np.arange(found.shape[1])
    coarser, finer = found[:, :-1], found[:, 1:]
    return bool(found[..., -1].all() and (counts <= bounds).all() and not (coarser & ~finer).any())
