"""Ids of which nothing is to be said, found many at a time: most ids of most files, which then take no step of Python.

A plain id is printable ASCII without white space around, at most 128 characters, is compared as it is written, and is
neither a word for nobody nor a number that may stand for nobody nor of a form that people should know of.
"""

from __future__ import annotations

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
    try:
        return import_module("accord_agents.intake.compiled")
    except ImportError:
        return None
