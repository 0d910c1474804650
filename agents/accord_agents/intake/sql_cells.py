"""Values that a database's driver gives as cells: what a type says is kept, what has no faithful form is said."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np

from accord_agents.intake.cells import LARGEST, days
from accord_agents.intake.rows import Cells, Numbers, Unfit

_NUMBER, _DATE = (int, float, Decimal), (date, datetime)


class NoTextError(ValueError):
    """A value has no faithful form as text; the message completes "the cell ..."."""


def text(value: Any) -> str:
    """A value of an id or a category as text, "" for a null.

    Raises:
        NoTextError: It has no faithful form.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | UUID):
        return str(value)
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        if not isinstance(exponent, int) or exponent < 0:
            raise NoTextError("is a decimal with places: cast the column to integers or text")
        return f"{value:f}"
    if isinstance(value, bytes | bytearray | memoryview):
        try:
            return bytes(value).decode()
        except UnicodeDecodeError:
            raise NoTextError("holds bytes that are no UTF-8: cast the column to text") from None
    if isinstance(value, datetime):
        raise NoTextError("is a moment, which has many forms as text: cast the column to text or a date")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        raise NoTextError("is a floating-point number, of which 7 and 7.0 are one: cast the column to integers or text")
    raise NoTextError(f"is of the type {type(value).__name__}, which has no one form as text: cast the column to text")


def cells(column: Sequence[Any], *, category: bool) -> Cells:
    """The values of any other column.

    Args:
        column: As the driver gives them.
        category: Whether they are read as text, whatever they look like.
    """
    kinds = {type(value) for value in column} - {type(None)}
    if not category and kinds:
        if kinds == {bool}:
            return Numbers("boolean", _array([math.nan if v is None else float(v) for v in column]))
        if bool not in kinds and all(issubclass(kind, _NUMBER) for kind in kinds):
            return Numbers("number", _array([math.nan if v is None else _float(v) for v in column]))
        if all(issubclass(kind, _DATE) for kind in kinds):
            return Numbers("date", _array([math.nan if v is None else _days(v) for v in column]))
    try:
        return [_spelled(value) if not category else text(value) for value in column]
    except NoTextError as error:
        filled = np.array([value is not None for value in column])
        return Unfit(filled, str(error) if category else f"{str(error).partition(',')[0]}, and no number")


def _spelled(value: Any) -> str:
    """A value of a column of several types as a CSV file would have it."""
    if isinstance(value, float | Decimal):
        return repr(float(value))
    return value.isoformat(" ") if isinstance(value, datetime) else text(value)


def _float(value: int | float | Decimal) -> float:
    if isinstance(value, int) and abs(value) > LARGEST:
        return math.inf  # beyond what may be used, and perhaps beyond a float
    return float(value)


def _days(value: date) -> float:
    if not isinstance(value, datetime):
        return days(datetime(value.year, value.month, value.day))  # noqa: DTZ001  # dates have no zone
    return days(value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None))


def _array(values: list[float]) -> Any:
    return np.array(values, np.float64)
