"""A broker that is watched: what passes is counted, and how far reading is."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Mapping, Sequence

from accord_agents.observability.metrics import Metrics
from accord_broker.port import Broker, BrokerError, Delivery, Position, Record

LOOK = 5.0
"""Seconds between looks at the log's end."""


class Watched:
    """A `Broker` around another one; see `accord_broker.port.Broker`.

    Args:
        broker: Which is watched.
        metrics: What counts.

    Attributes:
        connected: Whether it is open and read from.
    """

    def __init__(self, broker: Broker, metrics: Metrics) -> None:
        self._broker, self._metrics = broker, metrics
        self.connected = False
        self._at: dict[str, int] = {}
        self._end: dict[str, int] = {}
        self._first: dict[str, int] | None = None
        self._looked = 0.0

    @property
    def history(self) -> bool:
        """That of the broker."""
        return self._broker.history

    @property
    def caught_up(self) -> bool:
        """Whether all that the log held when this connection was made is journaled."""
        return self._first is not None and all(self._at.get(s, -1) >= last for s, last in self._first.items())

    @property
    def lag(self) -> dict[str, int]:
        """By source, offsets between what is journaled and the log's end as it was last seen."""
        return {source: max(0, last - self._at.get(source, -1)) for source, last in self._end.items()}

    async def open(self) -> None:
        """Connect."""
        await self._broker.open()
        self._metrics.connections.inc()

    async def close(self) -> None:
        """Disconnect."""
        self.connected, self._first = False, None
        await self._broker.close()

    async def largest_chunk(self) -> int | None:
        """That of the broker."""
        return await self._broker.largest_chunk()

    async def publish(self, records: Sequence[Record]) -> None:
        """Append the records."""
        with self._noticed():
            await self._broker.publish(records)
        self._metrics.sent(records)

    async def subscribe(self, after: Mapping[str, Position]) -> frozenset[str]:
        """Read on."""
        lost = await self._broker.subscribe(after)
        self._at = {source: position.offset for source, position in after.items() if source not in lost}
        self.connected, self._first = True, None
        return lost

    async def receive(self, limit: int, max_bytes: int, timeout: float) -> list[Delivery]:
        """The next records. The log's end is looked at here, because nothing else may run meanwhile."""
        now = asyncio.get_running_loop().time()
        with self._noticed():
            if now - self._looked > LOOK:
                self._end, self._looked = dict(await self._broker.end()), now
            return await self._broker.receive(limit, max_bytes, timeout)

    async def end(self) -> Mapping[str, int]:
        """The log's end; an agent asks right after it has subscribed, and again where it is not reached."""
        self._end = dict(await self._broker.end())
        self._looked = asyncio.get_running_loop().time()
        before = self._end if self._first is None else self._first
        self._first = {s: min(last, self._end[s]) for s, last in before.items() if s in self._end}
        return self._end

    async def committed(self, deliveries: Sequence[Delivery]) -> None:
        """These are stored."""
        self._metrics.received(d.record for d in deliveries)
        self._at |= {d.position.source: d.position.offset for d in deliveries}
        await self._broker.committed(deliveries)

    @contextlib.contextmanager
    def _noticed(self) -> Iterator[None]:
        """A failure is shown at once, however long the agent takes to give the connection up."""
        try:
            yield
        except BrokerError:
            self.connected = False
            raise
