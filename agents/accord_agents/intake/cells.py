"""The text of a cell as a number."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from accord_schemas.errors import UsageError

NULLS = frozenset({"", "na", "nan", "null"})
LARGEST = 1e100  # the variance of such a column is still a finite float
_UNSETTLED = 1000  # cells of a column that are no numbers and may not count

# float() alone would also take 1_000, infinity and digits of other scripts
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)


def number(text: str) -> float:
    """The decimal number that `text` spells, white space trimmed; NaN for a null: empty, NA, NaN or null in any case.

    Raises:
        ValueError: It is other text, or beyond `LARGEST`; the message completes "... is".
    """
    text = text.strip()
    if _NUMBER.fullmatch(text):
        value = float(text)
        if abs(value) > LARGEST:
            raise ValueError(f"is beyond ±{LARGEST:g}")
        return value
    if text.casefold() in NULLS:
        return math.nan
    raise ValueError("is not a number" + ("; write a point for the comma" if _COMMA.fullmatch(text) else ""))


@dataclass(frozen=True, slots=True)
class _Bad:
    """A cell that is no number.

    Args:
        row: Its row, of those that were kept.
        line: That of the file.
        what: Completes "the cell ...".
        cell: Its text, short: for the operator's terminal alone.
    """

    row: int
    line: int
    what: str
    cell: str = field(repr=False)


class Columns:
    """The columns of numbers, block by block; what cannot be used is said of all of them at once.

    A cell of a row that repeats an earlier id does not count, and which rows do is known later: `settle` says it.

    Args:
        file: Name of the file, for errors.
        names: Names of the m columns.
        label: Which of them is the label, that cannot be left out.
    """

    def __init__(self, file: str, names: Sequence[str], label: str | None) -> None:
        self._file, self._names, self._label = file, names, label
        self._rows, self._bound = 0, _UNSETTLED
        self._bad: dict[str, _Bad] = {}
        self._doubtful: dict[str, list[_Bad]] = {}

    @property
    def doubtful(self) -> bool:
        """Whether so many cells are no numbers that it should be settled whether they count."""
        return any(len(cells) >= self._bound for cells in self._doubtful.values())

    def block(self, columns: Sequence[Sequence[str]], lines: Sequence[int]) -> NDArray[np.float64]:
        """``(n, m)`` float64; cells that are no numbers are NaN, and so is a column from where one was found to count.

        Args:
            columns: The n texts of each column.
            lines: The line of the file that each row begins on.
        """
        values = np.full((len(lines), len(self._names)), np.nan)
        for place, (name, cells) in enumerate(zip(self._names, columns, strict=True)):
            if name in self._bad:
                continue
            try:
                values[:, place] = [number(cell) for cell in cells]
            except ValueError:
                values[:, place] = self._one_by_one(name, cells, lines)
        self._rows += len(lines)
        return values

    def _one_by_one(self, name: str, cells: Sequence[str], lines: Sequence[int]) -> list[float]:
        found, doubtful = [], self._doubtful.setdefault(name, [])
        for row, (cell, line) in enumerate(zip(cells, lines, strict=True), self._rows):
            try:
                found.append(number(cell))
            except ValueError as error:
                found.append(math.nan)
                shown = cell if len(cell) <= 40 else cell[:40] + "..."
                doubtful.append(_Bad(row, line, str(error), repr(shown)))
        return found

    def settle(self, first: NDArray[np.bool]) -> None:
        """Which rows count, of those so far: ``(n,)``, whether they are the first of their ids."""
        for name, cells in self._doubtful.items():
            if name not in self._bad and (counts := [cell for cell in cells if first[cell.row]]):
                self._bad[name] = counts[0]
        if self.doubtful:
            self._bound *= 2  # repeated rows alone: the rest is looked at less often
        self._doubtful.clear()

    def check(self) -> None:
        """That every cell that counts was a number or a null.

        Raises:
            UsageError: Some were not; names each column, with the first line, and what to do.
        """
        if not self._bad:
            return
        usable = [_quoted(name) for name in self._names if name not in self._bad and name != self._label]
        hint = f"use the others alone, with features: [{', '.join(usable)}]" if usable else "name others in features"
        if self._label in self._bad:
            hint = "a label has to be a number"
        told = list(self._bad.items())[:8]
        private = f"Read was {', '.join(bad.cell for _, bad in told)}."
        if len(told) == 1:
            ((name, first),) = told
            raise UsageError(
                f"{self._file} line {first.line}, column {name!r}: the cell {first.what}.",
                hint=f"Cells are finite decimal numbers; a null is empty, NA, NaN or null. Or {hint}.",
                private=private,
            )
        shown = ", ".join(f"{name!r} (line {bad.line} {bad.what})" for name, bad in told)
        further = f" and {len(self._bad) - 8} more" if len(self._bad) > 8 else ""
        raise UsageError(
            f"{self._file}: {len(self._bad)} columns hold what cannot be used: {shown}{further}.",
            hint=f"Write finite decimal numbers there, or {hint}.",
            private=private,
        )


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_]\w*", name) else json.dumps(name, ensure_ascii=False)
