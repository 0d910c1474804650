"""Numbers that are too many to be carried about: what they are, and where to read them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

LARGE = 1 << 20
"""Bytes of one field from which on it passes by reference."""


class Reader(Protocol):
    """Gives the bytes behind a digest."""

    def read(self, digest: bytes, start: int, stop: int) -> bytes | memoryview:
        """Bytes of what has this SHA-256, from `start` up to `stop`.

        Raises:
            TamperError: It is missing, or not what was written.
        """
        ...


@dataclass(frozen=True)
class Blob:
    """An array by reference.

    Args:
        digest: SHA-256 of its bytes, rows after one another, little-endian.
        dtype: As it travels: ``u1``, ``<u8``, ``<i8`` or ``<f8``.
        shape: At least one dimension.
        reader: Where the bytes are; None where they only are spoken of.
    """

    digest: bytes
    dtype: str
    shape: tuple[int, ...]
    reader: Reader | None = field(default=None, compare=False, repr=False)

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def width(self) -> int:
        """Bytes of one row."""
        width = np.dtype(self.dtype).itemsize
        for side in self.shape[1:]:
            width *= side
        return width

    @property
    def nbytes(self) -> int:
        """Bytes of all."""
        return self.width * len(self)

    def read(self, start: int, stop: int) -> bytes | memoryview:
        """Some of the bytes."""
        if self.reader is None:
            raise ValueError("nothing is known of these numbers but their digest")
        return self.reader.read(self.digest, start, stop)

    def rows(self, span: slice) -> NDArray[Any]:
        """Some of the rows, in memory."""
        start, stop, _ = span.indices(len(self))
        raw = self.read(start * self.width, max(start, stop) * self.width)
        return np.frombuffer(raw, self.dtype).reshape(-1, *self.shape[1:])

    def load(self) -> NDArray[Any]:
        """All of the rows, in memory."""
        return self.rows(slice(None)).reshape(self.shape)

    def pieces(self, size: int = LARGE) -> Iterator[bytes | memoryview]:
        """All of the bytes, some at a time."""
        for start in range(0, self.nbytes, size):
            yield self.read(start, min(start + size, self.nbytes))


def loaded(value: Any) -> Any:
    """A value with its numbers in memory, also those of the entries of a dictionary."""
    if isinstance(value, Blob):
        return value.load()
    if isinstance(value, dict):
        return {name: loaded(entry) for name, entry in value.items()}
    return value
