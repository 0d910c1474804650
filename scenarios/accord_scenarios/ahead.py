"""Libraries that take seconds to load, loaded while the agents work, by processor time that nobody else wants."""

from __future__ import annotations

import importlib
import os
import sys
import threading
from collections.abc import Iterable

_LEAST = 19
"""The lowest priority there is: what an agent does is never slower for it."""


def load(modules: Iterable[str]) -> threading.Thread:
    """Import modules in a thread of their own; whoever imports them meanwhile waits for it.

    Nothing follows from it but speed: a module that cannot be imported says so to whoever needs it.
    """
    thread = threading.Thread(target=_load, args=(tuple(modules),), name="ahead", daemon=True)
    thread.start()
    return thread


def _load(modules: tuple[str, ...]) -> None:
    if sys.platform == "linux":  # elsewhere it would be of the process
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LEAST)
    for module in modules:
        try:
            importlib.import_module(module)
        except ImportError:
            return
