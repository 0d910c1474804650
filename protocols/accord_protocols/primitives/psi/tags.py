"""Rows of bytes as keys: sorting and finding them, by their first 64 bits wherever these differ.

Rows are taken by `take`, several times as fast as by indexing: findings/numpy-moves-narrow-rows-number-by-number.sh.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.threads import each

_WORD = 8
_PART = 20  # so many rows, two to the power of it, are sorted at a time
Rows = NDArray[np.uint8]


def as_items(rows: Rows) -> NDArray[np.void]:
    """Rows ``(n, width) uint8`` as ``(n,)`` things that are assigned whole: several times as fast as byte by byte."""
    return np.ascontiguousarray(rows).view(f"V{rows.shape[1]}").reshape(-1)


def as_strings(rows: Rows) -> NDArray[np.bytes_]:
    """Rows ``(n, width) uint8`` as ``(n,)`` strings that sort and compare whole; sound, as all have one length."""
    return np.ascontiguousarray(rows).view(f"S{rows.shape[1]}").reshape(-1)


def distinct(rows: Rows) -> bool:
    """Whether no row ``(n, width) uint8`` occurs twice."""
    return not _repeats(np.sort(_firsts(rows))) or not _repeats(np.sort(as_strings(rows)))


def packed(places: NDArray[np.int64]) -> Rows:
    """Places below 2^32 as four bytes each, ``(n, 4) uint8``: half of what they take to keep."""
    return places.astype("<u4").view(np.uint8).reshape(-1, 4)


def unpacked(places: Rows) -> NDArray[np.int64]:
    """They again."""
    return np.ascontiguousarray(places).view("<u4").reshape(-1).astype(np.int64)


def in_order(rows: Rows, threads: int = 1) -> Rows:
    """The rows ``(n, width) uint8`` in an order that does not depend on the one they are in; see `sorting`."""
    return rows.take(sorting(rows, threads), axis=0)


def sorting(rows: Rows, threads: int = 1) -> NDArray[np.int64]:
    """What brings rows ``(n, width) uint8``, no two of which are equal, into an order of their own.

    Args:
        rows: Any.
        threads: How many parts of them are sorted side by side, where there are several.
    """
    bits = _bits(rows, len(rows))
    if not bits:
        return _sorting(rows)
    made, parts = np.empty(len(rows), np.int64), _parts(rows, bits)
    ends = np.cumsum(np.bincount(parts, minlength=1 << bits)).tolist()

    def sort(part: int) -> None:
        here = np.flatnonzero(parts == part)
        made[ends[part] - len(here) : ends[part]] = here[_sorting(rows.take(here, axis=0))]

    each(sort, range(1 << bits), threads)
    return made


def _sorting(rows: Rows) -> NDArray[np.int64]:
    order = _turns(firsts := _firsts(rows))
    return np.argsort(as_strings(rows)) if _repeats(firsts[order]) else order


class Index:
    """Rows ``(n, width) uint8`` in an order in which others are found; of equal ones any may be found."""

    def __init__(self, rows: Rows) -> None:
        self._rows, keys = rows, _firsts(rows)
        self._order = _turns(keys)
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
        turns, places = _turns(keys), np.empty(len(wanted), np.int64)
        places[turns] = np.searchsorted(self._keys, keys[turns])
        np.minimum(places, len(self._keys) - 1, out=places)
        likely = np.flatnonzero(self._keys[places] == keys)
        at = self._order[places[likely]]
        if not self._whole:  # those that begin alike
            same = as_strings(self._rows.take(at, axis=0)) == as_strings(wanted.take(likely, axis=0))
            likely, at = likely[same], at[same]
        found = np.full(len(wanted), -1)
        found[likely] = at
        return found


def find(rows: Rows, wanted: Rows, threads: int = 1) -> NDArray[np.int64]:
    """Where each wanted row stands, ``(m,)``; −1 where it does not.

    Args:
        rows: ``(n, width) uint8``; of equal ones any may be found.
        wanted: ``(m, width) uint8``.
        threads: How many parts are looked through side by side, where there are several.
    """
    bits = _bits(rows, len(rows) + len(wanted))
    if not bits:
        return Index(rows).find(wanted)
    found, own, other = np.full(len(wanted), -1), _parts(rows, bits), _parts(wanted, bits)

    def look(part: int) -> None:  # of equal beginnings all are in one part
        here, there = np.flatnonzero(own == part), np.flatnonzero(other == part)
        if len(here):
            at = Index(rows.take(here, axis=0)).find(wanted.take(there, axis=0))
            found[there] = np.where(at < 0, -1, here[at])

    each(look, range(1 << bits), threads)
    return found


def _bits(rows: Rows, count: int) -> int:
    """How many of the first bits tell parts of so many rows apart; none where they are one part."""
    return min((count >> _PART).bit_length(), 8) if rows.shape[1] >= _WORD else 0


def _parts(rows: Rows, bits: int) -> NDArray[np.uint8]:
    """The part that each is in, by the highest of its first bits: of equal beginnings all are in one."""
    return rows[:, _WORD - 1] >> np.uint8(8 - bits)


def _turns(keys: NDArray[Any]) -> NDArray[np.int64]:
    """What sorts them; of those that are sorted already it is soon found."""
    return np.arange(len(keys)) if (keys[1:] >= keys[:-1]).all() else np.argsort(keys)


def _firsts(rows: Rows) -> NDArray[np.uint64]:
    """The first 64 bits of every row, in an order of their own."""
    head = np.zeros((len(rows), _WORD), np.uint8)
    head[:, : rows.shape[1]] = rows[:, :_WORD]
    return head.view("<u8").astype(np.uint64, copy=False).reshape(-1)


def _repeats(ordered: NDArray[Any]) -> bool:
    return bool((ordered[1:] == ordered[:-1]).any())
