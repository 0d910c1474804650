"""Tasks of what is carried along: a party's columns of the common ids, cell by cell as text."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.psi.text_order import in_text_order
from accord_protocols.tasks.registry import Context, Result, Rows
from accord_schemas.errors import ProtocolError

MAX_CELL = 131_072
"""Bytes of a cell, at most: what a reader of CSV takes by default."""
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # dates have no zone
_WHOLE = 2.0**53
_BLOCK = 1 << 14  # rows whose cells are in memory as texts
_FIRST, _LATER = 0xC0, 0x80  # the top two bits of a byte of UTF-8 that begins no character are 10


def taken(context: Context) -> Result:
    """Owner: its cells of the common ids, row after row, these in the order of their ids. Inputs: rows, columns."""
    table, columns = context.rows, context.inputs["columns"]
    order = in_text_order(table.ids, context.inputs["rows"])
    sizes, pieces = np.empty((len(order), len(columns)), np.uint64), [np.empty(0, np.uint8)]
    for start in range(0, len(order), _BLOCK):
        rows = order[start : start + _BLOCK]
        each = [_texts(table, column, rows) for column in columns]
        cells = [texts[k].encode() for k in range(len(rows)) for texts in each]
        sizes[start : start + _BLOCK] = np.fromiter(map(len, cells), np.uint64, len(cells)).reshape(len(rows), -1)
        pieces.append(np.frombuffer(b"".join(cells), np.uint8))
    return Result({"sizes": sizes, "text": np.concatenate(pieces)})


def checked(context: Context) -> Result:
    """Who is told: cells of others are cells. Inputs, by owner P: sizes, text."""
    for name, text in context.inputs.items():
        field, _, owner = name.partition(".")
        if field == "text" and not _sound(context.inputs[f"sizes.{owner}"], text):
            raise ProtocolError("what is carried along is no text of cells", whose=owner)
    return Result({})


def _sound(sizes: NDArray[np.uint64], text: NDArray[np.uint8]) -> bool:
    """Whether a text is made of cells of these sizes, each of whole characters."""
    if sizes.max(initial=0) > MAX_CELL or int(sizes.sum()) != len(text):
        return False
    begins = np.cumsum(sizes.reshape(-1), dtype=np.int64)
    first = text[begins[begins < len(text)]]
    try:
        bytes(text).decode()
    except UnicodeDecodeError:
        return False
    return not bool(((first & _FIRST) == _LATER).any())


def _texts(table: Rows, column: str, rows: NDArray[np.int64]) -> list[str]:
    """The cells of a column: a text as it was, a date or a number in its one form, a null as nothing."""
    values = table.values[rows, table.columns.index(column)].tolist()
    if (texts := table.categories.get(column)) is not None:
        return ["" if math.isnan(value) else texts[int(value)] for value in values]
    form = _FORMS.get(table.forms.get(column, ""), _number)
    return ["" if math.isnan(value) else form(value) for value in values]


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < _WHOLE else repr(value)


def _date(days: float) -> str:
    moment = _EPOCH + timedelta(seconds=round(days * 86_400))
    return moment.date().isoformat() if float(days).is_integer() else moment.isoformat()


def _truth(value: float) -> str:
    return "true" if value else "false"


_FORMS: dict[str, Callable[[float], str]] = {"date": _date, "boolean": _truth}
