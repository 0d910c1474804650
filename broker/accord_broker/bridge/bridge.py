"""The bridge's loop: two directions at once, one bounded batch each.

A batch is read, judged, published on the other side, settled, and only then acknowledged where it was read. A slow side
holds its direction up, and what waits there stays with the broker it comes from.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from accord_broker.bridge.counts import LEFT_OUT, REFUSED, SIDES, Counts
from accord_broker.bridge.state import Sight, State, Verdict
from accord_broker.port import Broker, BrokerError, Delivery, Position, Record, TooLargeError
from accord_broker.reconnect import Connections, Patience
from accord_broker.tasks import apart
from accord_schemas.errors import FrameError
from accord_schemas.frame import Frame

BATCH_RECORDS, BATCH_BYTES = 64, 8 << 20
CONNECT_FOR = 30.0
"""Seconds for which the first connection is tried."""
PAUSE, LONGEST_PAUSE = 0.5, 4.0
"""Seconds before connecting again, doubling while connections do not last."""
REPORT = 60.0
"""Seconds between reports."""
GRACE = 5.0
"""Seconds that a batch under way has when the bridge is to end."""


@dataclass(slots=True)
class Side:
    """One broker and how far it was read.

    Args:
        broker: Not yet open.
        positions: The last settled position of each source.
        again: Sources whose positions did not hold, with the offset up to which they are read a second time.
    """

    broker: Broker
    positions: dict[str, Position]
    again: dict[str, int] = field(default_factory=dict)


class Bridge:
    """Carries records between two brokers.

    Args:
        brokers: A and B, not yet open.
        state: What is remembered.
        families: Those that are carried.
        log: Structured logger.
        report: Called once a minute and at the end.
    """

    def __init__(
        self,
        brokers: tuple[Broker, Broker],
        state: State,
        families: Collection[str],
        log: Any,
        report: Callable[[Counts], None],
    ) -> None:
        self._sides = tuple(Side(broker, state.positions(side)) for side, broker in enumerate(brokers))
        self._state, self._families, self._log, self._report = state, frozenset(families), log, report
        self.counts = Counts()
        self._ending = asyncio.Event()
        self._complained = False

    async def run(self, stopping: asyncio.Event) -> None:
        """Carry until asked to stop.

        Raises:
            BrokerError: A broker cannot be reached at all, or refuses what no waiting will change.
            AccordError: The state cannot be written.
        """
        work, clock = (asyncio.create_task(apart(c)) for c in (self._work(), self._keep_time()))
        asked = asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait((work, clock, asked), return_when=asyncio.FIRST_COMPLETED)
            self._ending.set()
            await asyncio.wait((work,), timeout=GRACE if asked.done() else 0)
        finally:
            for task in (work, clock, asked):
                task.cancel()
            await asyncio.gather(work, clock, asked, return_exceptions=True)
            self._report(self.counts)
        for task in (work, clock):
            if not task.cancelled():
                task.result()

    async def _work(self) -> None:
        patience = Patience(PAUSE, LONGEST_PAUSE, CONNECT_FOR)
        self._connections = Connections(self._ending, patience, self._lost)
        await self._connections.run(self._open, self._session, self._close)

    def _lost(self, error: BrokerError, pause: float) -> None:
        self._log.warning("broker", problem=str(error))

    async def _close(self) -> None:
        ends = await asyncio.gather(*(side.broker.close() for side in self._sides), return_exceptions=True)
        for error in ends:
            if isinstance(error, Exception):  # a stray cancellation is none: that side is closed as far as it goes
                raise error

    async def _open(self) -> None:
        """Connect to both, and read on after what is settled."""
        for name, side in zip(SIDES, self._sides, strict=True):
            await side.broker.open()
            lost = await side.broker.subscribe(side.positions)
            if lost:
                end = await side.broker.end()
                for source in lost:
                    del side.positions[source]
                    side.again[source] = end.get(source, -1)
                self._log.warning("log rewound", side=name, sources=sorted(lost))
        self._connections.stood = True
        self._log.info("connected")

    async def _session(self) -> bool:
        """One connection to both, until it fails or the bridge ends."""
        tasks = [asyncio.create_task(apart(self._direction(side))) for side in (0, 1)]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in tasks:
            if not task.cancelled():
                task.result()
        return True

    async def _direction(self, side: int) -> None:
        source = self._sides[side].broker
        while not self._ending.is_set():
            deliveries = await source.receive(BATCH_RECORDS, BATCH_BYTES, 0.5)
            if deliveries:
                await self._carry(side, deliveries)

    async def _carry(self, side: int, deliveries: Sequence[Delivery]) -> None:
        here, there = self._sides[side], self._sides[1 - side].broker
        frames = [d for d in deliveries if self._carriable(side, d.record)]
        sights = [Sight(d.position.digest, d.record.key, self._again(here, d.position)) for d in frames]
        verdicts = await asyncio.to_thread(self._state.admit, side, sights)
        chosen = [d for d, verdict in zip(frames, verdicts, strict=True) if verdict is Verdict.CARRY]
        left = await self._publish(there, [d.record for d in chosen]) if chosen else {}
        for delivery in chosen:
            if reason := left.get(delivery.position.digest):
                self._refuse(side, delivery.record, reason)
        last = {d.position.source: d.position for d in deliveries} if here.broker.history else {}
        await asyncio.to_thread(self._state.settle, side, [d.position.digest for d in chosen], list(last.values()))
        here.positions |= last
        await here.broker.committed(deliveries)
        for delivery, verdict in zip(frames, verdicts, strict=True):
            if delivery.position.digest not in left:
                self.counts.add(side, delivery.record.family, verdict.value)

    async def _publish(self, there: Broker, records: Sequence[Record]) -> dict[bytes, str]:
        """Publish what the other side takes; returns what is too large for it, by digest, and why.

        That stays where it is: whoever may write to a topic must not stop the bridge.
        """
        try:
            await there.publish(records)
        except TooLargeError as error:
            if len(records) == 1:
                return {records[0].digest(): error.message}
            left: dict[bytes, str] = {}
            for record in records:
                left |= await self._publish(there, [record])
            return left
        return {}

    def _refuse(self, side: int, record: Record, reason: str) -> None:
        self.counts.add(side, record.family, REFUSED)
        if not self._complained:  # once a minute: nor must they fill our disk
            self._complained = True
            values = {"family": record.family, "reason": reason, "digest": record.digest().hex()}
            self._log.warning("refused", side=SIDES[side], **values)

    def _carriable(self, side: int, record: Record) -> bool:
        """Whether a record is an event where it belongs; who signed it is for the agents to check."""
        if record.family not in self._families:
            self.counts.add(side, record.family, LEFT_OUT)
            return False
        try:
            header = Frame.decode(record.frame).header
            if (header.event_class.family, header.subject) != (record.family, record.key):
                raise FrameError("the event came under another family or collaboration")
        except FrameError as error:
            self._refuse(side, record, error.message)
            return False
        return True

    @staticmethod
    def _again(side: Side, position: Position) -> bool:
        """Whether this was there when its log was rewound: what was carried of it need not be carried again."""
        return position.offset <= side.again.get(position.source, -1)

    async def _keep_time(self) -> None:
        while True:
            await asyncio.sleep(REPORT)
            await asyncio.to_thread(self._state.prune)
            self._complained = False
            self._report(self.counts)
