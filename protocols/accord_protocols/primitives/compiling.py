"""Inner loops that numba compiles and keeps on disk, whoever else on the machine compiles them at the same time."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

import numba
from numpy.typing import NDArray

F = TypeVar("F", bound=Callable[..., Any])


class CacheFile(Protocol):
    """Of numba: what is kept of one function, an index and a file for every signature."""

    def load(self, key: Any) -> Any:
        """What is kept under a signature; None if nothing is."""
        ...

    def save(self, key: Any, data: Any) -> None:
        """Keep it."""
        ...

    def flush(self) -> None:
        """Forget everything."""
        ...


def kernel(function: F) -> F:
    """Compile when first called, and keep it on disk where there is a place for it."""
    try:
        compiled = numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:  # no folder can be written: each process compiles anew
        return cast(F, numba.njit(nogil=True)(function))
    try:
        cache = compiled._cache
        cache._cache_file = OneAtATime(cache._cache_file, Path(cache._cache_file._index_path))
    except AttributeError:  # a numba that we do not know: what it keeps might not be what was compiled
        return cast(F, numba.njit(nogil=True)(function))
    return cast(F, compiled)


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """The same array, which cannot be written through: what may be either would be compiled twice."""
    view = array.view()
    view.flags.writeable = False
    return view


class OneAtATime:
    """A cache file that one process at a time reads and writes.

    numba itself (0.68) reads the index, takes the next number that is free, and writes the index and then the file of
    that number. Two processes that compile two signatures of one function at once take the same number, and the index
    of the one then names the code of the other: another process calls it with arguments that are not its own.

    Args:
        file: The one of numba.
        index: Its index, beside which the lock is.
    """

    def __init__(self, file: CacheFile, index: Path) -> None:
        self._file, self._lock = file, index.with_suffix(".lock")

    def load(self, key: Any) -> Any:
        """What is kept under a signature; None if nothing is."""
        with self._alone():
            return self._file.load(key)

    def save(self, key: Any, data: Any) -> None:
        """Keep it."""
        with self._alone():
            self._file.save(key, data)

    def flush(self) -> None:
        """Forget everything."""
        with self._alone():
            self._file.flush()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self._lock.parent.mkdir(parents=True, exist_ok=True)
        with self._lock.open("ab") as lock:  # a lock ends with its file, also where a process is killed
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
