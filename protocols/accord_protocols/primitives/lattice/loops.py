"""The inner loops: compiled where numba is there, in numpy otherwise. Their bytes are the same.

They are looked up when one is called first: sizes are asked for in processes that should not load numba.
"""

from __future__ import annotations

import functools
from importlib import import_module
from typing import Any

_NAMES = ("forward", "inverse", "combine", "multiply", "accumulate", "switch", "accept", "pack", "unpack")


@functools.cache
def _module() -> Any:
    try:
        return import_module("accord_protocols.primitives.lattice.compiled")
    except ImportError:
        return import_module("accord_protocols.primitives.lattice.portable")


def is_compiled() -> bool:
    """Whether numba is there."""
    return bool(_module().__name__.endswith("compiled"))


def __getattr__(name: str) -> Any:
    """One of the loops, kept as an attribute from then on."""
    if name not in _NAMES:
        raise AttributeError(name)
    globals()[name] = loop = getattr(_module(), name)
    return loop
