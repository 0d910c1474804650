"""Records of a CSV file many at a time, as far as there is nothing to look at in them: most lines of most files.

Such a record is one line of ASCII, with as many cells as the header, and without quotes but around a cell. The others,
and what is no number as the usual ones are, are read by `Records` and `cells`, with the same outcome.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_agents.intake.csv_lines import Lines
from accord_agents.intake.rows import Block, Cells, Spelled, Texts

LARGE = 1 << 24
"""Bytes from which on it pays to load numba."""
ROW = 100
"""Bytes of a row, about: by them rows are counted beforehand."""
BLOCK = 1 << 15
"""Records at a time, at most."""
Places = NDArray[np.int64]


class PlainRecords:
    """The plain records at the place where lines are.

    Args:
        lines: The lines.
        width: Cells of a record.
        delimiter: What is between them, one byte.
        quote: What may be around them, likewise.
        ids: Columns that an id is made of.
        wanted: Columns to read besides.
        categories: Those of `wanted` whose cells are text.
    """

    def __init__(
        self,
        lines: Lines,
        width: int,
        delimiter: str,
        quote: str,
        ids: Sequence[int],
        wanted: Sequence[int],
        categories: Sequence[int],
    ) -> None:
        self._lines, self._marks = lines, (ord(delimiter), ord(quote))
        self._ids, self._wanted, self._categories = ids, wanted, categories
        used = list({**dict.fromkeys(ids), **dict.fromkeys(wanted)})
        self._slots = np.full(width, -1, np.int64)
        self._slots[used] = np.arange(len(used))
        self._text = set(categories)
        self._used = len(used)

    def next(self, line: int, most: int, decimal: str) -> Block | None:
        """Up to `most` of them, the first one on that line; None where the next record is none.

        Args:
            line: Its number.
            most: How many at most.
            decimal: The sign before decimals.
        """
        loops, data = compiled(), self._lines.held()
        begins, ends = (np.empty((self._used, min(most, BLOCK)), np.int64) for _ in range(2))
        count, read = loops.records(data, *self._marks, self._slots, begins, ends)
        if not count:
            return None
        self._lines.passed(read)
        begins, ends = begins[:, :count], ends[:, :count]
        at = {place: int(self._slots[place]) for place in (*self._ids, *self._wanted)}
        ids = [_texts(data, begins[at[place]], ends[at[place]]) for place in self._ids]
        cells = [self._cells(data, place, begins[at[place]], ends[at[place]], decimal) for place in self._wanted]
        return Block(range(line, line + count), ids, cells, decimal)

    def _cells(self, data: NDArray[np.uint8], place: int, begins: Places, ends: Places, decimal: str) -> Cells:
        if place not in self._text:
            words = np.empty(len(begins), np.uint64)
            if compiled().numbers(data, begins, ends, ord(decimal), words):
                return Spelled(words.view(np.float64), partial(_list, data, begins, ends))
        return _list(data, begins, ends)


def _texts(data: NDArray[np.uint8], begins: Places, ends: Places) -> Texts:
    offsets = np.zeros(len(begins) + 1, np.int64)
    np.cumsum(ends - begins, out=offsets[1:])
    out = np.empty(int(offsets[-1]), np.uint8)
    compiled().gather(data, begins, offsets, out)
    return Texts(offsets, out)


def _list(data: NDArray[np.uint8], begins: Places, ends: Places) -> list[str]:
    return _texts(data, begins, ends).list()


@cache
def compiled() -> Any:
    """The loops; None where numba is not there."""
    try:
        return import_module("accord_agents.intake.csv_loops")
    except ImportError:
        return None
