"""Rows in the order of their ids, the normalised ones: however a file quotes them, and wherever they stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
AT_ONCE = 1 << 20
"""Rows that are sorted at a time."""
_WORD, _BEGINNING = 8, 32
_TEXTS = 1 << 12  # ids that are texts at a time
_DRAWN = 64  # rows looked at to find where one part ends


@runtime_checkable
class Worded(Protocol):
    """Ids of which some bytes can be looked at without making texts of them."""

    def words(self, rows: Rows, place: int) -> NDArray[np.uint64]:
        """Of each row's id the eight bytes of UTF-8 from `place` on, the first one highest, zeros behind its end."""
        ...

    def sizes(self, rows: Rows) -> NDArray[np.int64]:
        """Bytes of each row's id."""
        ...

    def at(self, rows: Rows) -> list[str]:
        """The rows' ids as texts."""
        ...

    def framed(self, rows: Rows) -> Iterator[bytes]:
        """The rows' ids, each behind its length in eight bytes, big-endian; many at a time."""
        ...


def in_text_order(ids: Sequence[str], rows: Rows) -> Rows:
    """The rows, ``(k,)``, in the order of their ids as UTF-8, which is that of their code points.

    Args:
        ids: Of all rows, each once.
        rows: Some of these.
    """
    return np.concatenate([rows[:0], *in_parts(ids, rows)])


def in_parts(ids: Sequence[str], rows: Rows) -> Iterator[Rows]:
    """The same in parts that follow each other, about `AT_ONCE` rows each, so that no more are sorted at a time."""
    if not isinstance(ids, Worded):
        yield np.array(sorted(rows.tolist(), key=lambda row: ids[row].encode()), np.int64)
        return
    parts = -(-len(rows) // AT_ONCE)
    drawn = _ordered(ids, rows[:: max(1, len(rows) // (_DRAWN * parts))] if parts > 1 else rows[:0])
    bounds, part = _beginnings(ids, drawn[_DRAWN::_DRAWN]), np.empty(len(rows), np.uint16)
    for start in range(0, len(rows), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        part[some] = np.searchsorted(bounds, _beginnings(ids, rows[some]), side="right") if len(bounds) else 0
    for number in range(len(bounds) + 1):
        yield _ordered(ids, rows[part == number])


def in_order(ids: Sequence[str], rows: Rows) -> Iterator[str]:
    """The ids of the rows in their order, of which some thousand are in memory at a time."""
    for part in in_parts(ids, rows):
        for start in range(0, len(part), _TEXTS):
            some = part[start : start + _TEXTS]
            yield from ids.at(some) if isinstance(ids, Worded) else [ids[row] for row in some.tolist()]


def _beginnings(ids: Worded, rows: Rows) -> NDArray[np.bytes_]:
    """The first bytes of each row's id, as strings: in the order of the ids, but for ids that begin alike."""
    words = [ids.words(rows, place) for place in range(0, _BEGINNING, _WORD)]
    return np.stack(words, axis=1).astype(">u8").view(f"S{_BEGINNING}").reshape(-1)


def _ordered(ids: Worded, rows: Rows) -> Rows:
    order, group = rows.copy(), np.zeros(len(rows), np.int64)
    most, tied = int(ids.sizes(rows).max(initial=0)), np.arange(len(rows))
    for place in range(0, most + _WORD, _WORD):  # the last time by size: a zero at an id's end is told from none
        here = order[tied]
        words = ids.words(here, place) if place < most else ids.sizes(here)
        turn = np.lexsort((words, group[tied]))
        here, words, groups = here[turn], words[turn], group[tied][turn]
        order[tied] = here
        begins = np.ones(len(tied), np.bool)
        begins[1:] = (words[1:] != words[:-1]) | (groups[1:] != groups[:-1])
        group[tied] = np.cumsum(begins)
        alone = begins & np.append(begins[1:], True)
        tied = tied[~alone]
        if not len(tied):
            break
    return order
