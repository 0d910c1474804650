"""Work on independent things side by side in one process, where most of it is done outside of Python.

What comes of each does not depend on the others, so that bytes are the same however many threads there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def each(work: Callable[[T], None], things: Iterable[T], threads: int) -> None:
    """Call `work` with every one of a few things.

    Args:
        work: Puts what it makes where it belongs.
        things: All of them are in memory at once where there are several threads.
        threads: How many at most; with one, all is done here.

    Raises:
        Exception: What `work` raised first, in the order of the things.
    """
    if threads < 2:
        for thing in things:
            work(thing)
        return
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(work, things):
            pass
