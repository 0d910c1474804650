"""A CSV file (RFC 4180, UTF-8) as a checked table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import compress
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from accord_agents.intake.cells import Columns
from accord_agents.intake.header import Layout, layout
from accord_agents.intake.ids import IdColumn
from accord_agents.intake.records import Records
from accord_agents.intake.table import Report, Table
from accord_schemas.errors import UsageError

_BLOCK = 4096  # rows whose text is in memory at a time


def read_table(
    csv: Path,
    id: str,  # noqa: A002  the scenario's own word
    label: str | None,
    features: list[str] | None,
    *,
    model: Literal["linear"] | None,
    label_required: bool,
) -> Table:
    """Read one party's file: ids normalised and checked, the first row of an id kept, nulls as NaN.

    Rows that name nobody (NULL and the like as an id), and rows without a label, are left out and counted.

    Args:
        csv: The file: UTF-8 with or without byte order mark, commas, a header, LF or CRLF.
        id: Column of the ids.
        label: Column of the labels.
        features: Feature columns in the order wanted; None means all but id and label, in the order of the file.
        model: What will be trained; None reads the ids only.
        label_required: Whether this party holds the label of what is trained.

    Raises:
        UsageError: The file cannot be read or used; names file, line, column and what to do.
    """
    if model is not None and label_required and label is None:
        raise UsageError(f"{csv.name}: the label holder's data name no label.", hint="Set data.label to a column.")
    with _explained(csv), csv.open(encoding="utf-8-sig", newline="") as file:
        records = Records(csv.name, file)
        where = layout(csv.name, records.header, id, label, features, ids_only=model is None, line=records.line)
        if model is not None and where.label is None and not where.features:
            raise UsageError(f"{csv.name} has no feature column.", hint="Add a column besides the id.")
        table = _table(csv.name, records, where)
    if not table.report.rows_read:
        raise UsageError(f"{csv.name} has a header but no rows.", hint="Give at least one row.")
    if not table.ids and table.report.empty_labels:
        raise UsageError(f"{csv.name}: no row has a label in column {label!r}.", hint="Check data.label.")
    if not table.ids:
        raise UsageError(f"{csv.name}: no row has an id in column {id!r}.", hint="Check data.id.")
    return table


def _table(file: str, records: Records, where: Layout) -> Table:
    """The rows in blocks, so that only numbers and ids stay in memory."""
    ids: list[str] = []
    header = records.header
    label = None if where.label is None else header[where.label]
    wanted = [*where.features, *([] if where.label is None else [where.label])]
    column = IdColumn(file, header[where.id])
    numbers = Columns(file, [header[place] for place in wanted], label)
    blocks: list[NDArray[np.float64]] = []
    rows: list[list[str]] = []
    lines: list[int] = []
    read = 0

    def convert() -> None:
        blocks.append(numbers.block([[row[place] for row in rows] for place in wanted], lines))
        rows.clear()
        lines.clear()

    for line, row in records:
        read += 1
        identifier = column.take(row[where.id], line)
        if identifier is None:
            continue
        ids.append(identifier)
        rows.append(row)
        lines.append(line)
        if len(rows) == _BLOCK:
            convert()
    convert()
    found = column.end()
    numbers.check()
    values = np.concatenate(blocks)
    if found.left_out:
        kept = np.array([identifier not in found.left_out for identifier in ids])
        ids, values = list(compress(ids, kept)), values[kept]
    labels, empty = None, 0
    if label is not None:
        values, labels = values[:, :-1], values[:, -1]
        kept = ~np.isnan(labels)
        empty = len(ids) - int(kept.sum())
        ids, values, labels = list(compress(ids, kept)), values[kept], labels[kept]
    columns = tuple(header[place] for place in where.features)
    return Table(tuple(ids), columns, values, labels, Report(read, found.duplicates, empty, found.said))


@contextmanager
def _explained(csv: Path) -> Iterator[None]:
    """Turn what the operating system and the decoders say into errors that name the file."""
    try:
        yield
    except FileNotFoundError:
        raise UsageError(f"there is no file {csv}.", hint="Paths are relative to the scenario file.") from None
    except IsADirectoryError:
        raise UsageError(f"{csv} is a folder.", hint="Give the CSV file in it.") from None
    except OSError as error:
        raise UsageError(f"{csv} cannot be read: {error.strerror}.", hint="Check its path and permissions.") from None
    except UnicodeDecodeError:
        raise UsageError(
            f"{csv.name} line {_undecodable_line(csv)} is not UTF-8.", hint="Save the file as 'CSV UTF-8'."
        ) from None


def _undecodable_line(csv: Path) -> int:
    # the text layer decodes in chunks and cannot say where it stands; no UTF-8 sequence contains a line feed
    with csv.open("rb") as file:
        for line, raw in enumerate(file, 1):
            try:
                raw.decode()
            except UnicodeDecodeError:
                return line
    return 1
