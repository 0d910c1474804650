"""The inner loops: compiled where numba is there, in numpy otherwise. Their bytes are the same."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def _loops() -> Any:
    try:
        return import_module("accord_protocols.primitives.lattice.compiled")
    except ImportError:
        return import_module("accord_protocols.primitives.lattice.portable")


_CHOSEN = _loops()
COMPILED: bool = _CHOSEN.__name__.endswith("compiled")
"""Whether numba is there."""
forward, inverse, combine = _CHOSEN.forward, _CHOSEN.inverse, _CHOSEN.combine
multiply, accumulate, switch = _CHOSEN.multiply, _CHOSEN.accumulate, _CHOSEN.switch
accept, pack, unpack = _CHOSEN.accept, _CHOSEN.pack, _CHOSEN.unpack
