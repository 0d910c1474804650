"""Payloads of chunks that others encrypted: appended to one file per collaboration, so that they are written once.

They are as encrypted as they were on the wire. A transaction names them by file, place and size once they are durable;
bytes that no transaction names, because an agent died in between, are passed over.
"""

from __future__ import annotations

import os
from pathlib import Path

from accord_agents.files.durable import settle


class Bodies:
    """The files.

    Args:
        folder: Made when the first payload is written, mode 0700.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, int] = {}

    def append(self, collaboration: str, body: bytes) -> int:
        """Append a payload; returns where it begins. `flush` makes it durable.

        Raises:
            OSError: The disk is full or cannot be written.
        """
        if collaboration not in self._open:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self._folder / collaboration
            fresh = not path.exists()
            self._open[collaboration] = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            if fresh:
                settle(self._folder)
        file = self._open[collaboration]
        at = end = os.lseek(file, 0, os.SEEK_END)
        view = memoryview(body)
        while len(view):
            written = os.pwrite(file, view, end)
            view, end = view[written:], end + written
        return at

    def flush(self) -> None:
        """Make durable what was appended, and let the files go.

        Raises:
            OSError: It cannot be written.
        """
        for file in self._open.values():
            os.fdatasync(file)
        self.close()

    def read(self, collaboration: str, at: int, size: int) -> bytes:
        """A payload; shorter, or empty, where the file does not hold it."""
        try:
            with (self._folder / collaboration).open("rb") as file:
                return os.pread(file.fileno(), size, at)
        except OSError:
            return b""

    def erase(self, collaboration: str) -> None:
        """Remove what is kept of a collaboration."""
        (self._folder / collaboration).unlink(missing_ok=True)

    def close(self) -> None:
        """Let the files go."""
        for file in self._open.values():
            os.close(file)
        self._open.clear()
