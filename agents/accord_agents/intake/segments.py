"""Bytes that are written once, read some times, and given back piece by piece as they are read for the last time.

So what a stage holds and what is made of it are not whole beside each other: the pages of one become those of the
other, and memory that was never used is not asked for.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from accord_agents.files.pieces import put

LEAST = 64 << 20
"""Bytes of a file at least."""
_SHARE = 16  # of all bytes before it, what a file has at least: few files are open, however much there is


class Segments:
    """Files without a name, one after the other.

    Args:
        folder: Where they are; None where the system keeps such.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder, self._files, self._ends = folder, list[IO[bytes]](), [0]

    def write(self, data: bytes | memoryview) -> int:
        """Append; what is written at once stands in one file.

        Raises:
            OSError: The folder cannot be written.
        """
        size = memoryview(data).nbytes
        if not self._files or self._ends[-1] - self._ends[-2] >= max(LEAST, self._ends[-1] // _SHARE):
            self._files.append(tempfile.TemporaryFile(dir=self._folder))  # noqa: SIM115
            self._ends.append(self._ends[-1])
        put(self._files[-1], data)
        self._ends[-1] += size
        return size

    def flush(self) -> None:
        """Let it be read.

        Raises:
            OSError: The folder cannot be written.
        """
        for file in self._files:
            if not file.closed:
                file.flush()

    def pieces(self, most: int, *, last: bool = False) -> Iterator[bytes]:
        """All bytes in their order, at most so many at a time, each piece out of one file.

        Args:
            most: How many.
            last: Whether they are not read again: each file ends with its last piece.
        """
        for number, file in enumerate(self._files):
            size = self._ends[number + 1] - self._ends[number]
            for start in range(0, size, most):
                yield os.pread(file.fileno(), min(most, size - start), start)
            if last:
                file.close()

    def close(self) -> None:
        """End all files."""
        for file in self._files:
            file.close()
