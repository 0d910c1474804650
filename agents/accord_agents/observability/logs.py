"""The agent's log: JSON lines, flushed one by one. No secret, no row, no payload ever reaches it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import structlog


class _Lines(structlog.WriteLogger):
    """Writes lines; a full disk must not hide the error that is being logged."""

    def msg(self, message: str) -> None:
        """One line."""
        with contextlib.suppress(OSError):
            super().msg(message)

    info = warning = error = msg


def open_log(path: Path, party: str) -> Any:
    """A logger that appends to `path`."""
    return logger(path.open("a", encoding="utf-8", buffering=1)).bind(party=party)


def logger(stream: TextIO) -> Any:
    """A logger of JSON lines."""
    return structlog.wrap_logger(
        _Lines(stream),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )


class _Route(logging.Handler):
    """Hands records of the standard library's loggers over."""

    def __init__(self, log: Any) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """One record."""
        say = self._log.error if record.levelno >= logging.ERROR else self._log.warning
        say("broker", problem=record.getMessage(), logger=record.name)


@contextlib.contextmanager
def routed(log: Any) -> Iterator[None]:
    """Meanwhile, what broker adapters warn of (they know no structured log) goes to `log`."""
    handler, library = _Route(log), logging.getLogger("accord_broker")
    library.addHandler(handler)
    try:
        yield
    finally:
        library.removeHandler(handler)
