"""Keyed hashes of rows on disk, by their leading bits: each part of their order is read and sorted alone."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from accord_agents.files.pieces import put
from accord_agents.intake.ordering import ordered

SORTED, MOST = 1 << 18, 1 << 20
"""Rows that are sorted at a time, about: what a core has near it; and where they lie in fewer parts than that takes."""
_BITS = 6  # by which they lie
_BLOCK = 1 << 18  # rows that are written at a time
_HASH = 64
Rows = NDArray[np.uint32]
Hashes = NDArray[np.uint64]


class Hashed:
    """A file without a name; nothing that grows with the rows is in memory.

    Args:
        folder: Where it is; None where the system keeps such.
    """

    def __init__(self, folder: Path | None) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self._ends: list[NDArray[np.int64]] = []  # of each block where the rows of every leading bits end
        self._waiting = list[Hashes]()
        self._rows = self._written = 0

    def __len__(self) -> int:
        return self._rows

    def add(self, hashes: Hashes) -> None:
        """Those of the next rows.

        Raises:
            OSError: The folder cannot be written.
        """
        self._waiting.append(hashes)
        self._rows += len(hashes)
        if self._rows - self._written >= _BLOCK:
            self._write()

    def flush(self) -> None:
        """Let them be read.

        Raises:
            OSError: The folder cannot be written.
        """
        self._write()
        self._file.flush()

    def close(self) -> None:
        """End the file."""
        self._file.close()

    def _write(self) -> None:
        if self._rows == self._written:
            return
        hashes = np.concatenate(self._waiting)
        leading = (hashes >> np.uint64(_HASH - _BITS)).astype(np.uint8)
        order = np.argsort(leading, kind="stable")
        put(self._file, hashes[order].astype("<u8", copy=False).data)
        put(self._file, (order + self._written).astype("<u4").data)
        self._ends.append(np.cumsum(np.bincount(leading, minlength=1 << _BITS)))
        self._written = self._rows
        self._waiting.clear()

    def parts(self) -> Iterator[tuple[Rows, NDArray[np.int64], NDArray[np.int64]]]:
        """All rows in the order of their hashes, ascending among equal ones, some at a time.

        Returns:
            Of each part the rows, and where in them each run of two or more equal hashes begins and ends.
        """
        needed, least = (max(0, (self._rows - 1) // most).bit_length() for most in (SORTED, MOST))
        bits = max(min(needed, _BITS), least)
        return (self._sorted(part, bits) for part in range(1 << bits))

    def _sorted(self, part: int, bits: int) -> tuple[Rows, NDArray[np.int64], NDArray[np.int64]]:
        """The rows whose hashes begin with so many bits."""
        first, last = part << _BITS >> bits, (part + 1 << _BITS) - 1 >> bits
        blocks = list(self._blocks(first, last))
        rows, hashes = (np.concatenate([block[k] for block in blocks]) for k in range(2))
        if bits > _BITS:
            here = hashes >> np.uint64(_HASH - bits) == part
            rows, hashes = rows[here], hashes[here]
        order, begin, end = ordered(hashes)
        return rows[order], begin, end

    def among(self, wanted: Hashes) -> Rows:
        """The rows whose hashes are among some."""
        found = [np.empty(0, np.uint32)]
        for rows, hashes in self._blocks(0, (1 << _BITS) - 1):
            found.append(rows[np.isin(hashes, wanted)])
        return np.concatenate(found)

    def _blocks(self, first: int, last: int) -> Iterator[tuple[Rows, Hashes]]:
        """Of each block those whose leading bits are from the first to the last, at least one block."""
        at, file = 0, self._file.fileno()
        yield np.empty(0, np.uint32), np.empty(0, np.uint64)
        for ends in self._ends:
            n, start, end = int(ends[-1]), int(ends[first - 1]) if first else 0, int(ends[last])
            hashes = os.pread(file, 8 * (end - start), at + 8 * start)
            rows = os.pread(file, 4 * (end - start), at + 8 * n + 4 * start)
            yield np.frombuffer(rows, "<u4"), np.frombuffer(hashes, "<u8")
            at += 12 * n
