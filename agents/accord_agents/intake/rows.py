"""A party's rows, wherever they lie: a header, and blocks of cells; and what a block's columns may be."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Texts:
    """The cells of a column as UTF-8, one after the other.

    Args:
        offsets: ``(n + 1,)``, where each begins in `data`, and the last one ends.
        data: Their bytes.
    """

    offsets: NDArray[np.int64] = field(repr=False)
    data: NDArray[np.uint8] = field(repr=False)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def list(self) -> list[str]:
        """The same as objects."""
        raw = self.data.tobytes()
        return [raw[start:end].decode() for start, end in pairwise(self.offsets.tolist())]

    @classmethod
    def of(cls, cells: Sequence[str]) -> Texts:
        """The cells of a list."""
        text = "".join(cells)
        data = text.encode()
        sizes = map(len, cells) if len(data) == len(text) else (len(cell.encode()) for cell in cells)
        offsets = np.zeros(len(cells) + 1, np.int64)
        np.cumsum(np.fromiter(sizes, np.int64, len(cells)), out=offsets[1:])
        return cls(offsets, np.frombuffer(data, np.uint8))


@dataclass(frozen=True, slots=True)
class Numbers:
    """The cells of a column whose type says what they are.

    Args:
        form: number, date (days since 1970-01-01) or boolean (0, 1).
        values: ``(n,)``, NaN for nulls.
    """

    form: str
    values: NDArray[np.float64] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Spelled:
    """The cells of a column of text that all spell numbers, or nothing.

    Args:
        values: ``(n,)``, NaN for nulls.
        texts: Gives the cells themselves, where they are wanted.
    """

    values: NDArray[np.float64] = field(repr=False)
    texts: Callable[[], Sequence[str]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unfit:
    """The cells of a column whose type has no form that could be used.

    Args:
        filled: ``(n,)``, which of them are no nulls.
        what: Completes "the cell ...".
    """

    filled: NDArray[np.bool] = field(repr=False)
    what: str


Cells = Sequence[str] | Numbers | Spelled | Unfit
"""The n cells of a column; text is read as in a CSV file."""


def text_of(cells: Cells) -> Sequence[str] | Numbers | Unfit:
    """The same, whether or not they are known to spell numbers."""
    return cells.texts() if isinstance(cells, Spelled) else cells


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows.

    Args:
        places: Of each row, for `Rows.at`.
        ids: The cells of each column that an id is made of, "" for nulls.
        columns: Of each wanted one.
        decimal: The sign before decimals in text.
    """

    places: Sequence[int]
    ids: Sequence[Texts | Sequence[str]] = field(repr=False)
    columns: Sequence[Cells] = field(repr=False)
    decimal: str = "."


class Rows(Protocol):
    """Rows that are read once, from the first to the last.

    Attributes:
        name: Of the whole, for errors.
        head: Where the columns are named, for errors.
        header: The names of the columns.
        count: How many rows there are; 0 where that is not known beforehand.
    """

    count: int
    name: str
    head: str
    header: list[str]

    @property
    def remarks(self) -> tuple[str, ...]:
        """What its people should know of how they were read, a sentence each; whole once they are."""
        ...

    def deferrable(self, columns: Sequence[int]) -> bool:
        """Whether these can be read without the others, and hold numbers and nothing else by their types."""
        ...

    def blocks(
        self, ids: Sequence[int], wanted: Sequence[int], categories: Sequence[int], most: int | None
    ) -> Generator[Block]:
        """The rows in blocks; where columns can be deferred, it may be called again.

        Args:
            ids: Columns that an id is made of.
            wanted: Columns to read besides.
            categories: Those of `wanted` whose cells are text, whatever they look like.
            most: How many rows at most.

        Raises:
            UsageError: A row cannot be read, or an id has no form as text; names column, row and remedy.
        """
        ...

    def at(self, place: int) -> tuple[str, str]:
        """File and row of a place, as ``("bank.csv", "line 7")``."""
        ...


def taken(cells: Cells, kept: Sequence[int] | NDArray[np.int64]) -> Cells:
    """Some of the cells of a column.

    Args:
        kept: Which, ascending.
    """
    if isinstance(cells, Numbers):
        return Numbers(cells.form, cells.values[kept])
    if isinstance(cells, Spelled):
        return Spelled(cells.values[kept], lambda: [cells.texts()[k] for k in kept])
    if isinstance(cells, Unfit):
        return Unfit(cells.filled[kept], cells.what)
    return [cells[k] for k in kept]
