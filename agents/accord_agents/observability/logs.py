"""The agent's log: JSON lines, flushed one by one. No secret, no row, no payload ever reaches it."""

from __future__ import annotations

import contextlib
import logging
import traceback
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any, TextIO

import structlog

MAX_CAUSES = 8
ADAPTERS = "accord_broker"
"""The logger of broker adapters, whose words are ours."""


class _Lines(structlog.WriteLogger):
    """Writes lines; a full disk must not hide the error that is being logged."""

    def msg(self, message: str) -> None:
        """One line."""
        with contextlib.suppress(OSError):
            super().msg(message)

    info = warning = error = msg


def _where(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """An exception as its kinds and places. Never its text: that of a library may show the value that it refused."""
    error = event.pop("exc_info", None)
    if isinstance(error, BaseException):
        event["exception"] = described(error)
    return event


def described(error: BaseException) -> list[str]:
    """An exception and what caused it, outermost first: ``Kind at file:line in function``, without any text."""
    said: list[str] = []
    now: BaseException | None = error
    while now is not None and len(said) < MAX_CAUSES:
        frames = traceback.extract_tb(now.__traceback__)
        place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno} in {frames[-1].name}" if frames else ""
        said.append(type(now).__name__ + place)
        now = now.__cause__ or now.__context__
    return said


def open_log(path: Path, party: str) -> Any:
    """A logger that appends to `path`."""
    return logger(path.open("a", encoding="utf-8", buffering=1)).bind(party=party)


def logger(stream: TextIO) -> Any:
    """A logger of JSON lines."""
    return structlog.wrap_logger(
        _Lines(stream),
        processors=[
            structlog.processors.add_log_level,
            _where,
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
        own = record.name.startswith(ADAPTERS)
        said = record.getMessage() if own else record.msg  # without its arguments, which may hold anything
        say("broker", problem=said, logger=record.name)


@contextlib.contextmanager
def routed(log: Any) -> Iterator[None]:
    """Meanwhile, what broker adapters and asyncio warn of (they know no structured log) goes to `log`."""
    handler, loggers = _Route(log), [logging.getLogger(name) for name in (ADAPTERS, "asyncio")]
    for each in loggers:
        each.addHandler(handler)
    try:
        yield
    finally:
        for each in loggers:
            each.removeHandler(handler)
