"""The population stability index: how far the rows that a model is tested on are from those that it learned from."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.elementary import log

Vector = NDArray[np.float64]
PARTS = 10
SHIFTED, SLIGHTLY = 0.25, 0.1
"""Above the first, populations differ; above the second, somewhat (Siddiqi, Credit Risk Scorecards, 2006)."""
_HALF = 0.5


def stability(train: Vector, test: Vector) -> float | None:
    """Σ (q − p)·ln(q / p) over ten parts of the TRAIN rows' values, p and q the shares of TRAIN and TEST rows there.

    Parts end at tenths of the TRAIN values, fewer where values repeat. An empty part counts half a row, so that no
    logarithm is infinite.

    Args:
        train: ``(n,)`` values of TRAIN rows: scores, or a column.
        test: ``(k,)`` the same of TEST rows.

    Returns:
        0 where both are distributed alike; None where there are no rows of a kind.
    """
    if not len(train) or not len(test):
        return None
    ordered = np.sort(train)
    edges = np.unique(ordered[[len(train) * k // PARTS for k in range(1, PARTS)]])
    edges = edges[edges > ordered[0]]  # nothing lies below the least value
    shares = []
    for values in (train, test):
        counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1)
        counted = np.maximum(counts.astype(np.float64), _HALF)
        shares.append(counted / math.fsum(counted.tolist()))
    p, q = shares
    return math.fsum(((q - p) * (log(q) - log(p))).tolist())
