"""Rows in the order of their ids, the normalised ones: however a file quotes them, and wherever they stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
_WORD = 8


@runtime_checkable
class Worded(Protocol):
    """Ids of which some bytes can be looked at without making texts of them."""

    def words(self, rows: Rows, place: int) -> NDArray[np.uint64]:
        """Of each row's id the eight bytes of UTF-8 from `place` on, the first one highest, zeros behind its end."""
        ...

    def sizes(self, rows: Rows) -> NDArray[np.int64]:
        """Bytes of each row's id."""
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
    if not isinstance(ids, Worded):
        return np.array(sorted(rows.tolist(), key=lambda row: ids[row].encode()), np.int64)
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
