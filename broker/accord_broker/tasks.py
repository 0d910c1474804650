"""What client libraries do, kept apart from our own tasks.

A library that is torn down while its server is away may let out the CancelledError of a task of its own (aiokafka's
consumer does so in most outages). In our task that looks as if we had been asked to end. Here it is told from that:
library code runs in a task of its own, whose end by cancellation counts as a lost connection unless our task was
cancelled too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar

from accord_broker.port import BrokerError

T = TypeVar("T")
PARTING = 15.0
"""Seconds that a library has to end what it was doing; then it is left to itself."""


async def apart(work: Awaitable[T], *, turns: int = 0) -> T:
    """Await what a library does.

    Args:
        work: A coroutine or a future of the library.
        turns: Seconds to wait, 0 for as long as it takes. They are counted one by one: a loop that was held up for
            longer has waited for one of them, and takes nobody for dead.

    Raises:
        BrokerError: It was cancelled and nobody here asked for that; trying again may help.
        TimeoutError: The time is over.
    """
    task = asyncio.ensure_future(work)
    task.add_done_callback(_seen)
    try:
        if turns:
            for _ in range(turns):
                await asyncio.wait((task,), timeout=1.0)
                if task.done():
                    break
            else:
                raise TimeoutError
        else:
            await asyncio.wait((task,))
    except (asyncio.CancelledError, TimeoutError):  # asyncio.wait itself raises the former only when we are to end
        task.cancel()
        await asyncio.wait((task,), timeout=PARTING)
        raise
    if task.cancelled():
        raise BrokerError("The connection was lost: the client library gave up what it was doing.", retry=True)
    return task.result()


async def discard(stop: Coroutine[Any, Any, object]) -> None:
    """Stop a client that nobody will use again; with the server gone, its own tasks may fail in any way."""
    task = asyncio.ensure_future(stop)
    task.add_done_callback(_seen)
    try:
        await asyncio.wait((task,), timeout=PARTING)
    finally:
        task.cancel()


async def unless(event: asyncio.Event, work: Awaitable[T], otherwise: T) -> T:
    """Await something that is cut off when an event is set, which gives `otherwise`.

    Raises:
        BrokerError: As for `apart`.
    """
    doing, asked = asyncio.ensure_future(apart(work)), asyncio.ensure_future(event.wait())
    doing.add_done_callback(_seen)
    try:
        await asyncio.wait((doing, asked), return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            return doing.result()
        return otherwise
    finally:
        for task in (doing, asked):
            task.cancel()
        await asyncio.wait((doing, asked))


def _seen(task: asyncio.Future[Any]) -> None:
    """Its error may never be asked for, once nobody waits for it."""
    if not task.cancelled():
        task.exception()
