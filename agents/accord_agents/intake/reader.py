"""A CSV file (RFC 4180, UTF-8) as a checked table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from csv import Error as CsvError
from csv import reader
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from accord_agents.intake.cells import numbers
from accord_agents.intake.header import Layout, layout
from accord_agents.intake.table import Report, Table
from accord_protocols.primitives.psi.ids import normalise
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
    """Read one party's file: ids normalised, the first row of an id kept, nulls as NaN, rows without a label left out.

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
        rows = _Rows(csv.name, reader(file, strict=True))
        where = layout(csv.name, rows.header, id, label, features, ids_only=model is None)
        if model is not None and where.label is None and not where.features:
            raise UsageError(f"{csv.name} has no feature column.", hint="Add a column besides the id.")
        table = rows.table(where)
    if not table.report.rows_read:
        raise UsageError(f"{csv.name} has a header but no rows.", hint="Give at least one row.")
    if not table.ids:
        raise UsageError(f"{csv.name}: no row has a label in column {label!r}.", hint="Check data.label.")
    return table


class _Rows:
    """The records below the header, read in blocks so that only numbers and ids stay in memory."""

    def __init__(self, file: str, records: Iterator[list[str]]) -> None:
        self.file, self.records = file, records
        self.header = next(records, [])
        if not self.header:
            raise UsageError(f"{file} is empty or begins with a blank line.", hint="The first line names the columns.")

    def table(self, where: Layout) -> Table:
        ids: list[str] = []
        seen: set[str] = set()
        wanted = [*where.features, *([] if where.label is None else [where.label])]
        blocks: list[NDArray[np.float64]] = []
        rows: list[list[str]] = []
        lines: list[int] = []
        read = 0

        def convert() -> None:
            block = np.empty((len(rows), len(wanted)))
            for place, column in enumerate(wanted):
                cells = [row[column] for row in rows]
                block[:, place] = numbers(cells, lines, self.file, self.header[column])
            blocks.append(block)
            rows.clear()
            lines.clear()

        for line, row in self._numbered():
            read += 1
            identifier = self._identifier(row[where.id], line, where)
            if identifier in seen:
                continue
            seen.add(identifier)
            ids.append(identifier)
            rows.append(row)
            lines.append(line)
            if len(rows) == _BLOCK:
                convert()
        convert()
        values = np.concatenate(blocks)
        duplicates, labels, empty = read - len(ids), None, 0
        if where.label is not None:
            values, labels = values[:, :-1], values[:, -1]
            labelled = ~np.isnan(labels)
            empty = len(ids) - int(labelled.sum())
            ids = [identifier for identifier, keep in zip(ids, labelled, strict=True) if keep]
            values, labels = values[labelled], labels[labelled]
        columns = tuple(self.header[column] for column in where.features)
        return Table(tuple(ids), columns, values, labels, Report(read, duplicates, empty))

    def _numbered(self) -> Iterator[tuple[int, list[str]]]:
        width = len(self.header)
        for row in self.records:
            if not row:  # a blank line
                continue
            line: int = self.records.line_num  # type: ignore[attr-defined]
            if len(row) != width:
                raise UsageError(
                    f"{self.file} line {line} has {len(row)} cells, the header {width}.",
                    hint="Quote cells that hold a comma; leave a null cell empty.",
                )
            yield line, row

    def _identifier(self, cell: str, line: int, where: Layout) -> str:
        try:
            return normalise(cell)
        except UsageError as error:
            place = f"{self.file} line {line}, column {self.header[where.id]!r}"
            raise UsageError(f"{place}: {error.message}", hint=error.hint) from None


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
    except CsvError as error:
        raise UsageError(f"{csv.name} is not a CSV file: {error}.", hint="Check its quotes.") from None


def _undecodable_line(csv: Path) -> int:
    # the text layer decodes in chunks and cannot say where it stands; no UTF-8 sequence contains a line feed
    with csv.open("rb") as file:
        for line, raw in enumerate(file, 1):
            try:
                raw.decode()
            except UnicodeDecodeError:
                return line
    return 1
