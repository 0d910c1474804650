"""Libraries that take seconds to load, loaded while the agents work."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterable


def load(modules: Iterable[str]) -> threading.Thread:
    """Import modules in a thread of their own; whoever imports them meanwhile waits for it.

    At the priority of everything else: on a busy machine a lower one never ends, and whoever waits does not either.
    Nothing follows from it but speed: a module that cannot be imported says so to whoever needs it.
    """
    thread = threading.Thread(target=_load, args=(tuple(modules),), name="ahead", daemon=True)
    thread.start()
    return thread


def _load(modules: tuple[str, ...]) -> None:
    for module in modules:
        try:
            importlib.import_module(module)
        except ImportError:
            return
