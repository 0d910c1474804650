"""The columns of a file as numbers, block by block; what cannot be used is said of all of them at once."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from accord_agents.intake.cells import BEYOND, FORMS, LARGEST, NULLS, form_of, number
from accord_agents.intake.demands import Demand
from accord_agents.intake.placing import GREATEST, KNOWN, LEAST, one_form, placed
from accord_agents.intake.rows import Cells, Numbers, Spelled, Unfit, text_of
from accord_schemas.errors import UsageError

MAX_CATEGORIES = 10_000
_NAMED = 200
_UNSETTLED = 1000  # cells of a column that may not be used and may not count


@dataclass(frozen=True, slots=True)
class _Bad:
    """A cell that cannot be used.

    Args:
        row: Its row, of those that were kept.
        place: Where that is in the file.
        what: Completes "the cell ...".
        cell: Its text, short: for the operator's terminal alone.
    """

    row: int
    place: int
    what: str
    cell: str = field(repr=False)


class _Numbers:
    """The cells of a column of numbers, of dates, or of booleans."""

    def __init__(self, demand: Demand | None) -> None:
        self.form, self._demand = "", demand

    def all(self, cells: Sequence[str], decimal: str) -> NDArray[np.float64]:
        """``(n,)``; a `ValueError` where one cannot be used."""
        if self.form not in ("", "number"):
            raise ValueError
        return self._of_numbers(np.array([number(cell, decimal) for cell in cells]))

    def typed(self, cells: Numbers, found: NDArray[np.float64]) -> None:
        """The same of cells whose type is known; `found` is what `placed` finds of them."""
        if self.form not in ("", cells.form):
            raise ValueError
        if cells.form == "number" and (found[LEAST] < -LARGEST or found[GREATEST] > LARGEST):
            raise ValueError
        self._met(cells.values)
        if found[KNOWN]:
            self.form = cells.form

    def one_typed(self, form: str, value: float) -> float:
        """The same of one cell, and what is wrong with it."""
        null = math.isnan(value)
        if not null and self.form not in ("", form):
            raise ValueError(f"is a {form}, and those before hold a {self.form}")
        if abs(value) > LARGEST:
            raise ValueError("is not a number" if math.isinf(value) else BEYOND)
        self._met(np.array([value]))
        if not null:
            self.form = form
        return value

    def _met(self, values: NDArray[np.float64]) -> None:
        if self._demand is not None and not self._demand.met(values).all():
            raise ValueError(self._demand.wrong)

    def _of_numbers(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        self._met(values)
        if not _null(values):
            self.form = "number"
        return values

    def one(self, cell: str, decimal: str) -> float:
        """The same of one cell, and what is wrong with it."""
        null = cell.strip().casefold() in NULLS
        form = self.form or ("number" if null else form_of(cell))
        value = number(cell, decimal) if form == "number" else FORMS[form](cell)
        self._met(np.array([value]))
        if not null:
            self.form = form
        return value


def _null(values: NDArray[np.float64]) -> bool:
    """Whether there is no number; most columns have one in their first row."""
    return bool(np.isnan(values[:1]).all() and np.isnan(values).all())


class _Categories:
    """The cells of a column of categories: each text has a number, in the order in which they occur."""

    form = "category"

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def all(self, cells: Sequence[str], decimal: str) -> NDArray[np.float64]:
        """``(n,)``; a `ValueError` where there are too many."""
        return np.array([self.one(cell, decimal) for cell in cells])

    def one(self, cell: str, decimal: str) -> float:
        """The number of one; text is taken as it stands, whatever the decimal sign."""
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

    def all(self, cells: Sequence[str], decimal: str) -> NDArray[np.float64]:
        """``(n,)``; a `ValueError` where one cannot be used."""
        if not self._decided and (first := next((c for c in cells if c.strip().casefold() not in NULLS), None)):
            self._decided = True
            if not _spells(first, decimal):
                self.column = _Categories()
        return self.column.all(cells, decimal)

    def one(self, cell: str, decimal: str) -> float:
        """The same of one cell, and what is wrong with it."""
        return self.column.one(cell, decimal)


def _spells(cell: str, decimal: str) -> bool:
    """Whether a cell is a number, a date or a boolean."""
    try:
        form = form_of(cell)
        number(cell, decimal) if form == "number" else FORMS[form](cell)
    except ValueError:
        return False
    return True


class Columns:
    """Takes the columns of a file, block by block.

    A cell of a row that repeats an earlier id does not count, and which rows do is known later: `settle` says it.

    Args:
        file: Name of the whole, for errors.
        at: File and row of a place, see `Rows.at`.
        names: Names of the m columns.
        demands: Of some columns, what their cells have to be; these cannot be left out.
        categories: Which columns hold categories.
        told: Which columns hold whatever they hold.
    """

    def __init__(
        self,
        file: str,
        at: Callable[[int], tuple[str, str]],
        names: Sequence[str],
        demands: Mapping[str, Demand] | None = None,
        categories: Sequence[str] = (),
        told: Sequence[str] = (),
    ) -> None:
        self._file, self._at, self._names, self._demands = file, at, names, demands or {}
        self._columns: dict[str, _Numbers | _Categories | _Told] = {
            **{name: _Numbers(self._demands.get(name)) for name in names},
            **{name: _Categories() for name in categories},
            **{name: _Told() for name in told},
        }
        self._rows, self._bound = 0, _UNSETTLED
        self._bad: dict[str, _Bad] = {}
        self._doubtful: dict[str, list[_Bad]] = {}

    def __len__(self) -> int:
        return len(self._names)

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

    def block(
        self, columns: Sequence[Cells], places: Sequence[int], decimal: str = ".", *, fast: bool = False
    ) -> NDArray[np.float64]:
        """``(n, m)`` float64; cells that cannot be used are NaN, and so is a column from where one was found to count.

        NaN and zero have one form each.

        Args:
            columns: The n cells of each column.
            places: Where each row is, for errors.
            decimal: The sign before decimals in text.
            fast: Whether there are so many rows that compiled loops pay.
        """
        values = np.empty((len(places), len(self._names)))
        typed = dict[int, tuple[_Numbers, Numbers]]()
        for place, (name, cells) in enumerate(zip(self._names, columns, strict=True)):
            if name not in self._bad and (found := _typed(self._columns[name], cells)):
                typed[place] = found
        known = placed({place: cells.values for place, (_, cells) in typed.items()}, values, fast=fast)
        for place, (name, cells) in enumerate(zip(self._names, columns, strict=True)):
            if name in self._bad:
                values[:, place] = np.nan
                continue
            try:
                if place in typed:
                    column, numbers = typed[place]
                    column.typed(numbers, known[place])
                else:
                    values[:, place] = one_form(self._all(self._columns[name], cells, decimal))
            except ValueError:
                values[:, place] = one_form(np.array(self._one_by_one(name, cells, places, decimal)))
        self._rows += len(places)
        return values

    @staticmethod
    def _all(column: _Numbers | _Categories | _Told, cells: Cells, decimal: str) -> NDArray[np.float64]:
        found = text_of(cells)
        if isinstance(found, Numbers | Unfit):
            raise ValueError
        return column.all(found, decimal)

    def _one_by_one(self, name: str, cells: Cells, places: Sequence[int], decimal: str) -> list[float]:
        found, doubtful = list[float](), self._doubtful.setdefault(name, [])
        each = _each(self._columns[name], cells, decimal)
        for row, (place, (shown, value)) in enumerate(zip(places, each, strict=True), self._rows):
            try:
                found.append(value())
            except ValueError as error:
                found.append(math.nan)
                doubtful.append(_Bad(row, place, str(error), shown if len(shown) <= 40 else shown[:40] + "..."))
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
                f"{' '.join(self._at(first.place))}, column {name!r}: the cell {first.what}.",
                hint=hint,
                private=private,
            )
        shown = ", ".join(f"{name!r} ({self._short(bad.place)} {bad.what})" for name, bad in told)
        rest = [repr(name) for name in self._bad if name not in dict(told)]
        further = f"; likewise {', '.join(rest[:_NAMED])}" if rest else ""
        further += f" and {len(rest) - _NAMED} more" if len(rest) > _NAMED else ""
        raise UsageError(
            f"{self._file}: {len(self._bad)} columns hold what cannot be used: {shown}{further}.",
            hint=hint,
            private=private,
        )

    def _short(self, place: int) -> str:
        file, row = self._at(place)
        return row if file == self._file else f"{file} {row}"

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


def _typed(column: _Numbers | _Categories | _Told, cells: Cells) -> tuple[_Numbers, Numbers] | None:
    """What takes cells that are numbers without looking at their text, and these."""
    if isinstance(cells, Numbers):
        inner = column.column if isinstance(column, _Told) else column
        return (inner, cells) if isinstance(inner, _Numbers) else None
    if isinstance(cells, Spelled) and isinstance(column, _Numbers) and column.form in ("", "number"):
        return column, Numbers("number", cells.values)
    return None


def _each(
    column: _Numbers | _Categories | _Told, cells: Cells, decimal: str
) -> Iterable[tuple[str, Callable[[], float]]]:
    """Of each cell how it is shown to who reads the file, and what gives its number or says what is wrong."""
    cells = text_of(cells)
    if isinstance(cells, Unfit):
        return [("what the type of the column says", partial(_unfit, full, cells.what)) for full in cells.filled]
    if isinstance(cells, Numbers):
        if isinstance(column, _Told):
            column = column.column
        if isinstance(column, _Categories):
            raise TypeError("categories are read as text")
        return [(repr(v), partial(column.one_typed, cells.form, v)) for v in cells.values.tolist()]
    return [(repr(cell), partial(column.one, cell, decimal)) for cell in cells]


def _unfit(filled: bool, what: str) -> float:
    if filled:
        raise ValueError(what)
    return math.nan


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_]\w*", name) else json.dumps(name, ensure_ascii=False)
