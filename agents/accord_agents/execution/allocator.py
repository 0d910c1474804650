"""How the C library keeps memory that nobody uses."""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # of mallopt(3), glibc
AGENT, WORKER = 2 << 20, 32 << 20
"""Bytes from which on memory goes back to the system as soon as it is free: more than a chunk of an event; more than
the arrays that a task makes over and over."""
ARENAS = 2


def spare(large: int) -> None:
    """Have large buffers given back at once, and few pools for small ones, where the C library can (glibc).

    Left alone, glibc raises its threshold to the largest buffer that was ever freed, and gives each thread a pool of
    its own. Below the threshold memory is kept and used again: what is given back is zeroed, page by page, when it is
    next asked for, which takes longer than most of what is done with it.

    Args:
        large: `AGENT` or `WORKER`.
    """
    option = getattr(ctypes.CDLL(None), "mallopt", None)
    if option is not None:
        option(_MMAP_THRESHOLD, large)
        option(_TRIM_THRESHOLD, 2 * large)
        option(_ARENA_MAX, ARENAS)


def trimmed() -> None:
    """Give memory that the C library holds and nobody uses back to the system, where it can (glibc)."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
