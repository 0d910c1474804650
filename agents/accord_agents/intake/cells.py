"""The text of a cell as a number."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from accord_schemas.errors import UsageError

NULLS = frozenset({"", "na", "nan", "null"})
LARGEST = 1e100  # the variance of such a column is still a finite float

# float() alone would also take 1_000, infinity and digits of other scripts
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


def number(text: str) -> float:
    """The decimal number that `text` spells, white space trimmed; NaN for a null: empty, NA, NaN or null in any case.

    Raises:
        ValueError: It is other text, or beyond `LARGEST`; the message completes "... is".
    """
    text = text.strip()
    if _NUMBER.fullmatch(text):
        value = float(text)
        if abs(value) > LARGEST:
            raise ValueError(f"is beyond ±{LARGEST:g}")
        return value
    if text.casefold() in NULLS:
        return math.nan
    raise ValueError("is not a number")


def numbers(cells: Sequence[str], lines: Sequence[int], file: str, column: str) -> NDArray[np.float64]:
    """The cells of one column as ``(n,)`` float64.

    Args:
        cells: n texts.
        lines: The line of the file that each cell stands on.
        file: Name of the file, for the error.
        column: Name of the column, for the error.

    Raises:
        UsageError: A cell is neither a number nor a null.
    """
    try:
        return np.array([number(cell) for cell in cells], np.float64)
    except ValueError:
        located = zip(cells, lines, strict=True)
        return np.array([_located(cell, line, file, column) for cell, line in located], np.float64)


def _located(cell: str, line: int, file: str, column: str) -> float:
    try:
        return number(cell)
    except ValueError as error:
        shown = cell if len(cell) <= 40 else cell[:40] + "..."
        raise UsageError(
            f"{file} line {line}, column {column!r}: {shown!r} {error}.",
            hint="Cells are finite decimal numbers; a null is empty, NA, NaN or null.",
        ) from None
