"""What bins of a column say of a yes/no label: weights of evidence, and the information value of the column.

The weight of a bin is ln((zeros there / all zeros) / (ones there / all ones)): above 0 where the label is 1 less often
than elsewhere; the information value is the sum of the weights times the differences of these shares (Siddiqi, Credit
Risk Scorecards, 2006).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from accord_protocols.primitives.elementary import log


@dataclass(frozen=True, slots=True)
class Bin:
    """Some TRAIN rows of a column: their number, and how many of them have the label 1."""

    rows: int
    ones: int

    @property
    def mixed(self) -> bool:
        """Whether both labels occur, so that its weight is finite."""
        return 0 < self.ones < self.rows

    def __add__(self, other: Bin) -> Bin:
        return Bin(self.rows + other.rows, self.ones + other.ones)


def weights(bins: Sequence[Bin]) -> list[float]:
    """Of every bin; 0 where one of both labels does not occur: nothing was measured there."""
    return [weight for weight, _ in _parts(bins)]


def information(bins: Sequence[Bin]) -> float:
    """Of a column."""
    return math.fsum(weight * apart for weight, apart in _parts(bins))


def _parts(bins: Sequence[Bin]) -> list[tuple[float, float]]:
    """Of every bin the weight, and by how much the shares of zeros and of ones differ."""
    ones, found = sum(b.ones for b in bins), []
    zeros = sum(b.rows for b in bins) - ones
    for one in bins:
        if not one.mixed:
            found.append((0.0, 0.0))
            continue
        p, q = (one.rows - one.ones) / zeros, one.ones / ones
        low, high = log(np.array([q, p])).tolist()
        found.append((high - low, p - q))
    return found


def mixed(bins: Sequence[Bin]) -> list[int]:
    """Where bins begin, of rising values, once each has both labels: others become one with the next, the last with the
    one before.

    Returns:
        Numbers of the first bins, beginning with 0.
    """
    starts = list(range(len(bins)))
    while len(starts) > 1:
        whole = joined(bins, starts)
        lacking = next((k for k, one in enumerate(whole) if not one.mixed), None)
        if lacking is None:
            break
        starts.pop(min(lacking + 1, len(starts) - 1))
    return starts


def monotone(bins: Sequence[Bin]) -> list[int]:
    """Where bins begin, of rising values, once the share of ones only rises, or only falls: whichever way says more.

    Neighbours that are out of order become one, again and again (pool adjacent violators).

    Returns:
        Numbers of the first bins, beginning with 0.
    """
    ways = [_pooled(bins, sign) for sign in (1, -1)]
    return max(ways, key=lambda starts: information(joined(bins, starts)))


def _pooled(bins: Sequence[Bin], sign: int) -> list[int]:
    found: list[tuple[int, Bin]] = []
    for start, one in enumerate(bins):
        first, whole = start, one
        while found and sign * (whole.ones * found[-1][1].rows - found[-1][1].ones * whole.rows) <= 0:
            first, before = found.pop()
            whole = before + whole
        found.append((first, whole))
    return [first for first, _ in found]


def joined(bins: Sequence[Bin], starts: Sequence[int]) -> list[Bin]:
    """Bins of those from each start up to the next."""
    ends = [*starts[1:], len(bins)][: len(starts)]
    return [sum(bins[a + 1 : b], bins[a]) for a, b in zip(starts, ends, strict=True)]
