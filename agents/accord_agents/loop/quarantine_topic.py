"""Telling people what was refused: digest and reason on the quarantine topic, never the bytes.

Over a connection of its own, made when there is something to tell. Whatever becomes of it (a right that is missing, a
broker that stands still or hangs up), the agent's own connection neither fails nor waits. What is beyond the rate or
cannot be told is in the journal and in the log all the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from accord_agents.journal.rows import stamp
from accord_broker.port import QUARANTINE, Broker, Record
from accord_broker.tasks import apart
from accord_schemas.canonical import digest
from accord_schemas.errors import why
from accord_schemas.events import MAX_TEXT
from accord_schemas.quarantine import Quarantined

BURST, PER_SECOND = 10.0, 1.0
"""Records at once, and on average, at most: whoever may write to a topic must not have us fill another one."""
IDLE = 30.0
"""Seconds after which a connection that nobody needs is given back."""
PAUSE, LONGEST_PAUSE = 10.0, 600.0
"""Seconds without another try after a failure, doubling. What is refused meanwhile is not told."""
PARTING = 1.0
"""Seconds that what waits has when the agent ends."""
MAX_KEY = 64
UNKNOWN = "unknown"


class Bucket:
    """A token bucket.

    Args:
        clock: Seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._tokens, self._at = clock, BURST, clock()

    def take(self) -> bool:
        """Whether one more is within the rate."""
        now = self._clock()
        self._tokens, self._at = min(BURST, self._tokens + (now - self._at) * PER_SECOND), now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Refusals:
    """Writes to the quarantine topic.

    Args:
        party: Who refuses.
        broker: Used by nobody else; not yet open.
        log: Structured logger.
        bucket: Bounds the rate.
    """

    def __init__(self, party: str, broker: Broker, log: Any, bucket: Bucket | None = None) -> None:
        self._party, self._broker, self._log = party, broker, log
        self._bucket = bucket or Bucket()
        self._waiting: deque[Record] = deque(maxlen=int(BURST))
        self._news, self._told = asyncio.Event(), asyncio.Event()
        self._told.set()
        self._able = True

    def tell(self, key: str, source: str, reason: str, data: bytes) -> None:
        """Have people told of bytes that were refused; returns at once.

        Args:
            key: That of the record; anything that somebody wrote there.
            source: Whom the bytes name as their sender.
        """
        if not self._able or not self._bucket.take():
            return
        body = Quarantined(
            time=stamp(),
            party=self._party,
            source=source,
            reason=_printable(reason, MAX_TEXT),
            digest=digest(data).hex(),
            size=len(data),
        )
        self._waiting.append(Record(QUARANTINE, _printable(key, MAX_KEY), body.encode()))
        self._told.clear()
        self._news.set()

    async def run(self) -> None:
        """Tell, until cancelled."""
        pause = PAUSE
        while True:
            await self._news.wait()
            try:
                await apart(self._connected())
                pause = PAUSE
            except Exception as error:  # noqa: BLE001 - nothing that happens here may end the agent
                self._able = False
                self._waiting.clear()
                self._news.clear()
                self._told.set()
                self._log.warning("quarantine", problem=why(error), silent=pause)
                await asyncio.sleep(pause)
                self._able, pause = True, min(2 * pause, LONGEST_PAUSE)

    async def drained(self) -> None:
        """Wait a moment until all is told."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PARTING):
                await self._told.wait()

    async def _connected(self) -> None:
        """One connection, until nobody has needed it for a while."""
        try:
            await self._broker.open()
            with contextlib.suppress(TimeoutError):
                while True:
                    await self._publish()
                    async with asyncio.timeout(IDLE):
                        await self._news.wait()
        finally:
            await self._broker.close()

    async def _publish(self) -> None:
        self._news.clear()
        while self._waiting:
            await self._broker.publish([self._waiting.popleft()])
        self._told.set()


def _printable(text: str, longest: int) -> str:
    """What a stranger may have written, short and without control characters; never empty."""
    return "".join(c if c.isprintable() else "?" for c in text[:longest]) or UNKNOWN
