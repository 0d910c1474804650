"""Ids by offsets and bytes: ten million of them are two arrays, mapped from a file, and not ten million objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import overload

import numpy as np
from numpy.typing import NDArray

_BLOCK = 1 << 14  # ids whose text is in memory at a time while one goes through them
_EIGHT = 8
_FAR = 1 << 12  # the same of ids that are far from each other


class MappedIds(Sequence[str]):
    """A read-only sequence of ids; a slice of it shares its memory.

    Args:
        offsets: ``(n + 1,) uint64``: where each id begins in `data`, and where the last one ends.
        data: The ids in UTF-8, one after the other.
        forget: Lets go of what was mapped in; it comes back when it is looked at.
    """

    def __init__(
        self, offsets: NDArray[np.uint64], data: memoryview, forget: Callable[[], None] = lambda: None
    ) -> None:
        self._offsets, self._data, self._forget = offsets, data, forget

    def __repr__(self) -> str:
        return f"MappedIds({len(self)} ids)"

    def __len__(self) -> int:
        return len(self._offsets) - 1

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> MappedIds: ...

    def __getitem__(self, index: int | slice) -> str | MappedIds:
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            if step != 1:
                raise ValueError("ids are taken in their order")
            return MappedIds(self._offsets[start : max(start, stop) + 1], self._data, self._forget)
        row = range(len(self))[index]
        return str(self._data[int(self._offsets[row]) : int(self._offsets[row + 1])], "utf-8")

    def at(self, rows: NDArray[np.int64]) -> list[str]:
        """The ids of some rows, in the order of these."""
        found = list[str]()
        for first in range(0, len(rows), _FAR):
            part = rows[first : first + _FAR]
            starts, ends = self._offsets[part].tolist(), self._offsets[part + 1].tolist()
            found += [str(self._data[start:end], "utf-8") for start, end in zip(starts, ends, strict=True)]
            self._forget()
        return found

    def words(self, rows: NDArray[np.int64], place: int) -> NDArray[np.uint64]:
        """Of some rows' ids the eight bytes from `place` on, the first one highest, zeros behind an id's end."""
        data, found = np.frombuffer(self._data, np.uint8), np.empty(len(rows), np.uint64)
        for first in range(0, len(rows), _BLOCK):
            part = rows[first : first + _BLOCK]
            at = self._offsets[part].astype(np.int64)[:, None] + np.arange(place, place + _EIGHT)
            inside = at < self._offsets[part + 1].astype(np.int64)[:, None]
            taken = np.where(inside, data[np.minimum(at, len(data) - 1)], np.uint8(0))
            found[first : first + _BLOCK] = taken.view(">u8").reshape(-1)
            self._forget()
        return found

    def framed(self, rows: NDArray[np.int64]) -> Iterator[bytes]:
        """The ids of some rows in their order, each behind its length in eight bytes, big-endian; a block at a time."""
        data = np.frombuffer(self._data, np.uint8)
        for first in range(0, len(rows), _BLOCK):
            part = rows[first : first + _BLOCK]
            starts, sizes = self._offsets[part].astype(np.int64), self.sizes(part)
            ends = np.cumsum(sizes)
            made = np.empty(_EIGHT * len(part) + int(ends[-1]), np.uint8)
            heads = ends - sizes + _EIGHT * np.arange(len(part))
            made[(heads[:, None] + np.arange(_EIGHT)).reshape(-1)] = sizes.astype(">u8").view(np.uint8)
            within = np.arange(int(ends[-1])) - np.repeat(ends - sizes, sizes)
            made[np.repeat(heads + _EIGHT, sizes) + within] = data[np.repeat(starts, sizes) + within]
            self._forget()
            yield made.tobytes()

    def sizes(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many bytes some rows' ids have."""
        return (self._offsets[rows + 1] - self._offsets[rows]).astype(np.int64)

    def utf8(self) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Where each id begins and the last one ends, and their bytes: a copy, to go through them at once."""
        offsets = self._offsets.astype(np.int64)
        data = np.frombuffer(bytes(self._data[int(offsets[0]) : int(offsets[-1])]), np.uint8)
        self._forget()
        return offsets - offsets[0], data

    def __iter__(self) -> Iterator[str]:
        for first in range(0, len(self), _BLOCK):
            ends = self._offsets[first : first + _BLOCK + 1].tolist()
            block = bytes(self._data[ends[0] : ends[-1]])
            self._forget()
            for start, stop in pairwise(ends):
                yield block[start - ends[0] : stop - ends[0]].decode()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    def __hash__(self) -> int:
        return hash(tuple(self))


class MappedCells(Sequence[bytes]):
    """Of each row some bytes: a read-only sequence.

    Args:
        offsets: ``(n + 1,) uint64``: where each begins in `data`, and where the last one ends.
        data: The bytes, one row after the other.
    """

    def __init__(self, offsets: NDArray[np.uint64], data: memoryview) -> None:
        self._offsets, self._data = offsets, data

    def __repr__(self) -> str:
        return f"MappedCells({len(self)} rows)"

    def __len__(self) -> int:
        return len(self._offsets) - 1

    @overload
    def __getitem__(self, index: int) -> bytes: ...

    @overload
    def __getitem__(self, index: slice) -> list[bytes]: ...

    def __getitem__(self, index: int | slice) -> bytes | list[bytes]:
        if isinstance(index, slice):
            return [self[row] for row in range(len(self))[index]]
        row = range(len(self))[index]
        return bytes(self._data[int(self._offsets[row]) : int(self._offsets[row + 1])])
