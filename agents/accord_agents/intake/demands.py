"""What the label holder's label, weights and exposure have to be, beyond numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool]
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Demand:
    """What the cells of a column have to be.

    Args:
        met: Whether numbers are so, of ``(n,)`` with NaN for nulls.
        wrong: Completes "the cell ...", where one is not.
        remedy: What such a column is.
    """

    met: Callable[[Values], Flags]
    wrong: str
    remedy: str


LABELS = {
    "linear": Demand(lambda y: np.ones(len(y), np.bool), "", "a label has to be a number"),
    "logistic": Demand(
        lambda y: np.isnan(y) | (y == 0) | (y == 1),
        "is neither 0 nor 1",
        "a logistic label is 0 or 1 (or false or true); a row without one has an empty cell",
    ),
    "poisson": Demand(
        lambda y: ~(y < 0),
        "is below 0",
        "a Poisson label counts something, so that it is 0 or more; a row without one has an empty cell",
    ),
}
"""By model; a row whose label is null is left out."""
POSITIVE = Demand(lambda x: x > 0, "is not above 0", "weights and exposures are numbers above 0, one for each row")
