"""Columns of numbers into the rows of a block, NaN and zero in one form each, so that equal tables are equal bytes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from accord_agents.intake.plain import compiled

LEAST, GREATEST, KNOWN = range(3)
"""What is found of a column: its least and greatest number, 0 among them; and how many are no NaN."""
_TILE = 1 << 12  # rows that stay in a core's own memory while all columns are put into them
Numbers = NDArray[np.float64]


def placed(columns: Mapping[int, Numbers], out: Numbers, *, fast: bool) -> Numbers:
    """Put columns into rows.

    Args:
        columns: ``(n,)`` each, by their places in a row.
        out: ``(n, m)``, where they go; other places are left alone.
        fast: Whether it pays to load compiled loops; the outcome is the same.

    Returns:
        ``(m, 3)``, see `LEAST`.
    """
    found, loops = np.zeros((out.shape[1], 3)), compiled() if fast else None
    if loops is None:
        for place, values in columns.items():
            out[:, place] = one_form(values)
            known = len(values) - np.count_nonzero(np.isnan(values))
            found[place] = np.fmin.reduce(values, initial=0.0), np.fmax.reduce(values, initial=0.0), known
        return found
    taken = {place: loops.read_only(np.ascontiguousarray(values)) for place, values in columns.items()}
    for start in range(0, len(out), _TILE):
        rows = out[start : start + _TILE]
        for place, values in taken.items():
            loops.placed(values[start : start + _TILE], rows, place, found)
    return found


def one_form(values: Numbers) -> Numbers:
    """The same numbers, none of them -0 or another NaN."""
    found = values + 0.0
    found[np.isnan(found)] = np.nan
    return found
