"""Fitting a preparation on TRAIN rows, with scikit-learn's transformers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from accord_protocols.preparation.fitted import ColumnFit, Fitted
from accord_protocols.preparation.settings import Settings
from accord_schemas.errors import UsageError

NO_VALUES = "it has no value in any TRAIN row"


def fit(columns: Sequence[str], train: NDArray[np.float64], settings: Settings) -> Fitted:
    """Fit each step on the output of the one before: impute, winsorise, drop, scale.

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

    constant = None if isinstance(settings.impute, str) else settings.impute
    strategy = settings.impute if constant is None else "constant"
    imputer = SimpleImputer(strategy=strategy, fill_value=constant)
    winsoriser = None if settings.winsorise is None else Winsoriser(settings.winsorise)
    selector = InformativeColumns(settings.drop_variance_below)

    filled = imputer.fit_transform(np.ascontiguousarray(train[:, used]))  # sums follow the layout
    clipped = winsoriser.fit_transform(filled) if winsoriser else filled
    clips = (clipped != filled).sum(axis=0).tolist()
    selected = selector.fit_transform(clipped)
    scaler = StandardScaler().fit(selected) if settings.scale and selected.shape[1] else None

    kept: list[ColumnFit] = []
    for place, (column, reason) in enumerate(zip(used, selector.reasons_, strict=True)):
        if reason is not None:
            dropped[columns[column]] = reason
            continue
        kept.append(
            ColumnFit(
                name=columns[column],
                impute=imputer.statistics_[place],
                low=winsoriser.low_[place] if winsoriser else None,
                high=winsoriser.high_[place] if winsoriser else None,
                mean=scaler.mean_[len(kept)] if scaler else 0.0,
                # not scaler.scale_, which is 1 where the variance is small against the mean
                scale=math.sqrt(scaler.var_[len(kept)]) if scaler else 1.0,
                nulls=nulls[column],
                clipped=clips[place],
            )
        )
    in_order = {name: dropped[name] for name in columns if name in dropped}
    return Fitted(columns=tuple(columns), kept=tuple(kept), dropped=in_order)
