"""A party's rows, read once, as a checked snapshot; nothing that grows with them is in memory."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from accord_agents.files.places import Columnar, Csv, Images, Place, Query
from accord_agents.intake import csv_rows
from accord_agents.intake.alike import alike
from accord_agents.intake.columns import Columns
from accord_agents.intake.deferred import Deferred
from accord_agents.intake.demands import LABELS, POSITIVE
from accord_agents.intake.edges import EdgeSource, take_edges
from accord_agents.intake.header import Layout, layout
from accord_agents.intake.ids import IdColumn
from accord_agents.intake.kept import Kept, kept_rows
from accord_agents.intake.padding import Padding, padded
from accord_agents.intake.rows import Rows
from accord_agents.intake.snapshot import Snapshot, read_snapshot, write_snapshot
from accord_agents.intake.stage import Flags, Stage
from accord_agents.intake.staging import looked, staged
from accord_agents.intake.table import OTHERS, Report, Table
from accord_agents.intake.texts import TextColumns
from accord_protocols.jobs.base import Reads
from accord_protocols.primitives.psi.buckets import KEY
from accord_protocols.primitives.psi.ids import Key
from accord_schemas.errors import UsageError

SAMPLE = 100_000
"""Rows that are looked at where a file is checked before it is needed."""
FEATURES = Reads("linear")
"""What is read where nothing else is said."""
_NEEDS = {"logistic": "rows of both classes, 0 and 1", "poisson": "rows that count something"}


@dataclass(frozen=True, slots=True)
class Source:
    """A party's rows, and what of them is read.

    Args:
        place: Where they lie; a path is that of a CSV file of which nothing is named.
        id: Column of the ids, or those that one is made of.
        label: Column of the labels.
        features: Feature columns in the order wanted; None means all that have no other use, as they stand there.
        reads: What the job reads of it.
    """

    place: Place | Path
    id: str | Key
    label: str | None = None
    features: list[str] | None = None
    reads: Reads = FEATURES

    @property
    def name(self) -> str:
        """What errors call it."""
        return self.place.name

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


def take(source: Source | EdgeSource, folder: Path, key: bytes, padding: Padding | None = None) -> Snapshot:
    """Read a party's files into a snapshot.

    Of a table: ids normalised and checked, the first row of an id kept, nulls as NaN. Rows that name nobody (NULL and
    the like as an id), and rows without a label, are left out and counted.

    Args:
        source: The file.
        folder: Where the snapshot goes; made if needed.
        key: Of the buckets, see `keyed_hashes`.
        padding: How the set is filled up, where that was agreed.

    Raises:
        UsageError: The file cannot be read or used; names file, line, column and what to do.
        AccordError: The folder cannot be written.
    """
    if isinstance(source, EdgeSource):
        return take_edges(source, folder)
    with _read(source, folder, key) as kept:
        assert kept is not None
        written = write_snapshot(padded(kept, padding) if padding else kept, folder)
        return replace(written, remarks=kept.remarks)


def check(source: Source, rows: int = SAMPLE) -> list[str]:
    """Whether a file can be used, as far as its first rows tell.

    Returns:
        What its people should know of it, a sentence each; of a file with more than `rows` nothing.

    Raises:
        UsageError: It cannot, whatever the other rows are.
    """
    with _read(source, None, bytes(KEY), rows) as kept:
        return [] if kept is None else kept.report.warnings()


def read_table(source: Source | EdgeSource) -> Table:
    """What `take` reads, as a table without a snapshot."""
    with tempfile.TemporaryDirectory(prefix="accord-table-") as folder:
        snapshot = take(source, Path(folder), secrets.token_bytes(KEY))
        return read_snapshot(snapshot.path, snapshot.digest)  # a file that is mapped may go


@contextmanager
def _read(source: Source, folder: Path | None, key: bytes, rows: int | None = None) -> Iterator[Kept | None]:
    """What is kept of a party's rows; None where there are more than `rows`."""
    reads = source.reads
    if reads.model is not None and reads.label and source.label is None:
        raise UsageError(f"{source.name}: the label holder's data name no label.", hint="Set data.label to a column.")
    with opened(source.place, rows) as lying:
        ids_only = reads.model is None and not reads.carried
        where = layout(
            lying.name,
            lying.header,
            source.key.columns,
            source.others,
            [*reads.carried] or source.features,
            ids_only=ids_only,
            head=lying.head,
            wanted_by="align.carry" if reads.carried else "features",
            cells=reads.cells,
        )
        some = ids_only or "label" in where.others or where.features
        if not some and rows is None:  # of an agreement that is not known yet ids may be all that is needed
            raise UsageError(f"{source.name} has no feature column.", hint="Add a column besides the id.")
        later = rows is None and _deferrable(source, lying, where)
        staged_features = 0 if later else len(where.features)
        with Stage(folder, key, staged_features + len(where.others), cells=bool(where.cells)) as stage:
            kept = _staged(source, lying, where, stage, rows, later=later)
            if kept is not None:
                _some(kept, source)
            yield kept


@contextmanager
def opened(place: Place | Path, most: int | None = None) -> Iterator[Rows]:
    """Open a party's rows, wherever they lie; what reads databases, images and files of columns is loaded where needed.

    Args:
        place: Where that is.
        most: How many rows will be read at most.

    Raises:
        UsageError: They cannot be read, here or while they are.
    """
    if isinstance(place, Columnar):
        from accord_agents.intake.arrow_rows import opened as of_columns

        with of_columns(place) as rows:
            yield rows
    elif isinstance(place, Query):
        from accord_agents.intake.sql_rows import opened as of_query

        with of_query(place, most) as rows:
            yield rows
    elif isinstance(place, Images):
        from accord_agents.intake.image_rows import opened as of_images

        with of_images(place) as rows:
            yield rows
    else:
        with csv_rows.opened(place if isinstance(place, Csv) else Csv(place)) as rows:
            yield rows


def _some(kept: Kept, source: Source) -> None:
    """That there are rows, and labels that a model can tell apart."""
    name, report = source.name, kept.report
    if not report.rows_read:
        raise UsageError(f"{name} has columns but no rows.", hint="Give at least one row.")
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


def _deferrable(source: Source, lying: Rows, where: Layout) -> bool:
    """Whether the features may be left for later."""
    reads = source.reads
    usual = not reads.carried and not any(lying.header[place] in reads.one_hot for place in where.features)
    return bool(where.features) and usual and lying.deferrable(where.features)


def _staged(source: Source, lying: Rows, where: Layout, stage: Stage, most: int | None, *, later: bool) -> Kept | None:
    """The rows in blocks, `most` at most, and what they come to; None where more may follow.

    With `later` the features are deferred.
    """
    header, reads = lying.header, source.reads
    demands = {"label": LABELS[reads.model or "linear"], "weights": POSITIVE, "exposure": POSITIVE}
    features = () if later else where.features
    wanted = [*features, *where.others.values()]
    categories = [place for place in features if header[place] in reads.one_hot]
    column = IdColumn(lying.at, source.key)
    numbers = Columns(
        lying.name,
        lying.at,
        [header[place] for place in wanted],
        {header[place]: demands[use] for use, place in where.others.items()},
        [header[place] for place in categories],
        reads.carried,
    )
    texts, taken = TextColumns(lying.at, reads.cells, reads.cell_bytes), list[Flags]()
    with (
        closing(lying.blocks(where.id, [*wanted, *where.cells], [*categories, *where.cells], most)) as blocks,
        closing(looked(blocks, lying.count, stage.key, as_written=column.as_written)) as all_seen,
    ):
        for seen in all_seen:
            taken.append(staged(seen, column, numbers, texts, stage))
            if numbers.doubtful:
                numbers.settle(stage.repeats().first)
    read = sum(map(len, taken))
    whole, repeats = read != most, stage.repeats(apart=column.numbers)
    found = column.end(repeats) if whole else None
    numbers.settle(repeats.first)
    numbers.check(text=most is not None)
    if found is None:
        return None
    columns, others = tuple(header[place] for place in where.features), tuple(where.others)
    label = len(features) if "label" in others else None
    rows, empty = kept_rows(stage, repeats.first, found.left_out, label)
    report = Report(read, found.duplicates, empty, found.said)
    deferred = None
    if later:
        of = partial(Columns, lying.name, lying.at, columns)
        here = np.concatenate([np.empty(0, np.bool), *taken])
        deferred = Deferred(lying, where.features, of, here, repeats.first)
    forms, texts_of = numbers.forms, numbers.categories
    kept = Kept(stage, columns, others, rows, report, forms, texts_of, reads.cells, lying.remarks, deferred)
    said = alike(kept, header[where.others["label"]] if label is not None else None) if reads.model else ()
    return replace(kept, report=replace(report, columns=said)) if said else kept
