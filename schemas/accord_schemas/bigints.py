"""Lists of big integers as fixed-width blocks: ``(n, width) uint8``, each row big-endian."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def to_block(values: Iterable[int], width: int) -> NDArray[np.uint8]:
    """Non-negative integers below 256^width as a ``(n, width) uint8`` array, rows big-endian.

    Raises:
        OverflowError: A value is negative or does not fit.
    """
    raw = b"".join(int(v).to_bytes(width, "big") for v in values)
    return np.frombuffer(raw, np.uint8).reshape(-1, width)


def from_block(block: NDArray[np.uint8]) -> list[int]:
    """The integers of a ``(n, width) uint8`` array."""
    if block.dtype != np.uint8 or block.ndim != 2:
        raise ValueError("a block of big integers is a (n, width) uint8 array")
    raw, width = block.tobytes(), block.shape[1]
    return [int.from_bytes(raw[i : i + width], "big") for i in range(0, len(raw), width)]
