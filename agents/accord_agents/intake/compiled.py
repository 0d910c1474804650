"""Loops over ids and numbers, compiled by numba; without it numpy and Python go over them, with the same outcome."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_agents.intake.plain import MOST, WORDS
from accord_protocols.primitives.compiling import kernel, read_only

__all__ = ["placed", "plain", "read_only"]
Array = NDArray[Any]
_SPACE, _DELETE, _ZERO, _NINE, _POINT, _PLUS = 0x20, 0x7F, 0x30, 0x39, 0x2E, 0x2B


@kernel
def plain(offsets: Array, data: Array, found: Array, numeric: Array) -> None:
    """Sets `found` where an id is plain, and `numeric` where it is digits alone, too."""
    for row in range(len(found)):
        start, end = offsets[row], offsets[row + 1]
        size = end - start
        if size == 0 or size > MOST or not _letter_or_digit(data[start]) or data[end - 1] == _SPACE:
            continue
        digits, zeros, nines, fits = 0, 0, 0, True
        for at in range(start, end):
            c = data[at]
            if c < _SPACE or c >= _DELETE or c == _PLUS or (c == _SPACE and data[at - 1] == _SPACE):
                fits = False
                break
            digits += _ZERO <= c <= _NINE
            zeros += c == _ZERO
            nines += c == _NINE
        if not fits or (digits == 0 and size <= WORDS) or zeros == size or nines == size:
            continue
        if size > 1 and data[end - 1] == _ZERO and data[end - 2] == _POINT:
            continue
        found[row] = True
        numeric[row] = digits == size


@kernel
def placed(values: Array, out: Array, place: int, found: Array) -> None:
    """Puts a column into the rows of `out`, and what it comes to into `found`: see `placing`."""
    low, high, known = found[place, 0], found[place, 1], 0
    for row in range(len(values)):
        value = values[row]
        if value == value:  # no NaN
            known += 1
            low, high = min(low, value), max(high, value)
            out[row, place] = value + 0.0
        else:
            out[row, place] = np.nan
    found[place, 0], found[place, 1] = low, high
    found[place, 2] += known


@kernel
def _letter_or_digit(c: int) -> bool:
    return _ZERO <= c <= _NINE or 0x41 <= c <= 0x5A or 0x61 <= c <= 0x7A
