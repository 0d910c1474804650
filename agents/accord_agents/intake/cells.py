"""The text of a cell as a number: a decimal number, an ISO date in days, true or false."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime

NULLS = frozenset({"", "na", "nan", "null"})
LARGEST = 1e100  # the variance of such a column is still a finite float
BEYOND = f"is beyond ±{LARGEST:g}"

# float() alone would also take 1_000, infinity and digits of other scripts; fromisoformat weeks and time zones
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)?", re.ASCII)
_TRUTH = {"true": 1.0, "false": 0.0}
_EPOCH, _DAY = datetime(1970, 1, 1), 86_400.0  # noqa: DTZ001  # dates have no zone


def number(text: str, decimal: str = ".") -> float:
    """The decimal number that `text` spells, white space trimmed; NaN for a null: empty, NA, NaN or null in any case.

    Args:
        text: The cell.
        decimal: The sign before decimals.

    Raises:
        ValueError: It is other text, or beyond `LARGEST`; the message completes "... is".
    """
    text = text.strip()
    pointed = text if decimal == "." else "" if "." in text else text.replace(decimal, ".")
    if _NUMBER.fullmatch(pointed):
        value = float(pointed)
        if abs(value) > LARGEST:
            raise ValueError(BEYOND)
        return value
    if text.casefold() in NULLS:
        return math.nan
    if decimal == "." and _COMMA.fullmatch(text):
        raise ValueError("is not a number; write a point for the comma")
    if decimal != "." and _NUMBER.fullmatch(text):
        raise ValueError("is not a number; decimals have a comma in this file")
    raise ValueError("is not a number")


def day(text: str) -> float:
    """Days since 1970-01-01 of an ISO date, a time of day as a part of one; NaN for a null.

    Raises:
        ValueError: It is no date; the message completes "... is".
    """
    text = text.strip()
    if text.casefold() in NULLS:
        return math.nan
    if _DATE.fullmatch(text):
        try:
            return days(datetime.fromisoformat(text))
        except ValueError:
            raise ValueError("is no date of the calendar") from None
    raise ValueError("is not a date, as those before")


def days(moment: datetime) -> float:
    """Days since 1970-01-01 of a moment without a time zone."""
    return (moment - _EPOCH).total_seconds() / _DAY


def truth(text: str) -> float:
    """1 for true, 0 for false, in any case; NaN for a null.

    Raises:
        ValueError: It is neither; the message completes "... is".
    """
    text = text.strip().casefold()
    if text in _TRUTH:
        return _TRUTH[text]
    if text in NULLS:
        return math.nan
    raise ValueError("is neither true nor false, as those before")


FORMS: Mapping[str, Callable[[str], float]] = {"number": number, "date": day, "boolean": truth}
"""What a column may hold besides categories; the first cell that is no null decides which."""


def form_of(text: str) -> str:
    """The form of a cell; that of text which is neither date nor boolean is a number, whether or not it is one."""
    text = text.strip()
    if _DATE.fullmatch(text):
        return "date"
    return "boolean" if text.casefold() in _TRUTH else "number"
