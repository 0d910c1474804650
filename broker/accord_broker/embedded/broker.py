"""The embedded log as a broker: SQLite in one thread, readers woken across processes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar

from accord_broker.embedded.log import SOURCE, Log
from accord_broker.embedded.wake import Wake
from accord_broker.port import FAMILIES, Delivery, Position, Record

POLL = 0.02
"""Seconds after which a waiting reader looks for itself."""
P = ParamSpec("P")
T = TypeVar("T")


class EmbeddedBroker:
    """A `Broker` on a log file shared by the processes of one machine; see `accord_broker.port.Broker`.

    Args:
        path: The log file; created by whoever opens it first, in a folder that exists.
    """

    history = True

    def __init__(self, path: Path) -> None:
        self._path = path
        self._session: _Session | None = None

    async def open(self) -> None:
        """Open the file, or create it."""
        if self._session is None:
            self._session = await _Session.start(self._path)

    async def close(self) -> None:
        """Close the file and stop the thread."""
        session, self._session = self._session, None
        if session is not None:
            await session.stop()

    async def publish(self, records: Sequence[Record]) -> None:
        """Append the records; acknowledged means that they survive the death of any process."""
        if unknown := {r.family for r in records} - set(FAMILIES):
            raise ValueError(f"unknown topic family {min(unknown)!r}")
        session = self._opened
        try:
            await session.call(session.append, records)
        finally:
            session.news.set()

    async def subscribe(self, after: Mapping[str, Position]) -> frozenset[str]:
        """Read on after `after` ["log"] where that record still is in its place, else from the first one."""
        session = self._opened
        position = after.get(SOURCE)
        there = position is not None and await session.call(session.log.holds, position)
        session.after = position.offset if position is not None and there else 0
        return frozenset(after) - ({SOURCE} if there else set())

    async def receive(self, limit: int, max_bytes: int, timeout: float) -> list[Delivery]:
        """The next records in the log's order."""
        session = self._opened
        if session.after is None:
            raise RuntimeError("subscribe comes before receive")
        after = session.after
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while True:
            session.news.clear()
            found, after = await session.call(session.log.read, after, limit, max_bytes)
            session.after = after
            left = deadline - loop.time()
            if found or left <= 0:
                return found
            try:
                async with asyncio.timeout(min(POLL, left)):
                    await session.news.wait()
            except TimeoutError:
                pass

    async def largest_chunk(self) -> int | None:
        """Whatever an agreement may name."""
        return None

    async def end(self) -> Mapping[str, int]:
        """The offset of the last record that is not in quarantine."""
        session = self._opened
        last = await session.call(session.log.end)
        return {} if last is None else {SOURCE: last}

    async def committed(self, deliveries: Sequence[Delivery]) -> None:
        """Nothing to do: the log keeps every record."""

    @property
    def _opened(self) -> _Session:
        if self._session is None:
            raise RuntimeError("the broker is not open")
        return self._session


class _Session:
    """What lives from open to close.

    Args:
        thread: The one thread that makes the log's calls.
        log: The file.
    """

    def __init__(self, thread: ThreadPoolExecutor, log: Log) -> None:
        self.thread, self.log = thread, log
        self.after: int | None = None
        self.news = asyncio.Event()
        self.wake = Wake(log.id, self.news.set)

    @staticmethod
    async def start(path: Path) -> _Session:
        thread = ThreadPoolExecutor(1, thread_name_prefix="accord-log")
        try:
            return _Session(thread, await asyncio.get_running_loop().run_in_executor(thread, Log, path))
        except BaseException:
            thread.shutdown()
            raise

    def append(self, records: Sequence[Record]) -> None:
        try:
            self.log.append(records)
        finally:  # the first records may be on the log all the same
            self.wake.ring()

    async def stop(self) -> None:
        self.wake.close()
        await self.call(self.log.close)
        self.thread.shutdown()

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.thread, lambda: function(*args, **kwargs))
