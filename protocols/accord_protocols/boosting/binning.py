"""Bins of a column: fitted on TRAIN rows by comparisons and counts alone, bin 0 for missing values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Cuts = tuple[float, ...]


def cuts_of(values: Vector, bins: int) -> Cuts:
    """Where bins begin: between all values if there are few, else at quantiles; at most ``bins - 2`` cuts, rising.

    Args:
        values: ``(n,)`` of TRAIN rows, NaN where they are missing.
        bins: At most, that of missing values included.
    """
    known = np.sort(values[~np.isnan(values)]) + 0.0  # no -0.0
    different = np.unique(known)
    if len(different) <= bins - 1:
        return tuple(different[1:].tolist())
    found = np.unique(known[[k * len(known) // (bins - 1) for k in range(1, bins - 1)]])
    return tuple(found[found > known[0]].tolist())


def joined(values: Vector, cuts: Cuts, least: int) -> tuple[Cuts, bool]:
    """Bins of enough rows: smaller ones become one with those above them, the last with the one below.

    Args:
        values: ``(n,)`` of TRAIN rows.
        cuts: Where bins begin.
        least: Rows of a bin that has any.

    Returns:
        Fewer cuts, and whether missing values have a bin of their own; else they are in the first one.
    """
    missing, *counts = np.bincount(bins_of(values, cuts), minlength=len(cuts) + 2).tolist()
    apart = (missing >= least and not 0 < sum(counts) < least) or not missing
    kept, rows = [], 0 if apart else missing
    for cut, count in zip(cuts, counts, strict=False):
        rows += count
        if rows >= least:
            kept.append(cut)
            rows = 0
    if kept and rows + counts[-1] < least:
        kept.pop()
    return tuple(kept), apart


def bins_of(values: Vector, cuts: Cuts) -> NDArray[np.uint8]:
    """``(n,)``: 0 where a value is missing, else one more than the number of cuts that it reaches."""
    found = 1 + np.searchsorted(np.array(cuts, np.float64), values, side="right")
    return np.where(np.isnan(values), 0, found).astype(np.uint8)
