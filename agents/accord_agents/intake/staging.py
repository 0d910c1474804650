"""A block of a party's rows on its way into the stage: ids first, then the numbers of those rows that have one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from accord_agents.intake.columns import Columns
from accord_agents.intake.ids import IdColumn
from accord_agents.intake.plain import plain_ids
from accord_agents.intake.rows import Block, Cells, Texts, taken
from accord_agents.intake.stage import Stage
from accord_agents.intake.texts import TextColumns


def staged(block: Block, column: IdColumn, numbers: Columns, texts: TextColumns, stage: Stage, *, fast: bool) -> None:
    """Take the rows of a block that have an id.

    Args:
        block: The rows.
        column: What takes their ids.
        numbers: What takes their other cells, as many columns as it has.
        texts: What takes the columns behind those.
        stage: Where they go.
        fast: Whether there are so many that compiled loops pay.
    """
    plain = None
    if fast and column.as_written:
        (cells,) = block.ids
        written = cells if isinstance(cells, Texts) else Texts.of(cells)
        if (found := plain_ids(written)) is not None:
            plain, digits = found
            if plain.all():
                column.plain(len(written))
                stage.add_plain(written, digits, *_cells(block, block.columns, block.places, numbers, texts, fast))
                return
    ids, spelled, rows = _one_by_one(block, column, None if plain is None else plain.tolist())
    columns, places = block.columns, block.places
    if len(rows) < len(places):
        columns, places = [taken(cells, rows) for cells in columns], [places[k] for k in rows]
    stage.add(ids, spelled, *_cells(block, columns, places, numbers, texts, fast))


def _cells(
    block: Block, columns: Sequence[Cells], places: Sequence[int], numbers: Columns, texts: TextColumns, fast: bool
) -> tuple[NDArray[np.float64], list[bytes]]:
    """The numbers of rows, and what is kept of them as it is written."""
    count = len(numbers)
    return numbers.block(columns[:count], places, block.decimal, fast=fast), texts.block(columns[count:], places)


def _one_by_one(block: Block, column: IdColumn, plain: Sequence[bool] | None) -> tuple[list[str], list[str], list[int]]:
    """The ids of a block, how the file writes them, and which of its rows have one."""
    parts = [cells.list() if isinstance(cells, Texts) else cells for cells in block.ids]
    ids, spelled, rows, exact = list[str](), list[str](), list[int](), column.as_written
    for row, (place, cells) in enumerate(zip(block.places, zip(*parts, strict=True), strict=True)):
        if plain is not None and plain[row]:
            column.plain(1)
            identifier: str | None = cells[0]
        else:
            identifier = column.take(cells, place)
        if identifier is not None:
            ids.append(identifier)
            rows.append(row)
            # how an id was written matters where nobody has agreed to even it out
            spelled.append(cells[0].strip() if exact else identifier)
    return ids, spelled, rows
