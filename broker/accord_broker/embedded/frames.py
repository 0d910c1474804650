"""Large frames of a log: in one file beside it, so that they are written once, and not into a write-ahead log first.

Who appends holds SQLite's write lock, and a record that names its frame is committed after the frame was written.
"""

from __future__ import annotations

import os
from pathlib import Path

LARGE = 64 << 10
"""Bytes from which on a frame is kept there."""


def frames_of(log: Path, incarnation: str) -> Path:
    """The file of one incarnation of a log."""
    return log.with_name(f"{log.name}-{incarnation}")


class Frames:
    """The file.

    Args:
        path: See `frames_of`.
        write: Whether frames are appended to the file, which exists; else it may be missing.

    Raises:
        OSError: It cannot be opened.
    """

    def __init__(self, path: Path, *, write: bool) -> None:
        self._path, self._file, self._unsettled = path, -1, False
        if write:
            self._file = os.open(path, os.O_RDWR)

    def append(self, frame: bytes) -> int:
        """Append a frame; returns where it begins.

        Raises:
            OSError: The disk is full or cannot be written.
        """
        at = end = os.lseek(self._file, 0, os.SEEK_END)
        view = memoryview(frame)
        while len(view):
            written = os.pwrite(self._file, view, end)
            view, end = view[written:], end + written
        self._unsettled = True
        return at

    def settle(self) -> None:
        """Make durable what was appended here, before the records are that name it."""
        if self._unsettled:
            os.fdatasync(self._file)
            self._unsettled = False

    def read(self, at: int, size: int) -> bytes:
        """A frame; shorter where the file does not hold it: what a power cut took is no frame, and is sent again."""
        if self._file < 0:
            try:
                self._file = os.open(self._path, os.O_RDONLY)
            except OSError:
                return b""
        return os.pread(self._file, size, at)

    def close(self) -> None:
        """Close the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
