"""The next values of an iterator, made in a thread of its own while the last ones are worked on.

It pays where both sides leave Python for most of their time: decoding a file, hashing, writing.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable
from typing import TypeVar

T = TypeVar("T")
_WAIT = 0.05  # seconds after which a thread looks whether anybody still wants what it makes


def ahead(values: Iterable[T], most: int = 2) -> Generator[T]:
    """The same values in the same order, of which up to `most` wait.

    What the iterator raises is raised here, in its place. The thread ends when the generator does; close it where it
    may be left before its end.

    Args:
        values: What is iterated over, from the first value on in the thread.
        most: How many may wait to be taken.
    """
    made: queue.Queue[tuple[T] | BaseException | None] = queue.Queue(most)
    left = threading.Event()

    def put(what: tuple[T] | BaseException | None) -> bool:
        while not left.is_set():
            try:
                made.put(what, timeout=_WAIT)
            except queue.Full:
                continue
            return True
        return False

    def make() -> None:
        try:
            for value in values:
                if not put((value,)):
                    return
        except BaseException as error:  # noqa: BLE001  # raised where the values are taken
            put(error)
        else:
            put(None)

    thread = threading.Thread(target=make, name="accord-ahead", daemon=True)
    thread.start()
    try:
        while (what := made.get()) is not None:
            if isinstance(what, BaseException):
                raise what
            yield what[0]
    finally:
        left.set()
        thread.join()
