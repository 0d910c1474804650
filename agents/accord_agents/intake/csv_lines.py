"""The lines of a large CSV file in UTF-8, one by one where they have to be looked at, or many at once for loops."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

import numpy as np
from numpy.typing import NDArray

_LINE = re.compile(rb"[^\r\n]*(?:\n|\r\n|\r(?=[^\n]))")
_MARK = b"\xef\xbb\xbf"
_STEP = 1 << 21
"""Bytes that are read at a time."""


class Lines(Iterator[str]):
    """Lines with their ends, split where the text layer of Python splits them.

    Args:
        file: From its first byte on; a byte order mark is passed over.

    Raises:
        UnicodeDecodeError: A line that was asked for is no UTF-8.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._held, self._at = file, file.read(_STEP), 0
        if self._held.startswith(_MARK):
            self._at = len(_MARK)

    def __next__(self) -> str:
        while (found := _LINE.match(self._held, self._at)) is None and self._more():
            pass
        end = found.end() if found else len(self._held)
        if end == self._at:
            raise StopIteration
        raw, self._at = self._held[self._at : end], end
        return raw.decode()

    def held(self) -> NDArray[np.uint8]:
        """What comes next, as many bytes as are in memory and at least the rest of a step, if there is more."""
        if len(self._held) - self._at < _STEP // 2:
            self._more()
        return np.frombuffer(self._held, np.uint8)[self._at :]

    def passed(self, count: int) -> None:
        """Some bytes of `held`, whole lines, have been read."""
        self._at += count

    def _more(self) -> bool:
        read = self._file.read(_STEP)
        self._held, self._at = self._held[self._at :] + read, 0
        return bool(read)
