"""Columns of Parquet and ORC files as cells: what a type says is kept, and what has no faithful form is said.

Numbers are taken over from Arrow's buffers as they lie; its own `to_numpy` loads pandas wherever that is installed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from accord_agents.intake.rows import Cells, Numbers, Texts, Unfit

_PER_DAY = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
_A_FLOAT = "is a floating-point number, of which 7 and 7.0 are one: cast the column to integers or text"
_A_MOMENT = "is a moment, which has many forms as text: cast the column to text or a date"


class NoTextError(ValueError):
    """A column has no faithful form as text; the message completes "the cell ..."."""


def plain(array: Any) -> Any:
    """The column without dictionary, run lengths or a type of somebody's own."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        return plain(array.dictionary_decode())
    if pa.types.is_run_end_encoded(kind):
        return plain(pc.run_end_decode(array))
    if isinstance(kind, pa.UuidType):
        return pa.array([None if v is None else str(v) for v in array.to_pylist()], pa.string())
    return plain(array.storage) if isinstance(kind, pa.BaseExtensionType) else array


def texts(column: Any) -> Texts:
    """A column that an id is made of, "" for nulls.

    Raises:
        NoTextError: Its type has no faithful form as text.
    """
    array = _as_text(plain(column))
    filled = pc.fill_null(array, "") if array.null_count else array
    _, offsets, data = filled.buffers()
    ends = np.frombuffer(offsets, np.int64, len(filled) + 1, 8 * filled.offset)
    raw = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    return Texts(ends - ends[0], raw[ends[0] : ends[-1]])


def numbers(schema: Any, names: Sequence[str]) -> bool:
    """Whether all these columns are there, and whole or floating-point numbers whatever their cells are."""
    t, places = pa.types, [schema.get_field_index(name) for name in names]
    return all(k >= 0 and (t.is_integer(kind := schema.field(k).type) or t.is_floating(kind)) for k in places)


def cells(column: Any, *, category: bool) -> Cells:
    """Any other column.

    Args:
        column: An Arrow array.
        category: Whether its cells are read as text, whatever they look like.
    """
    array = plain(column)
    kind, t = array.type, pa.types
    if category or _texty(kind) or t.is_null(kind):
        try:
            return texts(array).list()
        except NoTextError as error:
            return Unfit(_filled(array), str(error))
    if t.is_decimal(kind):  # its own cast to a float rounds twice
        return Numbers("number", _floats(pc.cast(_as_text(array, decimals=True), pa.float64())))
    if t.is_integer(kind) or t.is_floating(kind):
        wider = pc.cast(array, pa.float32()) if t.is_float16(kind) else array
        return Numbers("number", _floats(pc.cast(wider, pa.float64(), safe=False)))
    if t.is_boolean(kind):
        return Numbers("boolean", _floats(pc.cast(pc.cast(array, pa.uint8()), pa.float64())))
    if t.is_date(kind) or t.is_timestamp(kind):
        return Numbers("date", _days(array))
    return Unfit(_filled(array), f"is of the type {kind}, which is neither number, date nor boolean")


def _texty(kind: Any) -> bool:
    t = pa.types
    strings = t.is_string(kind) or t.is_large_string(kind) or t.is_string_view(kind)
    return bool(strings or t.is_binary(kind) or t.is_large_binary(kind) or t.is_binary_view(kind))


def _as_text(array: Any, *, decimals: bool = False) -> Any:
    """The column as `large_string`."""
    kind, t = array.type, pa.types
    if t.is_floating(kind):
        raise NoTextError(_A_FLOAT)
    if t.is_decimal(kind):
        if kind.scale > 0 and not decimals:
            raise NoTextError(f"is a decimal with {kind.scale} places: cast the column to integers or text")
        wide = pc.cast(array, pa.decimal256(76, kind.scale)) if t.is_decimal256(kind) else array
        if kind.scale < 0:
            return pa.array([None if v is None else f"{v:f}" for v in wide.to_pylist()], pa.large_string())
        return pc.cast(wide, pa.large_string())
    if t.is_timestamp(kind) or t.is_date64(kind):
        raise NoTextError(_A_MOMENT)
    if t.is_fixed_size_binary(kind):
        array = pc.cast(array, pa.large_binary())
    if _texty(array.type) or t.is_null(kind) or t.is_integer(kind) or t.is_date32(kind) or t.is_boolean(kind):
        try:
            return pc.cast(array, pa.large_string())
        except pa.ArrowInvalid:
            raise NoTextError("holds bytes that are no UTF-8: cast the column to text") from None
    if t.is_large_binary(array.type):
        return _as_text(array)
    raise NoTextError(f"is of the type {kind}, which has no one form as text: cast the column to text")


def _floats(array: Any) -> NDArray[np.float64]:
    """Of doubles; nulls are NaN."""
    found = _taken_over(array, np.float64)
    if array.null_count:
        found = np.where(_filled(array), found, np.nan)
    return found


def _taken_over(array: Any, kind: type[Any]) -> NDArray[Any]:
    """``(n,)`` read-only, what lies in an array of numbers; anything at nulls."""
    data, width = array.buffers()[1], np.dtype(kind).itemsize
    return np.frombuffer(data, kind, len(array), width * array.offset) if len(array) else np.empty(0, kind)


def _days(array: Any) -> NDArray[np.float64]:
    """Days since 1970-01-01; moments with a zone are moments in UTC."""
    null = ~_filled(array)
    if pa.types.is_date32(array.type):
        days = _whole(pc.cast(array, pa.int32())).astype(np.float64)
    else:
        unit = "ms" if pa.types.is_date64(array.type) else array.type.unit
        days = days_of(_whole(pc.cast(array, pa.int64())), unit)
    days[null] = np.nan
    return days


def _whole(array: Any) -> NDArray[np.int64]:
    filled = pc.fill_null(pc.cast(array, pa.int64()), 0)
    return _taken_over(filled, np.int64)


def days_of(moments: NDArray[np.int64], unit: str) -> NDArray[np.float64]:
    """Days of so many units, rounded as `cells.days` rounds: seconds to the nearest float first, then days."""
    second = _PER_DAY[unit] // 86_400
    seconds, rest = np.divmod(moments, second)
    exact = seconds.astype(np.float64)
    if rest.any():
        exact = np.array([int(m) / second for m in moments.tolist()])
    return exact / 86_400.0


def _filled(array: Any) -> NDArray[np.bool]:
    return _taken_over(pc.cast(pc.is_valid(array), pa.uint8()), np.uint8).astype(np.bool)
