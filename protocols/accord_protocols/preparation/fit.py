"""Fitting a preparation on TRAIN rows, with scikit-learn's transformers."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from accord_protocols.preparation.categories import LEAST, CategoryFit, expanded, fit_categories
from accord_protocols.preparation.fitted import ColumnFit, Dropped, Fitted
from accord_protocols.preparation.moments import magnitude, shifted
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
) -> Fitted:
    """Fit each step on the output of the one before: categories as columns of 0 and 1, impute, winsorise, drop, scale.

    Every column is divided by a power of two above its largest value first and what was learned multiplied by it, which
    is exact: no step meets the unit of a column, nor the ends of what floats hold.

    scikit-learn's own statistics here are numpy sums over the rows and a partition; neither BLAS nor vectorised
    transcendental functions enter, so they have the same bits on every processor (a test holds them to it).

    Args:
        columns: Names of the m columns.
        train: ``(n, m)`` float64 of the TRAIN rows, NaN for nulls.
        settings: What to do.
        categories: Of columns that hold categories, what their numbers stand for.
        forms: Of columns that hold dates or booleans.

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
    indicators = {name for own in levels for name in own.names}
    whole = Fitted.model_construct(columns=tuple(columns), categories=tuple(levels), forms=dict(forms or {}))
    given, train, names = train, expanded(train, columns, levels, known), whole.expanded
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

    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import StandardScaler

    from accord_protocols.preparation.transformers import InformativeColumns, Winsoriser

    fill, raw = settings.impute, np.ascontiguousarray(train[:, used])  # sums follow the layout
    if isinstance(fill, float):
        raw = np.where(np.isnan(raw), fill, raw)
    units = [magnitude(column[~np.isnan(column)]) for column in raw.T]
    imputer = SimpleImputer(strategy="mean" if isinstance(fill, float) else fill)
    winsoriser = None if settings.winsorise is None else Winsoriser(settings.winsorise)
    selector = InformativeColumns(settings.drop_variance_below, settings.drop_variance_above, units)

    filled = imputer.fit_transform(np.ldexp(raw, np.negative(units)))
    flags = np.array([names[place] in indicators for place in used])  # of two values none is an outlier
    clipped = np.where(flags, filled, winsoriser.fit_transform(filled)) if winsoriser else filled
    clips = (clipped != filled).sum(axis=0).tolist()
    selected = selector.fit_transform(clipped)
    scaler = StandardScaler().fit(selected) if settings.scale and selected.shape[1] else None

    kept: list[ColumnFit] = []
    for place, (column, cause, unit) in enumerate(zip(used, selector.reasons_, units, strict=True)):
        if cause is not None:
            dropped[names[column]] = Dropped(step=cause[0], reason=cause[1])
            continue
        bounded = winsoriser if winsoriser is not None and not flags[place] else None
        kept.append(
            ColumnFit(
                name=names[column],
                impute=fill if isinstance(fill, float) else math.ldexp(imputer.statistics_[place], unit),
                low=_bound(bounded.low_[place], unit) if bounded else None,
                high=_bound(bounded.high_[place], unit) if bounded else None,
                mean=math.ldexp(scaler.mean_[len(kept)], unit) if scaler else 0.0,
                # not scaler.scale_, which is 1 where the variance is small against the mean
                scale=math.ldexp(math.sqrt(scaler.var_[len(kept)]), unit) if scaler else 1.0,
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
