"""Which of the rows of a stage a snapshot keeps, and its columns, block by block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_agents.intake.deferred import Deferred
from accord_agents.intake.stage import BLOCK, Flags, Stage
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
        deferred: The features, where they are not in the stage.
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
    deferred: Deferred | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return int(self.rows.sum())

    def sizes(self) -> Iterator[NDArray[np.uint16]]:
        """Bytes of every id."""
        return (records["size"][kept] for _, records, kept in self._records())

    def ids(self) -> Iterator[bytes]:
        """The ids in UTF-8, some thousand after one another."""
        return (self.stage.ids(*found) for found in self._records())

    def values(self, *, last: bool = False) -> Iterator[NDArray[np.float64]]:
        """``(k, m)`` numbers of the columns; with `last` no number is read again."""
        width, blocks = len(self.columns), self._deferred() if self.deferred else self.stage.values(last=last)
        return (np.compress(self.rows[at : at + len(block)], block[:, :width], 0) for at, block in blocks)

    def _deferred(self) -> Iterator[tuple[int, NDArray[np.float64]]]:
        """The features of all rows; those behind the rows of the file have none."""
        assert self.deferred is not None
        yield from self.deferred.values()
        for at in range(len(self.deferred.first), len(self.rows), BLOCK):
            yield at, np.full((min(BLOCK, len(self.rows) - at), len(self.columns)), np.nan)

    def other(self, name: str, *, last: bool = False) -> Iterator[NDArray[np.float64]]:
        """``(k,)`` numbers of one of the others, likewise."""
        place = self.stage.columns - len(self.others) + self.others.index(name)
        return (block[self.rows[at : at + len(block)], place] for at, block in self.stage.values(last=last))

    def order(self) -> Iterator[NDArray[np.uint32]]:
        """The rows in the order of their ids' hashes, numbered as they are kept."""
        numbers, at = np.empty(len(self.rows), np.uint32), 0
        for start in range(0, len(self.rows), BLOCK):
            kept, part = self.rows[start : start + BLOCK], numbers[start : start + BLOCK]
            np.cumsum(kept, dtype=np.uint32, out=part)
            part += np.uint32((at - 1) % (1 << 32))  # wraps before the first one that is kept
            at += int(np.count_nonzero(kept))
        for rows in self.stage.order():
            kept = self.rows.take(rows)
            yield numbers.take(rows if kept.all() else rows[kept])

    def cells(self) -> Iterator[tuple[NDArray[np.uint32], bytes]]:
        """Of some thousand rows how many bytes their cells have, and these."""
        for at, sizes, raw in self.stage.cells():
            kept, ends = self.rows[at : at + len(sizes)], np.cumsum(sizes, dtype=np.int64)
            spans = zip((ends - sizes)[kept].tolist(), ends[kept].tolist(), strict=True)
            yield sizes[kept], raw if kept.all() else b"".join([raw[start:stop] for start, stop in spans])

    def _records(self) -> Iterator[tuple[int, NDArray[Any], Flags]]:
        return ((at, block, self.rows[at : at + len(block)]) for at, block in self.stage.records())


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
    kept[[*stage.among(nobody, hashes)] if nobody else []] = False
    labels = np.ones(len(kept), np.bool)
    for at, values in () if label is None else stage.values():
        labels[at : at + len(values)] = ~np.isnan(values[:, label])
    return kept & labels, int((kept & ~labels).sum())
