"""Ids of which nothing is to be said, found many at a time: most ids of most files, which then take no step of Python.

A plain id is printable ASCII without white space around, at most 128 characters, is compared as it is written, and is
neither a word for nobody nor a number that may stand for nobody nor of a form that people should know of.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_agents.intake.rows import Texts

LARGE = 1 << 17
"""Rows from which on it pays to load numba, which takes half a second."""
MOST = 128  # bytes of a plain id
WORDS = 16  # an id without a digit may be a word for nobody up to this length


def plain_ids(texts: Texts) -> tuple[NDArray[np.bool], NDArray[np.bool]] | None:
    """Which are plain, and which of these are digits alone, each ``(n,)``; None where numba is not there."""
    if (loops := compiled()) is None:
        return None
    found, digits = np.zeros(len(texts), np.bool), np.zeros(len(texts), np.bool)
    loops.plain(loops.read_only(texts.offsets), loops.read_only(texts.data), found, digits)
    return found, digits


@cache
def compiled() -> Any:
    """The loops; None where numba is not there."""
    with uncollected():
        try:
            loops = import_module("accord_agents.intake.compiled")
        except ImportError:
            return None
        nothing = np.empty(0, np.bool)
        loops.plain(*map(loops.read_only, (np.zeros(1, np.int64), np.empty(0, np.uint8))), nothing, nothing)
    return loops


@contextmanager
def uncollected() -> Iterator[None]:
    """What is loaded meanwhile makes many objects that stay, which the collector would go through again and again."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
