"""A payload before it is bytes: its parts in order, so that it is hashed once and cut without being copied whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_schemas.blob import Blob
from accord_schemas.canonical import digest

Part = bytes | NDArray[Any] | Blob
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
        return sum(map(_size, self.parts))

    @property
    def referred(self) -> bool:
        """Whether some of it is not in memory."""
        return any(isinstance(part, Blob) for part in self.parts)

    @cached_property
    def digests(self) -> tuple[bytes, ...]:
        """SHA-256 of each part; that of a blob is known."""
        return tuple(p.digest if isinstance(p, Blob) else hashlib.sha256(raw(p)).digest() for p in self.parts)

    @cached_property
    def digest(self) -> bytes:
        """One digest for all parts: what stands for the payload in the digest of a content."""
        return digest(b"accord payload", *self.digests)

    def encode(self) -> bytes:
        """All parts in one."""
        return b"".join(part.read(0, part.nbytes) if isinstance(part, Blob) else raw(part) for part in self.parts)

    def read(self, start: int, stop: int) -> bytes:
        """The bytes from `start` up to `stop`, as if all were in one."""
        found: list[bytes | memoryview] = []
        for part in self.parts:
            size = _size(part)
            first, last = min(max(start, 0), size), min(max(stop, 0), size)
            if first < last:
                found.append(part.read(first, last) if isinstance(part, Blob) else raw(part)[first:last])
            start, stop = start - size, stop - size
        return b"".join(found)

    def cut(self, size: int) -> Iterator[bytes]:
        """All in pieces of `size` bytes, the last one shorter; one empty piece where there is nothing."""
        for start in range(0, max(self.size, 1), size):
            yield self.read(start, start + size)


def _size(part: Part) -> int:
    return len(part) if isinstance(part, bytes) else part.nbytes


def raw(part: bytes | NDArray[Any]) -> bytes | memoryview:
    """The bytes of a part, not copied where they lie together."""
    if isinstance(part, bytes):
        return part
    return np.ascontiguousarray(part).reshape(-1).view(np.uint8).data
