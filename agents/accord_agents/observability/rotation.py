"""A file that is written line by line, and begun anew when it has become large: the one before keeps a number."""

from __future__ import annotations

import contextlib
from pathlib import Path


class RotatingFile:
    """Appends lines; never in the middle of one does another file begin.

    Args:
        path: The newest file; earlier ones are ``path.1``, the newest of them, and so on.
        most: Bytes at which another one is begun; 0 for never.
        keep: How many earlier ones are kept.
    """

    def __init__(self, path: Path, most: int, keep: int) -> None:
        self._path, self._most, self._keep = path, most, keep
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._size = path.stat().st_size

    def write(self, text: str) -> int:
        """Append text, which ends with its line; rotate before, where it is time."""
        if self._most and self._size >= self._most:
            with contextlib.suppress(OSError):  # it goes on in the file that it has
                self._rotate()
        written = self._file.write(text)
        self._size += len(text.encode())
        return written

    def flush(self) -> None:
        """Hand what was written to the system."""
        self._file.flush()

    def close(self) -> None:
        """No more will be written."""
        self._file.close()

    def _rotate(self) -> None:
        for number in range(self._keep, 0, -1):
            older = self._numbered(number - 1)
            if older.exists():
                older.replace(self._numbered(number))
        if not self._keep:
            self._path.unlink(missing_ok=True)
        file = self._path.open("a", encoding="utf-8", buffering=1)
        self._file.close()
        self._file, self._size = file, self._path.stat().st_size

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}") if number else self._path
