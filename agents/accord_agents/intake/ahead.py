"""The next values of an iterator, made in threads of their own while the last ones are worked on.

It pays where both sides leave Python for most of their time: decoding a file, hashing, writing.
"""

from __future__ import annotations

import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
_THREADS = min(4, os.cpu_count() or 1)
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
            return not left.is_set()
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
        with suppress(queue.Empty):  # so that it need not wait any longer
            made.get_nowait()
        thread.join()


def mapped(work: Callable[[T], R], values: Iterable[T]) -> Generator[R]:
    """What `work` makes of each of the values, in their order: of some of them at once, each in a thread.

    What it raises is raised here, in its place. The iterator is asked here, as far ahead as there are threads; close
    the generator where it may be left before its end.

    Args:
        work: Depends on nothing but the value.
        values: What is iterated over.
    """
    due = deque[Future[R]]()
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="accord-ahead") as pool:
        try:
            for value in values:
                due.append(pool.submit(work, value))
                if len(due) > _THREADS:
                    yield due.popleft().result()
            while due:
                yield due.popleft().result()
        finally:
            for left in due:
                left.cancel()
