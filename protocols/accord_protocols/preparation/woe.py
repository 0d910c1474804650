"""Columns whose values become the weight of evidence of their bin, as it was measured between the parties."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, model_validator

Matrix = NDArray[np.float64]


class EvidenceFit(BaseModel):
    """One such column.

    Attributes:
        name: The column.
        starts: Where the bins after the first one begin, ascending.
        weights: Of the bins, from the lowest.
        missing: That of missing values; 0, which says nothing, where TRAIN rows had none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str
    starts: tuple[float, ...]
    weights: tuple[float, ...]
    missing: float

    @model_validator(mode="after")
    def _bins(self) -> Self:
        if len(self.weights) != len(self.starts) + 1 or any(a >= b for a, b in pairwise(self.starts)):
            raise ValueError("there is a weight for each bin, and bins rise")
        return self

    def apply(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(n,)`` weights of cells, NaN where one is missing."""
        found = np.array(self.weights)[np.searchsorted(np.array(self.starts), values, side="right")]
        return np.where(np.isnan(values), self.missing, found)


def weighed(values: Matrix, columns: Sequence[str], fits: Sequence[EvidenceFit]) -> Matrix:
    """``(n, m)`` of a party's columns with weights in place of the values of some.

    Args:
        values: ``(n, m)``, NaN where a cell is missing.
        columns: Names.
        fits: Of these columns.
    """
    if not fits:
        return values
    found = values.copy()
    for fit in fits:
        place = list(columns).index(fit.name)
        found[:, place] = fit.apply(values[:, place])
    return found
