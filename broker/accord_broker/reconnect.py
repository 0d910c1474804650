"""One connection after another: how whoever lives on a broker gets over its absence."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from accord_broker.port import BrokerError
from accord_broker.tasks import apart, unless


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait; all in seconds.

    Args:
        pause: Before connecting again, doubling while connections do not last.
        longest: Up to this; a connection has lasted when it stood longer.
        first: For which the first connection is tried.
    """

    pause: float
    longest: float
    first: float


class Connections:
    """Makes connections until the work is done or somebody asks to stop.

    Args:
        stopping: Set when asked to stop.
        patience: See `Patience`.
        lost: Told why a connection ended, and the seconds until the next try.
    """

    def __init__(self, stopping: asyncio.Event, patience: Patience, lost: Callable[[BrokerError, float], None]) -> None:
        self._stopping, self._patience, self._lost = stopping, patience, lost
        self.stood = False
        """Whether a connection has ever stood; to be set by `session` or `connect`."""

    async def run(
        self,
        connect: Callable[[], Awaitable[None]],
        session: Callable[[], Awaitable[bool]],
        close: Callable[[], Awaitable[None]],
    ) -> None:
        """Connect, work, close, and again after a loss.

        Args:
            connect: Cut off when asked to stop.
            session: Works on an open connection; returns whether nothing remains to be done. Sees to `stopping` itself.
            close: Called after each of them, before any pause.

        Raises:
            BrokerError: Trying again will not help, or no connection was ever made.
        """
        loop = asyncio.get_running_loop()
        first, pause = loop.time(), self._patience.pause

        async def opened() -> bool:
            await connect()
            return True

        while not self._stopping.is_set():
            since, failure = math.inf, None
            try:
                if not await unless(self._stopping, opened(), False):
                    return
                since = loop.time()
                if await apart(session()):
                    return
            except BrokerError as error:
                if not error.retry or (not self.stood and loop.time() - first > self._patience.first):
                    raise
                failure = error
                if loop.time() - since > self._patience.longest:
                    pause = self._patience.pause
            finally:
                with contextlib.suppress(BrokerError):  # it is lost one way or the other
                    await apart(close())
            if failure is not None:
                self._lost(failure, pause)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._stopping.wait()
                pause = min(2 * pause, self._patience.longest)
