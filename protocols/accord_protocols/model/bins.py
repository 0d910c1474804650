"""A party's bins: ``bins.json``, with a format number of its own (docs/binning.md). Its own columns alone stand in
it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from accord_protocols.evaluation.evidence import Bin, joined, weights
from accord_protocols.preparation.woe import EvidenceFit
from accord_protocols.tasks.results.boosting import Binned, Weighed
from accord_schemas.blob import loaded

FORMAT: Literal[1] = 1
"""Of what this program writes."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class WeighedBin(_Part):
    """Values from `start` on and below `below`, missing ones if `missing` says so; without both, missing ones alone or
    all values.

    Args:
        start: Where it begins; None: with the lowest value.
        below: Where the next one begins; None: with none.
        missing: Whether missing values are in it.
        known: Whether values are in it that are not missing.
        rows: TRAIN rows.
        ones: Those of them that have the label 1.
        woe: Weight of evidence.
    """

    start: float | None
    below: float | None
    missing: bool
    known: bool
    rows: Annotated[int, Field(ge=0)] = Field(repr=False)
    ones: Annotated[int, Field(ge=0)] = Field(repr=False)
    woe: float = Field(repr=False)

    @property
    def says(self) -> str:
        """For people."""
        if not self.known:
            return "missing"
        low = "(-inf" if self.start is None else f"[{self.start:g}"
        high = "inf)" if self.below is None else f"{self.below:g})"
        return f"{low}, {high}{' or missing' if self.missing else ''}"


class BinnedColumn(_Part):
    """A column: its bins, and what its owner may make of them, so that weights only rise or only fall.

    Args:
        column: Its name.
        bins: Missing values first, where they have one of their own; then from the lowest.
        information_value: Of the column, by these bins.
        monotone: The proposal.
        monotone_value: Its information value.
    """

    column: str
    bins: list[WeighedBin]
    information_value: float
    monotone: list[WeighedBin]
    monotone_value: float


class BinsPart(_Part):
    """One party's part.

    Args:
        format: Of this document.
        party: Whose part it is.
        model: The family.
        columns: The party's own.
    """

    format: Literal[1] = FORMAT
    party: str
    model: Literal["bins"] = "bins"
    columns: list[BinnedColumn] = Field(repr=False)

    @property
    def woe(self) -> tuple[EvidenceFit, ...]:
        """How a training makes weights of the columns' values: missing ones have theirs where they were measured."""
        found = []
        for own in self.columns:
            known = [one for one in own.bins if one.known]
            starts = [one.start for one in known[1:] if one.start is not None]
            weights = [one.woe for one in known] or [0.0]
            missing = next((one.woe for one in own.bins if one.missing), 0.0)
            found.append(EvidenceFit(name=own.column, starts=tuple(starts), weights=tuple(weights), missing=missing))
        return tuple(found)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return self.model_dump(mode="json")


def document(party: str, block: Binned, weighed: Weighed) -> BinsPart:
    """The part of a party, of its bins and what they weigh."""
    table, woe = loaded(weighed.bins).tolist(), loaded(weighed.woe).tolist()
    values, proposed = loaded(weighed.values).tolist(), loaded(weighed.proposed).tolist()
    columns = []
    for number, name in enumerate(block.names):
        own = [(row, weight) for row, weight in zip(table, woe, strict=True) if row[0] == number]
        cuts, apart = [float(cut) for cut in block.cuts[number]], bool(block.apart[number])
        missing = [(row, weight) for row, weight in own if not row[1]]
        known = [(row, weight) for row, weight in own if row[1]]
        alone = [_bin(cuts, 0, None, row, weight, missing=True) for row, weight in missing]
        found = _bins(cuts, known, apart=apart)
        starts = [k for k, (row, _) in enumerate(known) if row[4]]
        whole = joined([Bin(row[2], row[3]) for row, _ in known], starts)
        everything = [*(Bin(row[2], row[3]) for row, _ in missing), *whole]
        merged = [
            ([number, known[start][0][1], one.rows, one.ones, 1], weight)
            for start, one, weight in zip(starts, whole, weights(everything)[len(missing) :], strict=True)
        ]
        columns.append(
            BinnedColumn(
                column=name,
                bins=[*alone, *found],
                information_value=values[number],
                monotone=[*alone, *_bins(cuts, merged, apart=apart)],
                monotone_value=proposed[number],
            )
        )
    return BinsPart(party=party, columns=columns)


def _bins(cuts: list[float], rows: list[tuple[list[int], float]], *, apart: bool) -> list[WeighedBin]:
    ends = [row[1] for row, _ in rows[1:]]
    return [
        _bin(cuts, row[1], end, row, weight, missing=not apart and k == 0)
        for k, ((row, weight), end) in enumerate(zip(rows, [*ends, None], strict=False))
    ]


def _bin(cuts: list[float], first: int, end: int | None, row: list[int], weight: float, *, missing: bool) -> WeighedBin:
    """Bins from `first` up to `end`; of missing values `first` is 0. Bin k begins at cut k − 2."""
    return WeighedBin(
        start=cuts[first - 2] if first > 1 else None,
        below=cuts[end - 2] if end is not None else None,
        missing=missing,
        known=first > 0,
        rows=row[2],
        ones=row[3],
        woe=weight,
    )
