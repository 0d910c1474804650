"""Columns that are told as they are: numbers, dates, booleans or texts, as their first cell that is no null has it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from accord_agents.intake.reader import Source, read_table
from accord_agents.intake.table import Table
from accord_protocols.jobs.base import Reads
from accord_protocols.tasks.registry import Context, run
from accord_schemas.errors import UsageError


def read(folder: Path, text: str, *carried: str, label: str | None = None) -> Table:
    path = folder / "shop.csv"
    path.write_text(text, encoding="utf-8")
    return read_table(Source(path, "id", label, None, Reads(carried=carried)))


def told(table: Table, *columns: str) -> list[list[str]]:
    inputs = {"rows": np.arange(len(table.ids)), "columns": list(columns)}
    fields = run("carry.taken", Context(inputs, table=table)).fields
    ends = np.cumsum(fields["sizes"].reshape(-1)).tolist()
    text = bytes(fields["text"])
    cells = [text[begin:end].decode() for begin, end in zip([0, *ends[:-1]], ends, strict=True)]
    return [cells[k : k + len(columns)] for k in range(0, len(cells), len(columns))]


def test_cells_come_out_as_they_went_in(tmp_path: Path) -> None:
    rows = [
        ["b", "", "2024-12-31", "TRUE", "07 Ulm", "9"],
        ["a", "1.50", "", "false", "", "9"],
        ["c", "1e3", "2024-12-31 18:30", "", "x,y", "9"],
    ]
    text = "id,y,since,vip,city,rest\n" + "".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in rows)
    table = read(tmp_path, text, "city", "y", "since", "vip", label="y")
    assert table.columns == ("city", "y", "since", "vip") and table.labels is None
    assert told(table, "city", "y", "since", "vip") == [
        ["", "1.5", "", "false"],
        ["07 Ulm", "", "2024-12-31", "true"],
        ["x,y", "1000", "2024-12-31T18:30:00", ""],
    ], "in the order of the ids"


def test_a_text_among_numbers_and_a_column_that_is_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"line 3, column 'x': the cell is not a number"):
        read(tmp_path, "id,x\n1,2\n2,red\n", "x")
    with pytest.raises(UsageError, match=r"has no column 'z', given as align.carry"):
        read(tmp_path, "id,x\n1,2\n", "z")
    with pytest.raises(UsageError, match=r"column 'id' is named twice among id, align.carry"):
        read(tmp_path, "id,x\n1,2\n", "id")


def test_without_any_nothing_but_ids_is_read(tmp_path: Path) -> None:
    assert read(tmp_path, "id,x\n1,red\n2,3\n").columns == ()
