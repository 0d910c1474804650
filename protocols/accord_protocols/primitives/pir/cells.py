"""A row's cells as one value: each as the length of its UTF-8 in two bytes, and that; then zeros up to the width."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

PREFIX = 2
"""Bytes before those of each cell."""
LONGEST = (1 << 8 * PREFIX) - 1
"""Bytes of a cell."""
MOST = 8192
"""Bytes of a value that an agreement may have."""


def pack(cells: Sequence[str]) -> bytes:
    """The value, without its zeros.

    Raises:
        ValueError: A cell has more than 65,535 bytes.
    """
    parts = [cell.encode() for cell in cells]
    if any(len(part) > LONGEST for part in parts):
        raise ValueError("a cell is too long")
    return b"".join(len(part).to_bytes(PREFIX, "big") + part for part in parts)


def unpack(value: bytes, columns: int) -> list[str]:
    """The cells of a value.

    Raises:
        ValueError: It is none of so many columns.
    """
    return [part.decode() for part in _parts(value, columns)]


def is_packed(value: bytes, columns: int) -> bool:
    """Whether a value is one of so many columns."""
    try:
        unpack(value, columns)
    except ValueError:
        return False
    return True


def _parts(value: bytes, columns: int) -> Iterator[bytes]:
    at = 0
    for _ in range(columns):
        begin = at + PREFIX
        at = begin + int.from_bytes(value[at:begin], "big")
        if max(at, begin) > len(value):
            raise ValueError("a value ends within a cell")
        yield value[begin:at]
    if any(value[at:]):
        raise ValueError("a value goes on behind its cells")
