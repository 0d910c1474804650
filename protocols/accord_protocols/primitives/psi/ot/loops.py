"""Whether the inner loops of an exchange are compiled: where numba is there, and sets are so large that it pays.

The bytes are the same either way.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

LARGE = 1 << 18
"""Ids of a set from which on it pays."""


def loops(ids: int) -> Any:
    """The module `compiled` for a set of so many ids; None where numpy does it."""
    return _compiled() if ids >= LARGE else None


def warm() -> None:
    """Have them compiled, by calling each with little."""
    if (fast := _compiled()) is None:
        return
    n, words = 4, np.zeros((4, 8), np.uint64)
    codes, masks, slots = np.zeros((n, 5), np.uint64), np.zeros(n, np.uint64), np.zeros((n, 3), np.int64)
    table, dense = np.zeros((64, 5), np.uint64), np.zeros((1, 256, 5), np.uint64)
    keys = np.zeros(n, np.int64)
    fast.blocks(np.zeros((n, 16), np.uint8), np.empty((n, 4, 16), np.uint8))
    fast.items(_read_only(words), 60, 56, codes, masks, slots)
    fast.peel(slots, 60, keys, keys.copy(), np.zeros(n, bool))
    fast.fill(slots, codes, masks, dense, keys, keys.copy(), table)
    fast.spread(slots, _read_only(np.zeros((n, 2), np.uint64)), keys, keys.copy(), np.zeros((60, 2), np.uint64))
    fast.read(table, slots, masks, dense, codes)
    fast.read(_read_only(table), slots, masks, dense, codes)
    for rows in (codes, _read_only(codes.copy())):
        fast.add_products(rows, np.zeros(5, np.uint64), np.zeros(5, np.uint64), codes.copy())
    fast.transpose(np.zeros((64, 8), np.uint64), np.zeros(6, np.uint64), np.zeros((512, 5), np.uint64), 0)
    data, lengths = _read_only(np.zeros(4, np.uint8)), np.ones(n, np.int64)
    fast.pad(data, np.arange(n + 1), np.empty((n, 64), np.uint8))
    key = _read_only(np.zeros(8, np.uint32))
    fast.digests(key, np.zeros((n, 16), np.uint32), lengths, np.empty((n, 8), np.uint32))


def _read_only(array: Any) -> Any:
    """Numba compiles for arrays that cannot be written anew."""
    array.flags.writeable = False
    return array


@cache
def _compiled() -> Any:
    try:
        return import_module("accord_protocols.primitives.psi.ot.compiled")
    except ImportError:
        return None
