"""What fails in a task or callback that nobody waits for: a line of the log, never a traceback on standard error.

Client libraries have tasks and callbacks of their own. When their server goes away some of them fail where no caller
can catch it, and asyncio prints a traceback with whatever stood in the arguments. Here that becomes one line: what
failed, in whose code, where, and the kind of error. Never a message or a representation, which may hold a value.
"""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Awaitable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
OWN = "accord"
"""As library: our own code."""
UNKNOWN = "unknown"
MAX_CAUSES = 8
_KINDS = {"handle": "callback", "future": "future", "asyncgen": "generator", "transport": "transport"}
"""What failed, by the key under which asyncio names it; another object is one that was never closed."""


async def attended(work: Awaitable[T], log: Any) -> T:
    """Await a program's work; what fails unattended meanwhile goes to a structured log, as the event `stray`.

    A library's failure is a warning: what it means for us comes back from the call that needed it. One in our own code
    is an error: our tasks are all waited for. What is left behind when the work is done concerns nobody.
    """

    def tell(_loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
        fields = told(context)
        say = log.error if fields["library"] == OWN else log.warning
        say("stray", **fields)

    loop = asyncio.get_running_loop()
    loop.set_exception_handler(tell)
    try:
        return await work
    finally:
        loop.set_exception_handler(lambda _loop, _context: None)


def told(context: Mapping[str, Any]) -> dict[str, str]:
    """A context of `asyncio.loop.call_exception_handler`, without a word that is not ours.

    Returns:
        ``what`` (callback, task, future, generator, transport, object) failed in the code of which ``library``; where
        known, the type of the ``exception`` with those of its causes, and its ``place``, file and line.
    """
    error = context.get("exception")
    fields = {"what": next((kind for key, kind in _KINDS.items() if key in context), "object")}
    if isinstance(context.get("future"), asyncio.Task):
        fields["what"] = "task"
    places = list(traceback.walk_tb(error.__traceback__)) if error is not None else []
    modules = [str(frame.f_globals.get("__name__")) for frame, _ in reversed(places)]
    fields["library"] = _library([*modules, *_modules(context)])
    if error is not None:
        fields["exception"] = " < ".join(type(each).__name__ for each in _causes(error))
    if places:
        frame, line = places[-1]
        fields["place"] = f"{Path(frame.f_code.co_filename).name}:{line}"
    return fields


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what caused it, outermost first."""
    now: BaseException | None = error
    for _ in range(MAX_CAUSES):
        if now is None:
            return
        yield now
        now = now.__cause__ or now.__context__


def _modules(context: Mapping[str, Any]) -> Iterator[str]:
    """The modules of what a context names, where no traceback tells: of a callback's function, an object, an error."""
    handle = context.get("handle")
    for thing in (getattr(handle, "_callback", None), *context.values()):
        yield str(getattr(thing, "__module__", type(thing).__module__))


def _library(modules: list[str]) -> str:
    """The first package among modules that is not Python's own."""
    for module in modules:
        package = module.partition(".")[0]
        if package.startswith("accord_"):
            return OWN
        if package not in sys.stdlib_module_names and package not in ("None", "_asyncio"):
            return package
    return UNKNOWN
