"""Fitting a preparation on TRAIN rows."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from accord_protocols.preparation.categories import LEAST, CategoryFit, expanded, fit_categories
from accord_protocols.preparation.fitted import ColumnFit, Dropped, Fitted
from accord_protocols.preparation.moments import magnitude, moments, shifted
from accord_protocols.preparation.steps import objection, reach, replacement
from accord_protocols.preparation.woe import EvidenceFit, weighed
from accord_schemas.agreement import Prepare
from accord_schemas.errors import UsageError

NO_VALUES = Dropped(step="no values", reason="it has no value in any TRAIN row")
_ONE_LEVEL = "its TRAIN rows are all of one category"
_NO_LEVEL = f"none of its categories, nor all together, has {LEAST} TRAIN rows"


def fit(
    columns: Sequence[str],
    train: NDArray[np.float64],
    settings: Prepare,
    categories: Mapping[str, Sequence[str]] | None = None,
    forms: Mapping[str, str] | None = None,
    woe: Sequence[EvidenceFit] = (),
) -> Fitted:
    """Fit each step on the output of the one before: categories as columns of 0 and 1, impute, winsorise, drop, scale.

    A weight of evidence stands for its cell, missing or not, before any of them, and is no outlier.

    Every column is divided by a power of two above its largest value first and what was learned multiplied by it, which
    is exact: no step meets the unit of a column, nor the ends of what floats hold.

    Sums are correctly rounded, and all else is comparing and sorting: what is learned has the same bits on every
    processor, under every version of numpy.

    Args:
        columns: Names of the m columns.
        train: ``(n, m)`` float64 of the TRAIN rows, NaN for nulls.
        settings: What to do.
        categories: Of columns that hold categories, what their numbers stand for.
        forms: Of columns that hold dates or booleans.
        woe: Of columns whose values become weights of evidence.

    Raises:
        UsageError: There are fewer than two TRAIN rows, or a category's column has the name of another.
    """
    if train.shape[1:] != (len(columns),):
        raise ValueError(f"expected {len(columns)} columns, not the shape {train.shape}")
    if len(train) < 2:
        rows = "one TRAIN row" if len(train) else "no TRAIN row"
        raise UsageError(f"there is {rows}; preparing needs two or more.", hint="Align more users or test on fewer.")
    known = {name: texts for name, texts in (categories or {}).items() if name in columns}
    levels = [fit_categories(name, train[:, list(columns).index(name)], texts) for name, texts in known.items()]
    steady = {name for own in levels for name in own.names} | {own.name for own in woe}
    whole = Fitted.model_construct(
        columns=tuple(columns), categories=tuple(levels), forms=dict(forms or {}), woe=tuple(woe)
    )
    given, train, names = train, expanded(weighed(train, columns, woe), columns, levels, known), whole.expanded
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UsageError(f"column {twice!r} has the name of a category's.", hint="Rename it.")
    nulls = np.isnan(train).sum(axis=0).tolist()
    dropped = {name: NO_VALUES for name, count in zip(names, nulls, strict=True) if count == len(train)}
    for own in levels:
        if not own.levels:
            why = _ONE_LEVEL if own.reference else _NO_LEVEL
            dropped[own.name] = Dropped(step="one value" if own.reference else "few rows", reason=why)
    used = [place for place, name in enumerate(names) if name not in dropped]

    def done(kept: Sequence[ColumnFit]) -> Fitted:
        order = dict.fromkeys(part for column in columns for part in (column, *_parts(column, levels)))
        left = {name: dropped[name] for name in order if name in dropped}
        return Fitted(**{**dict(whole), "kept": tuple(kept), "dropped": left})

    if not used:
        return done(())

    fill, raw = settings.impute, np.ascontiguousarray(train[:, used])
    if isinstance(fill, float):
        raw = np.where(np.isnan(raw), fill, raw)
    units = [magnitude(column[~np.isnan(column)]) for column in raw.T]
    small = np.ldexp(raw, np.negative(units))
    how = "mean" if isinstance(fill, float) else fill
    fills = [replacement(column[~np.isnan(column)], how) for column in small.T]
    filled = np.where(np.isnan(small), fills, small)
    flags = [names[place] in steady for place in used]  # of two values, or of bins of many rows, none is an outlier
    bounds = [
        None if settings.winsorise is None or flag else reach(column, settings.winsorise)
        for column, flag in zip(filled.T, flags, strict=True)
    ]
    clipped = np.column_stack(
        [column if bound is None else np.clip(column, *bound) for column, bound in zip(filled.T, bounds, strict=True)]
    )
    clips = (clipped != filled).sum(axis=0).tolist()

    kept: list[ColumnFit] = []
    for place, (column, unit, bound) in enumerate(zip(used, units, bounds, strict=True)):
        found = moments(clipped[:, place])
        below, above = settings.drop_variance_below, settings.drop_variance_above
        cause = objection(clipped[:, place], found, unit, below, above)
        if cause is not None:
            dropped[names[column]] = Dropped(step=cause[0], reason=cause[1])
            continue
        kept.append(
            ColumnFit(
                name=names[column],
                impute=fill if isinstance(fill, float) else math.ldexp(fills[place], unit),
                low=_bound(bound[0], unit) if bound else None,
                high=_bound(bound[1], unit) if bound else None,
                mean=math.ldexp(found.mean, unit) if settings.scale else 0.0,
                scale=math.ldexp(found.deviation, unit) if settings.scale else 1.0,
                average=0.0,
                nulls=nulls[column],
                clipped=clips[place],
            )
        )
    return _averaged(done(kept), given, known)


def _averaged(fitted: Fitted, train: NDArray[np.float64], categories: Mapping[str, Sequence[str]]) -> Fitted:
    """The same, with what comes out on average."""
    means = (math.fsum(column.tolist()) / len(column) for column in fitted.apply(train, categories).T)
    kept = (own.model_copy(update={"average": mean}) for own, mean in zip(fitted.kept, means, strict=True))
    return fitted.model_copy(update={"kept": tuple(kept)})


def _parts(column: str, levels: Sequence[CategoryFit]) -> tuple[str, ...]:
    return next((own.names for own in levels if own.name == column), ())


def _bound(value: float, unit: int) -> float:
    """A winsorising bound in the column's unit; the largest float where it would be beyond it."""
    return max(-sys.float_info.max, min(shifted(value, unit), sys.float_info.max))
