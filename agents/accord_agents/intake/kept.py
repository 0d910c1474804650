"""Which of the rows of a stage a snapshot keeps, and its columns, block by block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_agents.intake.stage import Flags, Stage
from accord_agents.intake.table import Report
from accord_protocols.primitives.psi.buckets import keyed_hashes


@dataclass(frozen=True, eq=False)
class Kept:
    """The rows of a stage that count.

    Attributes:
        stage: All rows.
        columns: Names of the feature columns.
        others: What the numbers behind those of a row's features are, of `table.OTHERS`.
        rows: ``(n,)``, whether a row is kept.
        report: What was left out.
        forms: Of columns that hold dates or booleans, see `Table`.
        categories: Of columns of categories their texts.
        texts: Names of the columns whose cells are kept as they are written.
        remarks: On how they were read, see `Rows`.
    """

    stage: Stage
    columns: tuple[str, ...]
    others: tuple[str, ...]
    rows: Flags = field(repr=False)
    report: Report
    forms: Mapping[str, str] = field(default_factory=dict)
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    texts: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    def __len__(self) -> int:
        return int(self.rows.sum())

    def sizes(self) -> Iterator[NDArray[np.uint16]]:
        """Bytes of every id."""
        return (records["size"][kept] for records, kept in self._records())

    def ids(self) -> Iterator[bytes]:
        """The ids in UTF-8, some thousand after one another."""
        return (self.stage.ids(records, kept) for records, kept in self._records())

    def values(self, *, last: bool = False) -> Iterator[NDArray[np.float64]]:
        """``(k, m)`` numbers of the columns; with `last` no number is read again."""
        width = len(self.columns)
        return (
            np.compress(self.rows[at : at + len(block)], block[:, :width], 0)
            for at, block in self.stage.values(last=last)
        )

    def other(self, name: str, *, last: bool = False) -> Iterator[NDArray[np.float64]]:
        """``(k,)`` numbers of one of the others, likewise."""
        place = len(self.columns) + self.others.index(name)
        return (block[self.rows[at : at + len(block)], place] for at, block in self.stage.values(last=last))

    def order(self) -> Iterator[NDArray[np.uint32]]:
        """The rows in the order of their ids' hashes, numbered as they are kept."""
        numbers = np.cumsum(self.rows, dtype=np.uint32)
        return (numbers[rows[self.rows[rows]]] - np.uint32(1) for rows in self.stage.order())

    def cells(self) -> Iterator[tuple[NDArray[np.uint32], bytes]]:
        """Of some thousand rows how many bytes their cells have, and these."""
        for at, sizes, raw in self.stage.cells():
            kept, ends = self.rows[at : at + len(sizes)], np.cumsum(sizes, dtype=np.int64)
            spans = zip((ends - sizes)[kept].tolist(), ends[kept].tolist(), strict=True)
            yield sizes[kept], raw if kept.all() else b"".join([raw[start:stop] for start, stop in spans])

    def _records(self) -> Iterator[tuple[NDArray[Any], Flags]]:
        return ((block, self.rows[at : at + len(block)]) for at, block in self.stage.records())


def kept_rows(stage: Stage, first: Flags, left_out: frozenset[str], label: int | None) -> tuple[Flags, int]:
    """Which rows are kept, and how many were not because their label is null.

    Args:
        stage: All rows.
        first: ``(n,)``, whether a row is the first of its id.
        left_out: Ids that name nobody.
        label: Which of a row's numbers is its label, if any.
    """
    kept, nobody = first.copy(), {identifier.encode() for identifier in left_out}
    hashes = keyed_hashes(stage.key, nobody)
    for (at, found), (_, records) in zip(stage.hashes(), stage.records(), strict=True) if nobody else ():
        for k in np.flatnonzero(np.isin(found, hashes)).tolist():
            kept[at + k] &= stage.ids(records[k : k + 1], np.ones(1, np.bool)) not in nobody
    labels = np.ones(len(kept), np.bool)
    for at, values in () if label is None else stage.values():
        labels[at : at + len(values)] = ~np.isnan(values[:, label])
    return kept & labels, int((kept & ~labels).sum())
