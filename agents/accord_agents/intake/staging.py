"""A block of a party's rows on its way into the stage: ids first, then the numbers of those rows that have one."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_agents.intake.ahead import mapped
from accord_agents.intake.columns import Columns
from accord_agents.intake.ids import IdColumn
from accord_agents.intake.plain import LARGE, compiled, plain_ids
from accord_agents.intake.rows import Block, Cells, Texts, taken
from accord_agents.intake.stage import Flags, Stage, recorded
from accord_agents.intake.texts import TextColumns
from accord_protocols.primitives.psi.buckets import keyed_hashes_of


@dataclass(frozen=True, slots=True)
class Looked:
    """A block, and what compiled loops see of its ids.

    Args:
        block: The rows.
        fast: Whether there are so many that compiled loops pay.
        written: Their ids as they are written; None where loops have not looked at them.
        plain: ``(k,)``, which of them are plain, see `plain_ids`.
        hashes: ``(k,)``, the keyed ones, where all are plain.
        records: ``(k,)``, likewise, see `recorded`.
    """

    block: Block
    fast: bool
    written: Texts | None = None
    plain: Flags | None = None
    hashes: NDArray[np.uint64] | None = None
    records: NDArray[Any] | None = None


def looked(blocks: Iterable[Block], count: int, key: bytes, *, as_written: bool) -> Generator[Looked]:
    """Look at blocks, at some of them at once; close it where it may be left before its end.

    Args:
        blocks: The rows.
        count: How many there are, as far as that is known.
        key: Of the hashes.
        as_written: Whether ids are compared as they are written.
    """

    def counted() -> Iterator[tuple[Block, bool]]:
        read = 0
        for block in blocks:
            read += len(block.places)
            if fast := max(read, count) > LARGE:
                compiled()  # here, lest several threads load it
            yield block, fast

    return mapped(partial(_looked, key, as_written), counted())


def _looked(key: bytes, as_written: bool, counted: tuple[Block, bool]) -> Looked:
    block, fast = counted
    if not (fast and as_written):
        return Looked(block, fast)
    (cells,) = block.ids
    written = cells if isinstance(cells, Texts) else Texts.of(cells)
    if (found := plain_ids(written)) is None:
        return Looked(block, fast)
    plain, digits = found
    if not plain.all():
        return Looked(block, fast, written, plain)
    hashes = keyed_hashes_of(key, written.offsets, written.data)
    return Looked(block, fast, written, plain, hashes, recorded(np.diff(written.offsets), hashes, digits))


def staged(seen: Looked, column: IdColumn, numbers: Columns, texts: TextColumns, stage: Stage) -> Flags:
    """Take the rows of a block that have an id.

    Args:
        seen: The rows.
        column: What takes their ids.
        numbers: What takes their other cells, as many columns as it has.
        texts: What takes the columns behind those.
        stage: Where they go.

    Returns:
        ``(k,)``, which rows these are.
    """
    block, fast, plain = seen.block, seen.fast, seen.plain
    if seen.written is not None and plain is not None and seen.hashes is not None and seen.records is not None:
        column.plain(len(plain))
        values, cells = _cells(block, block.columns, block.places, numbers, texts, fast)
        stage.add_plain(seen.written, seen.records, seen.hashes, values, cells)
        return plain
    ids, spelled, rows = _one_by_one(block, column, None if plain is None else plain.tolist())
    columns, places = block.columns, block.places
    if len(rows) < len(places):
        columns, places = [taken(cells, rows) for cells in columns], [places[k] for k in rows]
    stage.add(ids, spelled, *_cells(block, columns, places, numbers, texts, fast))
    here = np.zeros(len(block.places), np.bool)
    here[rows] = True
    return here


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
