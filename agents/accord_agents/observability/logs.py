"""The agent's log: lines of JSON or for eyes, flushed one by one. No secret, no row, no payload ever reaches it."""

from __future__ import annotations

import contextlib
import json
import logging
import traceback
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any, TextIO, cast

import structlog

from accord_agents.config.log import LogSettings
from accord_agents.observability.rotation import RotatingFile

MAX_CAUSES = 8
_PLACE = {"timestamp": 0, "level": 1, "event": 2}
ADAPTERS = "accord_broker"
"""The logger of broker adapters, whose words are ours."""


class _Lines(structlog.WriteLogger):
    """Writes lines; a full disk must not hide the error that is being logged."""

    def msg(self, message: str) -> None:
        """One line."""
        with contextlib.suppress(OSError):
            super().msg(message)

    debug = info = warning = error = msg


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


def open_log(path: Path, party: str, settings: LogSettings = LogSettings()) -> Any:  # noqa: B008 - frozen
    """A logger that appends to `path`."""
    file = RotatingFile(path, (settings.rotate_mib or 0) << 20, settings.keep)
    return logger(file, settings.level, human=settings.form == "human").bind(party=party)


def logger(stream: TextIO | RotatingFile, level: str = "info", *, human: bool = False) -> Any:
    """A logger of JSON lines, or of lines for eyes."""
    return structlog.wrap_logger(
        _Lines(cast(TextIO, stream)),
        processors=[
            structlog.processors.add_log_level,
            _where,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _in_order,
            _for_eyes if human else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
    )


def _in_order(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """When, how grave and what first, then the rest by name."""
    return {name: event[name] for name in sorted(event, key=lambda name: (_PLACE.get(name, len(_PLACE)), name))}


def _for_eyes(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    """``2026-11-29 05:43:45.123Z  warning  broker  logger=… problem="…"``; what a text holds breaks no line."""
    when, level, what = (str(event.pop(name, "")) for name in _PLACE)
    rest = "  ".join(f"{name}={_shown(value)}" for name, value in event.items())
    return f"{when[:23].replace('T', ' ')}Z  {level:<7}  {what:<12}  {rest}".rstrip()


def _shown(value: Any) -> str:
    if isinstance(value, str):
        plain = value.isascii() and value.isprintable() and " " not in value and value
        return value if plain else json.dumps(value)
    return json.dumps(value, default=repr)


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
