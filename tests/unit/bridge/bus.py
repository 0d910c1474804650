"""Brokers in memory, on which everything a bridge must bear can be arranged, and records for them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, MutableMapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import structlog
from tests.unit.schemas.strategies import frame

from accord_broker.bridge.bridge import Bridge
from accord_broker.bridge.service import CARRIED
from accord_broker.bridge.state import State
from accord_broker.port import FAMILIES, Broker, BrokerError, Delivery, Position, Record
from accord_schemas.events import Accept, Ack

SUBJECT = "00" * 16


def event(number: int, source: str = "bank") -> Record:
    """An event of a party."""
    made = frame(Accept(commitment=f"{number:064x}"), eventnumber=str(number), source=source, id=f"{SUBJECT}/{number}")
    return Record("control", SUBJECT, made.encode())


def acknowledgement(number: int) -> Record:
    """One that has no sequence."""
    return Record("control", SUBJECT, frame(Ack(), time=f"2024-02-29T23:59:59.{number:03d}Z").encode())


class Bus:
    """A log. Each connection is another `Line`."""

    def __init__(self, *, history: bool = True) -> None:
        self.history, self.records = history, list[Record]()

    def count(self, record: Record) -> int:
        return self.records.count(record)


class Line:
    """A connection to a bus, as a broker.

    Args:
        bus: The log.
        held: While it is true, nothing is read.
        fail: Called before each record that is published; may raise.
    """

    def __init__(
        self, bus: Bus, held: Callable[[], bool] = lambda: False, fail: Callable[[Record], None] = lambda _: None
    ) -> None:
        self.bus, self.held, self.fail = bus, held, fail
        self.committed_to = 0
        self.at = 0

    @property
    def history(self) -> bool:
        return self.bus.history

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def publish(self, records: Sequence[Record]) -> None:
        for record in records:
            assert record.family in FAMILIES
            self.fail(record)
            self.bus.records.append(record)
            await asyncio.sleep(0)

    async def subscribe(self, after: Mapping[str, Position]) -> frozenset[str]:
        self.at = after["bus"].offset + 1 if "bus" in after else self.committed_to
        return frozenset()

    async def receive(self, limit: int, max_bytes: int, timeout: float) -> list[Delivery]:
        end = time.monotonic() + timeout
        while self.at >= len(self.bus.records) or self.held():
            if time.monotonic() > end:
                return []
            await asyncio.sleep(0.001)
        found = self.bus.records[self.at : self.at + limit]
        first, self.at = self.at, self.at + len(found)
        return [Delivery(r, Position("bus", "1", first + i, r.digest())) for i, r in enumerate(found)]

    async def largest_chunk(self) -> int | None:
        return None

    async def end(self) -> Mapping[str, int]:
        return {"bus": len(self.bus.records) - 1} if self.bus.records else {}

    async def committed(self, deliveries: Sequence[Delivery]) -> None:
        self.committed_to = max(self.committed_to, deliveries[-1].position.offset + 1)


class Clock:
    """Seconds that pass with every look."""

    def __init__(self, step: float) -> None:
        self.now, self.step = 1e9, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def quiet(log: list[MutableMapping[str, Any]] | None = None) -> Any:
    """A logger into a list."""
    kept = [] if log is None else log

    def keep(_logger: object, _method: str, values: MutableMapping[str, Any]) -> str:
        kept.append(values)
        raise structlog.DropEvent

    return structlog.wrap_logger(None, processors=[keep])


@asynccontextmanager
async def running(
    path: Path,
    a: Broker,
    b: Broker,
    clock: Callable[[], float] = time.time,
    log: list[MutableMapping[str, Any]] | None = None,
) -> AsyncIterator[Bridge]:
    """A bridge at work; ends it as a signal does."""
    state = State(path, ("a", "b"), clock)
    bridge = Bridge((a, b), state, CARRIED, quiet(log), lambda _: None)
    stopping = asyncio.Event()
    work = asyncio.create_task(bridge.run(stopping))
    try:
        yield bridge
    finally:
        stopping.set()
        try:
            await work
        finally:
            state.close()


async def until(condition: Callable[[], object], otherwise: str = "it never happens") -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, otherwise
        await asyncio.sleep(0.002)


async def still(*buses: Bus) -> None:
    """Until nothing is published any more."""
    before, since = -1, time.monotonic()
    end = time.monotonic() + 30
    while time.monotonic() - since < 0.3:
        now = sum(len(bus.records) for bus in buses)
        if now != before:
            before, since = now, time.monotonic()
        assert time.monotonic() < end, f"the bridges never rest: {before} records"
        await asyncio.sleep(0.01)


def away(_: Record) -> None:
    """A broker that is not there."""
    raise BrokerError("The broker is away.", retry=True)
