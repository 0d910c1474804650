"""One party's rows as they came out of its file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_agents.intake.bucketed import Buckets
from accord_protocols.graph.edges import Edges

OTHERS = ("label", "weights", "exposure")
"""What a row may have besides its features, in the order of a snapshot."""
_ALWAYS = ("rows_read", "duplicates", "empty_labels")


@dataclass(frozen=True)
class Report:
    """What was read and what was left out.

    Attributes:
        rows_read: Rows of the file below the header, blank lines not counted.
        duplicates: Rows that were left out because an earlier row has the same normalised id.
        empty_labels: Rows that were left out because their label is null.
        ids: What its people should know of the ids, a sentence each.
        columns: And of its columns.
        padded: Rows in the end whose ids are nobody's: see `accord_agents.intake.padding`.
    """

    rows_read: int
    duplicates: int
    empty_labels: int
    ids: tuple[str, ...] = ()
    padded: int = 0
    columns: tuple[str, ...] = ()

    def warnings(self) -> list[str]:
        """A sentence for each kind of row that was left out."""
        said = [
            (self.duplicates, "rows repeat the id of an earlier row; the first one counts"),
            (self.empty_labels, "rows have an empty label and were left out"),
        ]
        return [*(f"{count} of {self.rows_read} {what}." for count, what in said if count), *self.ids, *self.columns]

    def facts(self) -> dict[str, Any]:
        """What `restored` takes; absent where there is nothing to say, so that older snapshots have the same bytes."""
        return {name: value for name, value in asdict(self).items() if value or name in _ALWAYS}

    @classmethod
    def restored(cls, facts: dict[str, Any]) -> Report:
        """The report of `facts`."""
        return cls(**facts | {name: tuple(facts.get(name, ())) for name in ("ids", "columns")})


@dataclass(frozen=True, eq=False)
class Table:
    """A party's rows; nothing of them shows in the representation.

    Attributes:
        ids: n normalised ids, each once, in the order of the file.
        columns: Names of the m feature columns.
        values: ``(n, m)`` float64, NaN where the cell is null.
        labels: ``(n,)`` float64 without NaN, or None where no label was read.
        report: What was left out.
        buckets: The rows by keyed hashes of their ids; None of tables that were made in memory, or before there were
            buckets.
        weights: ``(n,)`` of the rows, above 0; None where none are agreed on.
        exposure: ``(n,)``, above 0, likewise.
        forms: Of columns that hold something else than numbers: ``date`` (days since 1970-01-01), ``boolean`` (0, 1).
        categories: Of columns of categories their texts; the values are numbers in this list.
        cells: Of each row the cells that are kept as they are written, packed; none where none are kept.
        edges: Of a party that brings a graph: then the ids are its vertices, and there are no columns.
    """

    ids: Sequence[str] = field(repr=False)
    columns: tuple[str, ...]
    values: NDArray[np.float64] = field(repr=False)
    labels: NDArray[np.float64] | None = field(repr=False)
    report: Report
    buckets: Buckets | None = field(default=None, repr=False)
    weights: NDArray[np.float64] | None = field(default=None, repr=False)
    exposure: NDArray[np.float64] | None = field(default=None, repr=False)
    forms: Mapping[str, str] = field(default_factory=dict)
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    cells: Sequence[bytes] = field(default=(), repr=False)
    edges: Edges | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.ids), len(self.columns)):
            raise ValueError("values must have a row for each id and a column for each name")
        for name, numbers in (("labels", self.labels), ("weights", self.weights), ("exposure", self.exposure)):
            if numbers is not None and numbers.shape != (len(self.ids),):
                raise ValueError(f"{name} must have one value for each id")

    @property
    def own_ids(self) -> Sequence[str]:
        """The ids without those that are nobody's."""
        return self.ids[: len(self.ids) - self.report.padded]

    def find(self, identifier: str) -> int | None:
        """The row of an id, if there is one."""
        if self.buckets is not None:
            return self.buckets.find(identifier)
        return next((row for row, known in enumerate(self.ids) if known == identifier), None)
