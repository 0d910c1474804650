"""What preparation did to a column that its owner would want to know, and which columns depend on each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from accord_protocols.preparation.categories import LEAST, OTHER
from accord_protocols.preparation.fitted import LARGEST, Fitted
from accord_protocols.preparation.moments import moments
from accord_schemas.agreement import Prepare

Matrix = NDArray[np.float64]

FAINT = 2.0**-10
"""A prepared column that spreads less has few of the 16 bits behind the point; scaling gives each column all."""
UNEXPLAINED = 1e-6
"""A column of whose variance the others leave a smaller share has no coefficient of its own."""


def remarks(
    fitted: Fitted, settings: Prepare, values: Matrix, categories: Mapping[str, Sequence[str]] | None = None
) -> list[str]:
    """A sentence for each column that was clipped, or that is too small without scaling, with the key to change.

    Args:
        fitted: The party's preparation.
        settings: What it was asked to do.
        values: ``(n, m)`` of all aligned rows, TRAIN and TEST, NaN for nulls: what is cut off a TEST row's cell is
            missing from its prediction.
        categories: What numbers in columns of categories stand for.
    """
    said, expanded, names = [], fitted.expand(values, categories), fitted.expanded
    flags = {name for own in fitted.categories for name in own.names} | {own.name for own in fitted.woe}
    for column, prepared in zip(fitted.kept, fitted.apply(values, categories).T, strict=True):
        if column.name in flags:  # two values stay two values, and weights are as they were measured
            continue
        given = expanded[:, names.index(column.name)]
        given = np.where(np.isnan(given), column.impute, given)
        low, high = column.low, column.high
        if low is not None and high is not None and (outside := int(((given < low) | (given > high)).sum())):
            said.append(
                f"Column {column.name!r}: {_cells(outside, len(values))} clipped to its mean ± "
                f"{settings.winsorise:g} standard deviations; prepare.winsorise: null turns that off."
            )
        if beyond := int((np.abs(prepared) >= LARGEST).sum()):
            scaled = settings.scale is not None
            remedy = "check these cells, or set prepare.winsorise" if scaled else "set prepare.scale: standard"
            said.append(f"Column {column.name!r}: {_cells(beyond, len(values))} clipped to ±{LARGEST:g}; {remedy}.")
        if settings.scale is None and moments(prepared).deviation < FAINT:
            said.append(
                f"Column {column.name!r} spreads by less than {FAINT:.1g} and counts for little without scaling; "
                "set prepare.scale: standard."
            )
    for own in fitted.categories:
        if own.merged and own.levels:
            rest = (
                f"together as {OTHER!r}"
                if OTHER in (*own.levels, own.reference)
                else f"as {own.reference!r}, the most frequent"
            )
            were = "category has" if own.merged == 1 else "categories have"
            said.append(f"Column {own.name!r}: {own.merged} {were} fewer than {LEAST} TRAIN rows and count {rest}.")
    return said


def dependent(gram: Sequence[Sequence[float]], order: Sequence[int]) -> list[int]:
    """Columns that are, all but `UNEXPLAINED`, combinations of those before them.

    Gaussian elimination element by element, so that it decides alike on every machine.

    Args:
        gram: ``(m, m)`` symmetric, of the columns' inner products.
        order: The columns, the one of ones first where there is one.
    """
    G = np.array(gram)[np.ix_(order, order)]
    own, found = np.diag(G).copy(), []
    for k, column in enumerate(order):
        if G[k, k] <= UNEXPLAINED * own[k]:
            found.append(column)
            continue
        G -= (G[:, k] / G[k, k])[:, None] * G[k][None, :]
    return found


def _cells(count: int, rows: int) -> str:
    return f"{count} of {rows} cells {'was' if count == 1 else 'were'}"
