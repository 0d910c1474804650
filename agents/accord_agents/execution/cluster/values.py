"""What a task takes and gives, as bytes: nested values exactly as they are, and large numbers by reference.

Layout: the length of a canonical head in 4 bytes, the head as JSON, then the raw arrays and bytes in the order in which
the head names them. Nothing but plain values is read or written, so a message can hold no code.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_schemas.blob import LARGE, Blob
from accord_schemas.payload import raw

Refer = Callable[[Blob | NDArray[Any]], Any]
Found = Callable[[Any], Any]
_NUMBERS = "biuf"
"""Kinds of arrays that travel, as numpy names them."""


def encode(value: Any, refer: Refer) -> bytes:
    """A value as bytes.

    Args:
        value: Of dictionaries, lists, tuples, arrays, bytes, texts and numbers.
        refer: Gives what stands for a blob, or for an array of `LARGE` bytes and more: again a value.

    Raises:
        TypeError: A part of it is of another kind.
    """
    parts: list[bytes | memoryview] = []
    sizes: list[int] = []

    def part(data: bytes | memoryview) -> int:
        parts.append(data)
        sizes.append(len(data))
        return len(parts) - 1

    def told(one: Any) -> Any:
        match one:
            case None | bool() | int() | float() | str() if type(one).__module__ == "builtins":
                return one
            case bytes():
                return ["bytes", part(one)]
            case Blob():
                return ["refers", told(refer(one))]
            case np.ndarray() if one.dtype.kind in _NUMBERS:
                if one.nbytes >= LARGE and one.ndim:
                    return ["refers", told(refer(one))]
                return ["array", one.dtype.str, list(one.shape), part(raw(one))]
            case np.generic() if one.dtype.kind in _NUMBERS:
                return ["number", one.dtype.str, part(one.tobytes())]
            case Mapping():
                return ["mapping", *([told(key), told(entry)] for key, entry in one.items())]
            case list() | tuple():
                return [type(one).__name__, *map(told, one)]
        raise TypeError(f"a {type(one).__name__} does not travel to a cluster")

    head = json.dumps([told(value), sizes], separators=(",", ":")).encode()
    return b"".join([len(head).to_bytes(4, "big"), head, *parts])


def decode(data: bytes, found: Found) -> Any:
    """The value that `encode` wrote.

    Args:
        data: What it wrote.
        found: Gives what something stands for that `refer` gave.

    Raises:
        ValueError: It is of another form.
    """
    size = int.from_bytes(data[:4], "big")
    told, sizes = json.loads(data[4 : 4 + size])
    ends = [4 + size, *accumulate(sizes, initial=4 + size)][1:]
    view = memoryview(data)
    if ends[-1] != len(data):
        raise ValueError("bytes are missing or left over")

    def part(number: int) -> memoryview:
        return view[ends[number] : ends[number + 1]]

    def value(one: Any) -> Any:
        match one:
            case ["bytes", int(number)]:
                return bytes(part(number))
            case ["refers", what]:
                return found(value(what))
            case ["array", str(dtype), list(shape), int(number)]:
                return np.frombuffer(part(number), dtype).reshape(shape)
            case ["number", str(dtype), int(number)]:
                return np.frombuffer(part(number), dtype)[0]
            case ["mapping", *entries]:
                return {value(key): value(entry) for key, entry in entries}
            case ["list", *entries]:
                return [value(entry) for entry in entries]
            case ["tuple", *entries]:
                return tuple(value(entry) for entry in entries)
            case None | bool() | int() | float() | str():
                return one
        raise ValueError("a value of no known form")

    return value(told)
