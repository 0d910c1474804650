"""The inner loops: compiled where numba is there, in numpy otherwise. Their bytes are the same.

They are looked up when one is called first, so that who only asks for sizes does not load numba.
"""

from __future__ import annotations

import functools
from importlib import import_module
from typing import Any


@functools.cache
def loops() -> Any:
    """The module that has them."""
    try:
        return import_module("accord_protocols.primitives.onehot.compiled")
    except ImportError:
        return import_module("accord_protocols.primitives.onehot.portable")
