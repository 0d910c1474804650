"""The text of a cell as a number: a decimal number, an ISO date in days, true or false."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime

NULLS = frozenset({"", "na", "nan", "null"})
LARGEST = 1e100  # the variance of such a column is still a finite float

# float() alone would also take 1_000, infinity and digits of other scripts; fromisoformat weeks and time zones
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?", re.ASCII)
_TRUTH = {"true": 1.0, "false": 0.0}
_EPOCH, _DAY = datetime(1970, 1, 1), 86_400.0  # noqa: DTZ001  # dates have no zone


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
    raise ValueError("is not a number" + ("; write a point for the comma" if _COMMA.fullmatch(text) else ""))


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
            return (datetime.fromisoformat(text) - _EPOCH).total_seconds() / _DAY
        except ValueError:
            raise ValueError("is no date of the calendar") from None
    raise ValueError("is not a date, as those before")


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
