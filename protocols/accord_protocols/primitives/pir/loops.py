"""Whether the loop over the server's table is compiled: where numba is there. The bytes are the same."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

import numpy as np


@cache
def compiled() -> Any:
    """The module `compiled`; None where numpy does it."""
    try:
        return import_module("accord_protocols.primitives.pir.compiled")
    except ImportError:
        return None


def warm() -> None:
    """Have it compiled, by calling it with little."""
    if (fast := compiled()) is not None:
        table = np.zeros((4, 4), np.int8)
        for writable in (True, False):  # numba compiles for arrays that cannot be written anew
            table.flags.writeable = writable
            fast.accumulate(np.zeros((4, 1), np.uint32), table, np.zeros((1, 4), np.uint32))
