"""What the contract's tests share: a broker's site, and reading until something is complete."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from accord_broker.factory import connect
from accord_broker.port import Broker, Delivery, Position, Record

ROOM = 8 << 20
PATIENCE = 30.0
CHUNK = (512 << 10) + 4096


class Server:
    """A broker under test."""

    url: str


class Site(Server, ABC):
    """One with history, and what may happen to it while nobody is connected."""

    @abstractmethod
    def replace(self) -> None:
        """The log and all its records are lost; a new, empty one takes its place."""

    @abstractmethod
    def keep(self) -> None:
        """Take a backup."""

    @abstractmethod
    def restore(self) -> None:
        """Put the backup back; later records are lost."""


def play(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(test)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Broker]:
    broker = connect(url)
    await broker.open()
    try:
        yield broker
    finally:
        await broker.close()


async def take(broker: Broker, count: int) -> list[Delivery]:
    """The next `count` records; fails when they do not come."""
    found: list[Delivery] = []
    async with asyncio.timeout(PATIENCE):
        while len(found) < count:
            deliveries = await broker.receive(count - len(found), ROOM, 1.0)
            await broker.committed(deliveries)
            found += deliveries
    return found


async def rest(broker: Broker) -> list[Delivery]:
    """Everything up to the log's end as it is now."""
    end, seen, found = dict(await broker.end()), dict[str, int](), list[Delivery]()
    async with asyncio.timeout(PATIENCE):
        while any(seen.get(source, -1) < offset for source, offset in end.items()):
            for delivery in await broker.receive(64, ROOM, 1.0):
                found.append(delivery)
                seen[delivery.position.source] = delivery.position.offset
    return found


def last(deliveries: list[Delivery]) -> dict[str, Position]:
    return {d.position.source: d.position for d in deliveries}


def records(deliveries: list[Delivery]) -> list[Record]:
    return [d.record for d in deliveries]


@contextmanager
def peer(*args: object) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.contract.peer", *map(str, args)]
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()
