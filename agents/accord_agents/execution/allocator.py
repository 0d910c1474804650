"""How the C library keeps memory that nobody uses."""

from __future__ import annotations

import ctypes

_MMAP_THRESHOLD, _ARENA_MAX = -3, -8  # of mallopt(3), glibc
LARGE = 128 << 10
"""Bytes from which on memory goes back to the system as soon as it is free."""
ARENAS = 2


def spare() -> None:
    """Have large buffers given back at once, and few pools for small ones, where the C library can (glibc).

    Left alone, glibc raises its threshold to the largest buffer that was ever freed, and gives each thread a pool of
    its own: a chunk that passes through leaves a hole that stays.
    """
    option = getattr(ctypes.CDLL(None), "mallopt", None)
    if option is not None:
        option(_MMAP_THRESHOLD, LARGE)
        option(_ARENA_MAX, ARENAS)
