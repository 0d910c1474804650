"""The results of a job's parts, joined in their order: arrays that grow large go on in a file."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_agents.execution.blobs import BlobStore, BlobWriter
from accord_agents.execution.result import TaskResult
from accord_schemas.blob import LARGE, Blob
from accord_schemas.blocks import NAMES
from accord_schemas.payload import raw


class _Column:
    """One field of all parts."""

    def __init__(self, first: NDArray[Any], blobs: BlobStore | None) -> None:
        self._parts, self._blobs, self._held = [first], blobs, first.nbytes
        self._writer: BlobWriter | None = None
        self._dtype, self._shape, self._rows = first.dtype, first.shape[1:], len(first)

    def add(self, part: NDArray[Any]) -> None:
        if part.dtype != self._dtype or part.shape[1:] != self._shape:
            raise ValueError("the parts of a job give arrays of different forms")
        self._parts.append(part)
        self._rows, self._held = self._rows + len(part), self._held + part.nbytes
        if self._blobs is not None and self._held >= LARGE:
            self._spill(self._blobs)

    def _spill(self, blobs: BlobStore) -> None:
        if self._writer is None:
            self._writer = blobs.writer()
        for part in self._parts:
            self._writer.write(raw(part))
        self._parts, self._held = [], 0

    def whole(self) -> NDArray[Any] | Blob:
        if self._writer is None:
            return np.concatenate(self._parts)
        assert self._blobs is not None
        self._spill(self._blobs)
        return Blob(self._writer.finish(), NAMES[self._dtype], (self._rows, *self._shape), self._blobs)

    def discard(self) -> None:
        if self._writer is not None:
            self._writer.discard()


class Joined:
    """One reply of the parts', which are added in their order.

    Args:
        blobs: Where large arrays go; None leaves them in memory.
    """

    def __init__(self, blobs: BlobStore | None) -> None:
        self._blobs = blobs
        self._columns: dict[str, _Column] = {}
        self._first: TaskResult | None = None
        self._parts = 0

    def add(self, reply: TaskResult) -> None:
        """The next part's reply; one that says how the collaboration ends is the last that counts."""
        if self._first is not None and self._first.trigger:
            return
        self._parts += 1
        if reply.trigger or self._first is None:
            self._first = reply
        elif self._parts == 2:
            self._columns = {name: _Column(value, self._blobs) for name, value in self._first.fields.items()}
            self._first = TaskResult(secrets=self._first.secrets)
        if self._parts > 1 and not reply.trigger:
            for name, value in reply.fields.items():
                self._columns[name].add(value)

    def whole(self) -> TaskResult:
        """The reply."""
        assert self._first is not None
        if self._first.trigger or self._parts == 1:
            return self._first
        return TaskResult({name: column.whole() for name, column in self._columns.items()}, self._first.secrets)

    def discard(self) -> None:
        """Leave nothing behind of what was not asked for."""
        for column in self._columns.values():
            column.discard()
