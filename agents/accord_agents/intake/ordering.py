"""Many hashes in their order, and which of them are equal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]


def ordered(hashes: NDArray[np.uint64]) -> tuple[Places, Places, Places]:
    """Places of hashes in their order, ascending among equal ones, and the runs of equal ones.

    Numbers alone are sorted several times as fast as places by their numbers, so each hash gives its last bits for its
    place. Where the others are equal, which of a million hashes are hardly more than those of one id, whole ones are
    looked at.

    Returns:
        ``(n,)`` places, and where in these each run of two or more equal hashes begins and ends.
    """
    bits = max(1, len(hashes) - 1).bit_length()
    low = np.uint64((1 << bits) - 1)
    keys = hashes & ~low
    keys |= np.arange(len(hashes), dtype=np.uint64)
    keys.sort()
    begin, end = _runs((keys[1:] ^ keys[:-1]) <= low)
    keys &= low
    order = keys.view(np.int64)
    sizes = end - begin
    which = np.repeat(np.arange(len(sizes)), sizes)
    at = np.repeat(begin - np.cumsum(sizes) + sizes, sizes) + np.arange(len(which))
    whole = hashes[order[at]]
    turned = np.lexsort((whole, which))  # stable: places of equal hashes stay ascending
    order[at] = order[at][turned]
    whole = whole[turned]
    first, last = _runs((whole[1:] == whole[:-1]) & (which[1:] == which[:-1]))
    return order, at[first], at[last - 1] + 1


def _runs(alike: NDArray[np.bool]) -> tuple[Places, Places]:
    """Where runs of two or more begin and end, of ``(n - 1,)`` whether each is like the one before."""
    edges = np.flatnonzero(np.diff(alike, prepend=False, append=False))
    return edges[::2], edges[1::2] + 1
