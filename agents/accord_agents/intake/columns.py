"""The columns of a file as numbers, block by block; what cannot be used is said of all of them at once."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from accord_agents.intake.cells import FORMS, NULLS, form_of, number
from accord_agents.intake.demands import Demand
from accord_schemas.errors import UsageError

MAX_CATEGORIES = 10_000
_UNSETTLED = 1000  # cells of a column that may not be used and may not count


@dataclass(frozen=True, slots=True)
class _Bad:
    """A cell that cannot be used.

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


class _Numbers:
    """The cells of a column of numbers, of dates, or of booleans."""

    def __init__(self, demand: Demand | None) -> None:
        self.form, self._demand = "", demand

    def all(self, cells: Sequence[str]) -> NDArray[np.float64]:
        """``(n,)``; a `ValueError` where one cannot be used."""
        if self.form not in ("", "number"):
            raise ValueError
        values = np.array([number(cell) for cell in cells])
        if self._demand is not None and not self._demand.met(values).all():
            raise ValueError
        if not np.isnan(values).all():
            self.form = "number"
        return values

    def one(self, cell: str) -> float:
        """The same of one cell, and what is wrong with it."""
        null = cell.strip().casefold() in NULLS
        form = self.form or ("number" if null else form_of(cell))
        value = FORMS[form](cell)
        if self._demand is not None and not self._demand.met(np.array([value]))[0]:
            raise ValueError(self._demand.wrong)
        if not null:
            self.form = form
        return value


class _Categories:
    """The cells of a column of categories: each text has a number, in the order in which they occur."""

    form = "category"

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def all(self, cells: Sequence[str]) -> NDArray[np.float64]:
        """``(n,)``; a `ValueError` where there are too many."""
        return np.array([self.one(cell) for cell in cells])

    def one(self, cell: str) -> float:
        """The number of one."""
        text = cell.strip()
        if text.casefold() in NULLS:
            return math.nan
        if text not in self.numbers and len(self.numbers) == MAX_CATEGORIES:
            raise ValueError(f"is one category more than {MAX_CATEGORIES:,}; does the column hold ids or numbers?")
        return float(self.numbers.setdefault(text, len(self.numbers)))


class _Told:
    """The cells of a column whose kind its first cell decides that is no null: numbers, dates, booleans; or texts."""

    def __init__(self) -> None:
        self.column: _Numbers | _Categories = _Numbers(None)
        self._decided = False

    @property
    def form(self) -> str:
        """Of the cells so far."""
        return self.column.form

    def all(self, cells: Sequence[str]) -> NDArray[np.float64]:
        """``(n,)``; a `ValueError` where one cannot be used."""
        if not self._decided and (first := next((c for c in cells if c.strip().casefold() not in NULLS), None)):
            self._decided = True
            if not _spells(first):
                self.column = _Categories()
        return self.column.all(cells)

    def one(self, cell: str) -> float:
        """The same of one cell, and what is wrong with it."""
        return self.column.one(cell)


def _spells(cell: str) -> bool:
    """Whether a cell is a number, a date or a boolean."""
    try:
        FORMS[form_of(cell)](cell)
    except ValueError:
        return False
    return True


class Columns:
    """Takes the columns of a file, block by block.

    A cell of a row that repeats an earlier id does not count, and which rows do is known later: `settle` says it.

    Args:
        file: Name of the file, for errors.
        names: Names of the m columns.
        demands: Of some columns, what their cells have to be; these cannot be left out.
        categories: Which columns hold categories.
        told: Which columns hold whatever they hold.
    """

    def __init__(
        self,
        file: str,
        names: Sequence[str],
        demands: Mapping[str, Demand] | None = None,
        categories: Sequence[str] = (),
        told: Sequence[str] = (),
    ) -> None:
        self._file, self._names, self._demands = file, names, demands or {}
        self._columns: dict[str, _Numbers | _Categories | _Told] = {
            **{name: _Numbers(self._demands.get(name)) for name in names},
            **{name: _Categories() for name in categories},
            **{name: _Told() for name in told},
        }
        self._rows, self._bound = 0, _UNSETTLED
        self._bad: dict[str, _Bad] = {}
        self._doubtful: dict[str, list[_Bad]] = {}

    @property
    def forms(self) -> dict[str, str]:
        """Of each column that holds something else than numbers: date or boolean."""
        return {name: column.form for name, column in self._columns.items() if column.form in ("date", "boolean")}

    @property
    def categories(self) -> dict[str, tuple[str, ...]]:
        """Of each column of categories its texts, by their numbers."""
        found = {name: c.column if isinstance(c, _Told) else c for name, c in self._columns.items()}
        return {name: tuple(c.numbers) for name, c in found.items() if isinstance(c, _Categories)}

    @property
    def doubtful(self) -> bool:
        """Whether so many cells cannot be used that it should be settled whether they count."""
        return any(len(cells) >= self._bound for cells in self._doubtful.values())

    def block(self, columns: Sequence[Sequence[str]], lines: Sequence[int]) -> NDArray[np.float64]:
        """``(n, m)`` float64; cells that cannot be used are NaN, and so is a column from where one was found to count.

        Args:
            columns: The n texts of each column.
            lines: The line of the file that each row begins on.
        """
        values = np.full((len(lines), len(self._names)), np.nan)
        for place, (name, cells) in enumerate(zip(self._names, columns, strict=True)):
            if name in self._bad:
                continue
            try:
                values[:, place] = self._columns[name].all(cells)
            except ValueError:
                values[:, place] = self._one_by_one(name, cells, lines)
        self._rows += len(lines)
        return values

    def _one_by_one(self, name: str, cells: Sequence[str], lines: Sequence[int]) -> list[float]:
        column, found, doubtful = self._columns[name], list[float](), self._doubtful.setdefault(name, [])
        for row, (cell, line) in enumerate(zip(cells, lines, strict=True), self._rows):
            try:
                found.append(column.one(cell))
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

    def check(self, *, text: bool = False) -> None:
        """That every cell that counts can be used.

        Args:
            text: Whether a column may hold text alone: an agreement that is not known yet may take it for categories.

        Raises:
            UsageError: Some cannot; names each column, with the first line, and what to do.
        """
        if text:
            self._bad = {
                name: bad for name, bad in self._bad.items() if name in self._demands or self._columns[name].form
            }
        if not self._bad:
            return
        hint = self._remedy()
        told = list(self._bad.items())[:8]
        private = f"Read was {', '.join(bad.cell for _, bad in told)}."
        if len(told) == 1:
            ((name, first),) = told
            raise UsageError(
                f"{self._file} line {first.line}, column {name!r}: the cell {first.what}.",
                hint=hint,
                private=private,
            )
        shown = ", ".join(f"{name!r} (line {bad.line} {bad.what})" for name, bad in told)
        further = f" and {len(self._bad) - 8} more" if len(self._bad) > 8 else ""
        raise UsageError(
            f"{self._file}: {len(self._bad)} columns hold what cannot be used: {shown}{further}.",
            hint=hint,
            private=private,
        )

    def _remedy(self) -> str:
        """What to do about them."""
        if demanded := [demand.remedy for name, demand in self._demands.items() if name in self._bad]:
            return f"{demanded[0][0].upper()}{demanded[0][1:]}."
        usable = [_quoted(name) for name in self._names if name not in self._bad and name not in self._demands]
        others = f"use the others alone, with features: [{', '.join(usable)}]" if usable else "name others in features"
        return (
            "Cells are finite decimal numbers, dates such as 2024-12-31, or true and false; a null is empty, NA, NaN "
            f"or null. Name columns of categories in prepare.one_hot; or {others}."
        )


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_]\w*", name) else json.dumps(name, ensure_ascii=False)
