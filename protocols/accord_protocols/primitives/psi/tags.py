"""Rows of bytes as keys: sorting and finding them, by their first 64 bits wherever these differ."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_WORD = 8
_PART = 21  # so many rows, two to the power of it, are sorted at a time
Rows = NDArray[np.uint8]


def as_strings(rows: Rows) -> NDArray[np.bytes_]:
    """Rows ``(n, width) uint8`` as ``(n,)`` strings that sort and compare whole; sound, as all have one length."""
    return np.ascontiguousarray(rows).view(f"S{rows.shape[1]}").reshape(-1)


def distinct(rows: Rows) -> bool:
    """Whether no row ``(n, width) uint8`` occurs twice."""
    return not _repeats(np.sort(_firsts(rows))) or not _repeats(np.sort(as_strings(rows)))


def in_order(rows: Rows) -> Rows:
    """The rows ``(n, width) uint8`` in an order that does not depend on the one they are in."""
    order = np.argsort(firsts := _firsts(rows))
    return rows[np.argsort(as_strings(rows)) if _repeats(firsts[order]) else order]


class Index:
    """Rows ``(n, width) uint8`` in an order in which others are found; of equal ones any may be found."""

    def __init__(self, rows: Rows) -> None:
        self._rows, keys = rows, _firsts(rows)
        self._order = np.argsort(keys)
        self._keys: NDArray[Any] = keys[self._order]
        self._whole = _repeats(self._keys)
        if self._whole:
            strings = as_strings(rows)
            self._order = np.argsort(strings)
            self._keys = strings[self._order]

    def find(self, wanted: Rows) -> NDArray[np.int64]:
        """Where each wanted row ``(m, width) uint8`` stands, ``(m,)``; −1 where it does not.

        They are sorted first: a search for keys in their order stays in the cache, and takes a tenth of the time.
        """
        if not len(self._rows):
            return np.full(len(wanted), -1)
        keys: NDArray[Any] = as_strings(wanted) if self._whole else _firsts(wanted)
        turns, places = np.argsort(keys), np.empty(len(wanted), np.int64)
        places[turns] = np.searchsorted(self._keys, keys[turns])
        np.minimum(places, len(self._keys) - 1, out=places)
        likely = np.flatnonzero(self._keys[places] == keys)
        at = self._order[places[likely]]
        if not self._whole:  # those that begin alike
            same = (self._rows[:, _WORD:][at] == wanted[:, _WORD:][likely]).all(axis=1)
            likely, at = likely[same], at[same]
        found = np.full(len(wanted), -1)
        found[likely] = at
        return found


def find(rows: Rows, wanted: Rows) -> NDArray[np.int64]:
    """Where each wanted row stands, ``(m,)``; −1 where it does not.

    Args:
        rows: ``(n, width) uint8``; of equal ones any may be found.
        wanted: ``(m, width) uint8``.
    """
    parts = np.uint64((len(rows) + len(wanted) >> _PART).bit_length())
    if not parts:
        return Index(rows).find(wanted)
    found, own, other = np.full(len(wanted), -1), _firsts(rows), _firsts(wanted)
    for part in range(1 << int(parts)):  # of equal beginnings all are in one part
        here, there = (np.flatnonzero(firsts >> (np.uint64(64) - parts) == part) for firsts in (own, other))
        if len(here):
            at = Index(rows[here]).find(wanted[there])
            found[there] = np.where(at < 0, -1, here[at])
    return found


def _firsts(rows: Rows) -> NDArray[np.uint64]:
    """The first 64 bits of every row, in an order of their own."""
    head = np.zeros((len(rows), _WORD), np.uint8)
    head[:, : rows.shape[1]] = rows[:, :_WORD]
    return head.view("<u8").astype(np.uint64, copy=False).reshape(-1)


def _repeats(ordered: NDArray[Any]) -> bool:
    return bool((ordered[1:] == ordered[:-1]).any())
