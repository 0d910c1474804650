"""A payload before it is bytes: its parts in order, so that it is hashed once and cut without being copied whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Part = bytes | NDArray[Any]
"""Plain bytes, or the numbers of a field."""


class Payload:
    """What travels of an event, in clear.

    Args:
        parts: The head, then the raw fields in the order of the head.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = tuple(parts)

    @property
    def size(self) -> int:
        """Bytes of all parts."""
        return sum(len(part) if isinstance(part, bytes) else part.nbytes for part in self.parts)

    @cached_property
    def digests(self) -> tuple[bytes, ...]:
        """SHA-256 of each part."""
        return tuple(hashlib.sha256(raw(part)).digest() for part in self.parts)

    def encode(self) -> bytes:
        """All parts in one."""
        return b"".join(raw(part) for part in self.parts)

    def cut(self, size: int) -> Iterator[bytes]:
        """The same in pieces of `size` bytes, the last one shorter; one empty piece where there is nothing."""
        held, empty = bytearray(), True
        for part in self.parts:
            view = memoryview(raw(part))
            while len(view):
                taken = view[: size - len(held)]
                held += taken
                view = view[len(taken) :]
                if len(held) == size:
                    yield bytes(held)
                    held, empty = bytearray(), False
        if held or empty:
            yield bytes(held)


def raw(part: Part) -> bytes | memoryview:
    """The bytes of a part, not copied where they lie together."""
    if isinstance(part, bytes):
        return part
    return np.ascontiguousarray(part).reshape(-1).view(np.uint8).data
