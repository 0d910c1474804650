"""Fields as bytes: canonical JSON for what people read, raw little-endian blocks for numbers.

Layout: ``u32 length ‖ canonical JSON {"arrays": [[name, dtype, shape], ...], "fields": {...}} ‖ raw arrays in that
order``. Decoding is strict: bounded before allocating, canonical, nothing left over, so that decode then encode gives
the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from accord_schemas.blob import Blob
from accord_schemas.canonical import canonical_json
from accord_schemas.errors import FrameError
from accord_schemas.payload import Part, Payload

DTYPES: dict[str, np.dtype[Any]] = {
    "u1": np.dtype("u1"),
    "<u8": np.dtype("<u8"),
    "<i8": np.dtype("<i8"),
    "<f8": np.dtype("<f8"),
}
Entry = tuple[str, np.dtype[Any] | None, tuple[int, ...], int]
NAMES = {dtype: name for name, dtype in DTYPES.items()}
MAX_JSON = 1 << 20
MAX_DIMENSIONS = 4
_MAX_COUNT = 1 << 48  # far above any payload; keeps the product of a shape in a Python int small


def encode_fields(fields: Mapping[str, Any]) -> bytes:
    """Encode a flat mapping; values are JSON values, ``bytes``, or arrays of a dtype in `DTYPES`.

    Raises:
        TypeError: A value is of another kind.
    """
    return payload(fields).encode()


def payload(fields: Mapping[str, Any]) -> Payload:
    """The same, not yet joined: the head with its length, then each raw field, which may be a `Blob`.

    Raises:
        TypeError: A value is of another kind.
    """
    plain: dict[str, Any] = {}
    arrays: list[tuple[str, str, list[int]]] = []
    parts: list[Part] = []
    for name in sorted(fields):
        value = fields[name]
        if isinstance(value, bytes):
            arrays.append((name, "bytes", [len(value)]))
            parts.append(value)
        elif isinstance(value, np.ndarray):
            if value.dtype not in NAMES:
                raise TypeError(f"field {name}: arrays of {value.dtype} do not travel")
            arrays.append((name, NAMES[value.dtype], list(value.shape)))
            parts.append(value)
        elif isinstance(value, Blob):
            arrays.append((name, value.dtype, list(value.shape)))
            parts.append(value)
        else:
            plain[name] = value
    head = canonical_json({"arrays": arrays, "fields": plain})
    if len(head) > MAX_JSON:
        raise TypeError("the plain fields are too large; numbers belong into arrays")
    return Payload([len(head).to_bytes(4, "big") + head, *parts])


def decode_fields(data: bytes) -> dict[str, Any]:
    """The mapping that `encode_fields` wrote.

    Raises:
        FrameError: Not canonical, too large, or bytes left over.
    """
    size = int.from_bytes(data[:4], "big")
    if len(data) < 4 or size > MAX_JSON or len(data) < 4 + size:
        raise FrameError("a payload's head is cut short or too long")
    fields, entries = decode_head(data[4 : 4 + size])
    at, view = 4 + size, memoryview(data)
    for name, dtype, shape, length in entries:
        if at + length > len(data):
            raise FrameError("a payload is cut short")
        chunk = view[at : at + length]  # numbers are not copied
        fields[name] = bytes(chunk) if dtype is None else np.frombuffer(chunk, dtype).reshape(shape)
        at += length
    if at != len(data):
        raise FrameError("a payload has bytes left over")
    return fields


def decode_head(data: bytes) -> tuple[dict[str, Any], list[Entry]]:
    """The plain fields of a payload, and what follows: (name, dtype or None for bytes, shape, bytes) in order.

    Args:
        data: The head without its length.

    Raises:
        FrameError: It is not of the known form.
    """
    head = load_canonical(data)
    if not isinstance(head, dict) or set(head) != {"arrays", "fields"}:
        raise FrameError("a payload's head is not of the known form")
    arrays, fields = head["arrays"], head["fields"]
    if not isinstance(arrays, list) or not isinstance(fields, dict):
        raise FrameError("a payload's head is not of the known form")
    entries = [_entry(entry) for entry in arrays]
    names = [entry[0] for entry in entries]
    if names != sorted(set(names)) or set(names) & set(fields):
        raise FrameError("a payload has fields twice, or out of order")
    return fields, entries


def _entry(entry: Any) -> Entry:
    match entry:
        case [str(name), str(dtype), list(shape)] if len(shape) <= MAX_DIMENSIONS and dtype in ("bytes", *DTYPES):
            count = full = 1
            for side in shape:
                if type(side) is not int or not 0 <= side <= _MAX_COUNT:
                    break
                count, full = count * side, full * max(side, 1)
                if full > _MAX_COUNT:
                    break
            else:
                if dtype == "bytes" and len(shape) == 1:
                    return name, None, tuple(shape), count
                if dtype != "bytes":
                    return name, DTYPES[dtype], tuple(shape), count * DTYPES[dtype].itemsize
    raise FrameError("an array's description is not of the known form")


def load_canonical(data: bytes) -> Any:
    """JSON that is in the one canonical form.

    Raises:
        FrameError: Not JSON, or another form of it.
    """
    try:
        value = json.loads(data)
        if canonical_json(value) == data:
            return value
    except (ValueError, RecursionError, TypeError):  # not JSON, NaN, lone surrogates, nested without end
        pass
    raise FrameError("not canonical JSON")
