"""A CSV file (RFC 4180, UTF-8), read once, as a checked snapshot; nothing that grows with it is in memory."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from accord_agents.intake.columns import Columns
from accord_agents.intake.demands import LABELS, POSITIVE
from accord_agents.intake.header import Layout, layout
from accord_agents.intake.ids import IdColumn
from accord_agents.intake.kept import Kept, kept_rows
from accord_agents.intake.padding import Padding, padded
from accord_agents.intake.records import Records
from accord_agents.intake.snapshot import Snapshot, read_snapshot, write_snapshot
from accord_agents.intake.stage import Stage
from accord_agents.intake.table import OTHERS, Report, Table
from accord_protocols.jobs.base import Reads
from accord_protocols.primitives.psi.buckets import KEY
from accord_protocols.primitives.psi.ids import Key
from accord_schemas.errors import UsageError

SAMPLE = 100_000
"""Rows that are looked at where a file is checked before it is needed."""
_BLOCK = 4096  # rows whose text is in memory at a time
_FEATURES = Reads("linear")
_NEEDS = {"logistic": "rows of both classes, 0 and 1", "poisson": "rows that count something"}


@dataclass(frozen=True, slots=True)
class Source:
    """A party's file, and what of it is read.

    Args:
        csv: The file: UTF-8 with or without byte order mark, commas, a header, LF or CRLF.
        id: Column of the ids, or those that one is made of.
        label: Column of the labels.
        features: Feature columns in the order wanted; None means all that have no other use, in the order of the file.
        reads: What the job reads of it.
    """

    csv: Path
    id: str | Key
    label: str | None = None
    features: list[str] | None = None
    reads: Reads = _FEATURES

    @property
    def key(self) -> Key:
        """What an id is made of."""
        return self.id if isinstance(self.id, Key) else Key((self.id,))

    @property
    def others(self) -> dict[str, str]:
        """The columns besides id and features by their use, of `OTHERS`."""
        label = None if self.reads.carried else self.label  # it has no other use here
        columns = (label, self.reads.weights, self.reads.exposure)
        return {use: column for use, column in zip(OTHERS, columns, strict=True) if column is not None}


def take(source: Source, folder: Path, key: bytes, padding: Padding | None = None) -> Snapshot:
    """Read a party's file into a snapshot: ids normalised and checked, the first row of an id kept, nulls as NaN.

    Rows that name nobody (NULL and the like as an id), and rows without a label, are left out and counted.

    Args:
        source: The file.
        folder: Where the snapshot goes; made if needed.
        key: Of the buckets, see `keyed_hashes`.
        padding: How the set is filled up, where that was agreed.

    Raises:
        UsageError: The file cannot be read or used; names file, line, column and what to do.
        AccordError: The folder cannot be written.
    """
    with _read(source, folder, key) as kept:
        assert kept is not None
        return write_snapshot(padded(kept, padding) if padding else kept, folder)


def check(source: Source, rows: int = SAMPLE) -> None:
    """Whether a file can be used, as far as its first rows tell.

    Raises:
        UsageError: It cannot, whatever the other rows are.
    """
    with _read(source, None, bytes(KEY), rows):
        pass


def read_table(source: Source) -> Table:
    """What `take` reads, as a table without a snapshot."""
    with tempfile.TemporaryDirectory(prefix="accord-table-") as folder:
        snapshot = take(source, Path(folder), secrets.token_bytes(KEY))
        return read_snapshot(snapshot.path, snapshot.digest)  # a file that is mapped may go


@contextmanager
def _read(source: Source, folder: Path | None, key: bytes, rows: int | None = None) -> Iterator[Kept | None]:
    """What is kept of a file; None where there are more than `rows` rows."""
    csv, reads = source.csv, source.reads
    if reads.model is not None and reads.label and source.label is None:
        raise UsageError(f"{csv.name}: the label holder's data name no label.", hint="Set data.label to a column.")
    with closing(_lines(csv)) as lines:
        records, ids_only = Records(csv.name, lines), reads.model is None and not reads.carried
        where = layout(
            csv.name,
            records.header,
            source.key.columns,
            source.others,
            [*reads.carried] or source.features,
            ids_only=ids_only,
            line=records.line,
            wanted_by="align.carry" if reads.carried else "features",
        )
        if not ids_only and "label" not in where.others and not where.features:
            raise UsageError(f"{csv.name} has no feature column.", hint="Add a column besides the id.")
        with Stage(folder, key, len(where.features) + len(where.others)) as stage:
            kept = _staged(source, records, where, stage, rows)
            if kept is not None:
                _some(kept, source)
            yield kept


def _some(kept: Kept, source: Source) -> None:
    """That there are rows, and labels that a model can tell apart."""
    name, report = source.csv.name, kept.report
    if not report.rows_read:
        raise UsageError(f"{name} has a header but no rows.", hint="Give at least one row.")
    if not len(kept) and report.empty_labels:
        raise UsageError(f"{name}: no row has a label in column {source.label!r}.", hint="Check data.label.")
    if not len(kept):
        raise UsageError(f"{name}: no row has an id in column {source.key}.", hint="Check data.id.")
    model, needs = source.reads.model, _NEEDS.get(source.reads.model or "")
    if source.reads.label and needs and "label" in kept.others:
        labels = {float(value) for block in kept.other("label") for value in np.unique(block)[:2]}
        if len(labels) == 1 and not (model == "poisson" and any(labels)):
            said = f"{name}: every label in column {source.label!r} is {labels.pop():g}"
            raise UsageError(f"{said}; a {model} model needs {needs}.", hint="Check data.label.")


def _staged(source: Source, records: Records, where: Layout, stage: Stage, most: int | None) -> Kept | None:
    """The rows in blocks, `most` at most, and what they come to; None where more may follow."""
    file, header, reads = source.csv.name, records.header, source.reads
    demands = {"label": LABELS[reads.model or "linear"], "weights": POSITIVE, "exposure": POSITIVE}
    wanted = [*where.features, *where.others.values()]
    column, exact = IdColumn(file, source.key), len(where.id) == 1 and not source.key.normalise
    numbers = Columns(
        file,
        [header[place] for place in wanted],
        {header[place]: demands[use] for use, place in where.others.items()},
        [header[place] for place in where.features if header[place] in reads.one_hot],
        reads.carried,
    )
    ids: list[str] = []
    held: list[list[str]] = []
    lines: list[int] = []
    read = 0

    def convert() -> None:
        values = numbers.block([[row[place] for row in held] for place in wanted], lines)
        # how an id was written matters where nobody has agreed to even it out
        stage.add(ids, [row[where.id[0]].strip() for row in held] if exact else ids, values)
        for each in (ids, held, lines):
            each.clear()
        if numbers.doubtful:
            numbers.settle(stage.repeats().first)

    for line, row in islice(records, most):
        read += 1
        identifier = column.take([row[place] for place in where.id], line)
        if identifier is None:
            continue
        ids.append(identifier)
        held.append(row)
        lines.append(line)
        if len(held) == _BLOCK:
            convert()
    convert()
    whole, repeats = read != most, stage.repeats(apart=column.numbers)
    found = column.end(repeats) if whole else None
    numbers.settle(repeats.first)
    numbers.check(text=most is not None)
    if found is None:
        return None
    columns, others = tuple(header[place] for place in where.features), tuple(where.others)
    label = len(columns) if "label" in others else None
    rows, empty = kept_rows(stage, repeats.first, found.left_out, label)
    report = Report(read, found.duplicates, empty, found.said)
    return Kept(stage, columns, others, rows, report, numbers.forms, numbers.categories)


def _lines(csv: Path) -> Generator[str]:
    with _explained(csv), csv.open(encoding="utf-8-sig", newline="") as file:
        yield from file


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
