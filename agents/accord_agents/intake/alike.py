"""Columns that should not be features as they stand: a copy of the label, a copy of another column, a count of rows.

Looked for among the first rows; what they show is held against all others. What is found is said, and nothing is left
out: a warning stands in the snapshot, so that nothing here depends on the processor (element by element, no sums).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from accord_agents.intake.kept import Kept

Numbers = NDArray[np.float64]
FEWEST = 20
"""Rows below which columns are alike by chance."""
CLOSE = 1e-9
"""How far copies in another unit differ by rounding, relative to the distance of the first two values."""
_LOOKED = 1000  # rows of the first block that a candidate has to pass before any other row is read
_GLANCE = 16  # rows that nearly all others differ in
_NULL = 1e300
_TOLD = 8


@dataclass(frozen=True, slots=True)
class _Scale:
    """The unit of a column: its first value, and how far its next other one is."""

    start: float
    step: float

    @classmethod
    def of(cls, values: Numbers) -> _Scale | None:
        """None of a column that has one value, or none."""
        known = values[~np.isnan(values)]
        other = known[known != known[0]] if len(known) else known
        return cls(float(known[0]), float(other[0] - known[0])) if len(other) else None

    def applied(self, values: Numbers) -> Numbers:
        """``(n,)`` without unit: copies of one column are the same numbers, but for rounding; a null is `_NULL`."""
        with np.errstate(over="ignore", invalid="ignore"):
            return np.where(np.isnan(values), _NULL, (values - self.start) / self.step)


@dataclass(slots=True)
class _Pair:
    """Two columns that may hold the same: places in a row, and their units."""

    column: int
    model: int
    scales: tuple[_Scale, _Scale]
    exact: bool = True

    def holds(self, rows: Numbers) -> bool:
        """Whether it is still so in ``(k, m)`` further rows."""
        mine, its = rows[:, self.column], rows[:, self.model]
        self.exact = self.exact and np.array_equal(mine, its, equal_nan=True)
        if self.exact:
            return True
        one, two = self.scales
        return bool(_close(one.applied(mine), two.applied(its)).all())


@dataclass(slots=True)
class _Counting:
    """A column that may count rows: whole numbers that grow by one, left-out rows passed over."""

    column: int
    last: float = field(default=-np.inf, repr=False)
    gaps: int = 0

    def holds(self, rows: Numbers, most: int) -> bool:
        """Whether it is still so in further rows, with at most so many gaps in all."""
        values = rows[:, self.column]
        steps = np.diff(values, prepend=values[:1] - 1 if self.last == -np.inf else [self.last])
        self.last = float(values[-1])
        if not (steps >= 1).all() or not (values == np.floor(values)).all():
            return False
        self.gaps += int((steps - 1).sum())
        return self.gaps <= most


def alike(kept: Kept, label: str | None) -> tuple[str, ...]:
    """A sentence for each such column, with what to do.

    Args:
        kept: The rows.
        label: The label's column, where it is read.
    """
    n, names = len(kept), [*kept.columns]
    if n < FEWEST or not names:
        return ()
    left_out, dated = kept.report.rows_read - n, set(kept.forms)
    pairs: list[_Pair] = []
    counting: list[_Counting] = []
    for number, rows in enumerate(_rows(kept, with_label=label is not None)):
        if number == 0:
            pairs = _pairs(rows, len(names), labelled=label is not None)
            counting = [_Counting(c) for c, name in enumerate(names) if name not in dated]
        pairs = [pair for pair in pairs if pair.holds(rows)]
        counting = [one for one in counting if one.holds(rows, left_out)]
        if not pairs and not counting:
            return ()
    return _said(kept, names, label, pairs, counting)


def _rows(kept: Kept, *, with_label: bool) -> Iterator[Numbers]:
    """``(k, m)`` features, and behind them the label; `_LOOKED` of them first, whatever the blocks are."""
    looked, begun = np.empty((0, len(kept.columns) + with_label)), False
    for values in _labelled(kept) if with_label else kept.values():
        if not begun:
            looked = np.concatenate([looked, values])
            if begun := len(looked) >= _LOOKED:
                yield looked
        elif len(values):
            yield values
    if not begun:
        yield looked


def _labelled(kept: Kept) -> Iterator[Numbers]:
    """The same in the blocks of the features, which are not those of the labels."""
    parts, labels = kept.other("label"), np.empty(0)
    for values in kept.values():
        while len(labels) < len(values):
            labels = np.concatenate([labels, next(parts)])
        yield np.column_stack([values, labels[: len(values)]])
        labels = labels[len(values) :]


def _pairs(rows: Numbers, features: int, *, labelled: bool) -> list[_Pair]:
    """Columns whose first rows are those of the label, or of a column before them."""
    first, found = rows[:_LOOKED], list[_Pair]()
    order = [*([features] if labelled else ()), *range(features)]
    scales = {column: scale for column in order if (scale := _Scale.of(rows[:, column])) is not None}
    kept = np.empty((len(scales), len(first)))  # those that repeat none before them
    places: list[int] = []
    for column, scale in scales.items():
        mine, count = scale.applied(first[:, column]), len(places)
        near = np.flatnonzero(_close(kept[:count, :_GLANCE], mine[:_GLANCE]).all(axis=1))
        match = next((k for k in near.tolist() if _close(kept[k], mine).all()), None)
        if match is None:
            kept[count] = mine
            places.append(column)
        else:
            found.append(_Pair(column, places[match], (scale, scales[places[match]])))
    return found


def _close(one: Numbers, two: Numbers) -> NDArray[np.bool]:
    """Where numbers without unit are the same."""
    with np.errstate(over="ignore", invalid="ignore"):  # an infinity is close to nothing
        return np.abs(one - two) <= CLOSE * np.maximum(1.0, np.abs(two))


def _said(
    kept: Kept, names: Sequence[str], label: str | None, pairs: Sequence[_Pair], counting: Sequence[_Counting]
) -> tuple[str, ...]:
    copies: dict[int, list[str]] = {}
    said: list[str] = []
    for pair in pairs:
        same = "the same numbers" if pair.exact else "the same in another unit or sign"
        if pair.model == len(names):
            said.append(
                f"Column {names[pair.column]!r} is the label {label!r} ({same} in every row): a model that has it "
                f"predicts nothing new; leave it out with features."
            )
        else:
            copies.setdefault(pair.model, []).append(f"{names[pair.column]!r} ({same})")
    for model, columns in copies.items():
        more = f" and {len(columns) - _TOLD} more" if len(columns) > _TOLD else ""
        said.append(
            f"Column {names[model]!r} stands here again as {', '.join(columns[:_TOLD])}{more}: its weight is shared "
            "among them, and which of them has it means nothing; leave the others out with features."
        )
    said += [
        f"Column {names[one.column]!r} counts the rows of the file: it says where a row stands, not what it is like; "
        "leave it out with features."
        for one in counting
    ]
    return tuple(said[:_TOLD])
