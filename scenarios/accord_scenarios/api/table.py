"""A table as columns, for pandas, polars and people in notebooks."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

SHOWN = 20
"""Rows that a notebook shows."""


class Table(dict[str, list[Any]]):
    """Columns by name, all of one length: ``pandas.DataFrame(table)`` and ``polars.DataFrame(table)`` take it."""

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(next(iter(self.values()), []))

    def __repr__(self) -> str:
        return f"Table({self.rows} rows: {', '.join(self)})"

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(name)}</th>" for name in self)
        cells = zip(*(column[:SHOWN] for column in self.values()), strict=True)
        body = "".join(f"<tr>{''.join(f'<td>{escape(_shown(c))}</td>' for c in row)}</tr>" for row in cells)
        more = f"<p>{self.rows - SHOWN:,} more rows</p>" if self.rows > SHOWN else ""
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"

    @classmethod
    def read(cls, path: Path, texts: Iterable[str] = ("id",)) -> Table:
        """A CSV file that Accord wrote.

        Args:
            path: The file.
            texts: Columns that are text; the others are numbers, None where a cell is empty.
        """
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        columns = zip(*rows, strict=True) if rows else ([] for _ in header)
        kept = frozenset(texts)
        return cls(
            {
                name: list(cells) if name in kept else [float(cell) if cell else None for cell in cells]
                for name, cells in zip(header, columns, strict=True)
            }
        )

    @classmethod
    def of(cls, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
        """The table of some rows."""
        columns = list(zip(*rows, strict=True)) or [()] * len(names)
        return cls({name: list(column) for name, column in zip(names, columns, strict=True)})


def _shown(cell: Any) -> str:
    if cell is None:
        return ""
    return f"{cell:.6g}" if isinstance(cell, float) else str(cell)


def listed(rows: Mapping[str, Any]) -> str:
    """Names and values as a table of two columns, in HTML."""
    lines = (f"<tr><th>{escape(name)}</th><td>{escape(_shown(value))}</td></tr>" for name, value in rows.items())
    return f"<table>{''.join(lines)}</table>"
