"""Fitting a preparation on TRAIN rows, with scikit-learn's transformers."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from accord_protocols.preparation.fitted import ColumnFit, Fitted
from accord_protocols.preparation.moments import magnitude, shifted
from accord_schemas.agreement import Prepare
from accord_schemas.errors import UsageError

NO_VALUES = "it has no value in any TRAIN row"


def fit(columns: Sequence[str], train: NDArray[np.float64], settings: Prepare) -> Fitted:
    """Fit each step on the output of the one before: impute, winsorise, drop, scale.

    Every column is divided by a power of two above its largest value first and what was learned multiplied by it, which
    is exact: no step meets the unit of a column, nor the ends of what floats hold.

    scikit-learn's own statistics here are numpy sums over the rows and a partition; neither BLAS nor vectorised
    transcendental functions enter, so they have the same bits on every processor (a test holds them to it).

    Args:
        columns: Names of the m columns.
        train: ``(n, m)`` float64 of the TRAIN rows, NaN for nulls.
        settings: What to do.

    Raises:
        UsageError: There are fewer than two TRAIN rows.
    """
    if train.shape[1:] != (len(columns),):
        raise ValueError(f"expected {len(columns)} columns, not the shape {train.shape}")
    if len(train) < 2:
        rows = "one TRAIN row" if len(train) else "no TRAIN row"
        raise UsageError(f"there is {rows}; preparing needs two or more.", hint="Align more users or test on fewer.")
    nulls = np.isnan(train).sum(axis=0).tolist()
    dropped = {name: NO_VALUES for name, count in zip(columns, nulls, strict=True) if count == len(train)}
    used = [place for place, name in enumerate(columns) if name not in dropped]
    if not used:
        return Fitted(columns=tuple(columns), kept=(), dropped=dropped)

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
    clipped = winsoriser.fit_transform(filled) if winsoriser else filled
    clips = (clipped != filled).sum(axis=0).tolist()
    selected = selector.fit_transform(clipped)
    scaler = StandardScaler().fit(selected) if settings.scale and selected.shape[1] else None

    kept: list[ColumnFit] = []
    for place, (column, reason, unit) in enumerate(zip(used, selector.reasons_, units, strict=True)):
        if reason is not None:
            dropped[columns[column]] = reason
            continue
        kept.append(
            ColumnFit(
                name=columns[column],
                impute=fill if isinstance(fill, float) else math.ldexp(imputer.statistics_[place], unit),
                low=_bound(winsoriser.low_[place], unit) if winsoriser else None,
                high=_bound(winsoriser.high_[place], unit) if winsoriser else None,
                mean=math.ldexp(scaler.mean_[len(kept)], unit) if scaler else 0.0,
                # not scaler.scale_, which is 1 where the variance is small against the mean
                scale=math.ldexp(math.sqrt(scaler.var_[len(kept)]), unit) if scaler else 1.0,
                nulls=nulls[column],
                clipped=clips[place],
            )
        )
    in_order = {name: dropped[name] for name in columns if name in dropped}
    return Fitted(columns=tuple(columns), kept=tuple(kept), dropped=in_order)


def _bound(value: float, unit: int) -> float:
    """A winsorising bound in the column's unit; the largest float where it would be beyond it."""
    return max(-sys.float_info.max, min(shifted(value, unit), sys.float_info.max))
