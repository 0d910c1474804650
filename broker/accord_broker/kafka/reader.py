"""Reading: one task per topic carries its records to one bounded queue."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Coroutine, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from accord_broker.kafka import errors
from accord_broker.kafka.binding import UNREADABLE, from_message, trace
from accord_broker.kafka.endpoint import Endpoint
from accord_broker.kafka.settings import FETCH, ROOM, TIMEOUT
from accord_broker.port import BrokerError, Delivery, Position, Record
from accord_broker.tasks import apart, discard

BATCH = 64
"""Records taken from the client at once."""
Offsets = Mapping[TopicPartition, int]


class TopicReader:
    """Reads the partition of each topic from given offsets.

    Args:
        endpoint: The cluster.
        settings: Of its clients.
        families: The family of each partition.
        ids: The id of each topic.

    Attributes:
        broken: Set when a task has failed: nothing more comes.
        failure: Why.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        settings: dict[str, Any],
        families: Mapping[TopicPartition, str],
        ids: Mapping[str, str],
    ) -> None:
        self._endpoint, self._families, self._ids = endpoint, families, ids
        self._consumer = AIOKafkaConsumer(
            **settings,
            enable_auto_commit=False,
            auto_offset_reset="none",
            max_partition_fetch_bytes=FETCH,
            fetch_max_bytes=ROOM,
        )
        self._last: dict[TopicPartition, int] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self.broken = asyncio.Event()
        self.failure = errors.ended(endpoint)
        self._arrived: deque[Delivery] = deque()
        self._size = 0
        self._news, self._room = asyncio.Event(), asyncio.Event()
        self._room.set()

    async def start(self, after: Mapping[str, Position], first: Offsets, last: Offsets) -> frozenset[str]:
        """Read on after the positions that hold, else from the first record; returns the sources of those that do.

        Args:
            after: By source.
            first: Offset of each partition's first record.
            last: Offset after each partition's last record.
        """
        try:
            await self._consumer.start()
        except KafkaError as error:
            raise errors.other(self._endpoint, "the connection failed", error) from None
        begin = dict(first)
        known = {tp: after[source(tp)] for tp in self._families if source(tp) in after}
        for tp, position in known.items():
            if position.log == self._ids[tp.topic] and first[tp] <= position.offset < last[tp]:
                begin[tp] = position.offset
        self._consumer.assign(list(begin))
        for tp, offset in begin.items():
            self._consumer.seek(tp, offset)
        held = set()
        for tp, position in known.items():
            if begin[tp] == position.offset and await self._holds(tp, position):
                held.add(position.source)
                self._last[tp] = position.offset
            else:
                self._consumer.seek(tp, first[tp])
        for tp in self._families:
            self.watch(self._pump(tp))
        return frozenset(held)

    async def receive(self, limit: int, max_bytes: int, timeout: float) -> list[Delivery]:
        """What has arrived; raises what ended a task."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while True:
            self._news.clear()
            if self._arrived:
                return self._take(limit, max_bytes)
            if self.broken.is_set():
                raise self.failure
            left = deadline - loop.time()
            if left <= 0:
                return []
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._news.wait()

    async def deliverable(self, end: Offsets) -> Offsets:
        """Of the last offset of each partition, as far as is known, that of the last record.

        The marks of transactions, which others may use, have offsets and never come: once reading is past the end, the
        last record that came is the last one.
        """
        found = dict(end)
        for tp, offset in end.items():
            if await self._consumer.position(tp) > offset:
                found.pop(tp)
                if tp in self._last:
                    found[tp] = min(offset, self._last[tp])
        return found

    async def stop(self) -> None:
        """Stop reading, for good."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await discard(self._consumer.stop())
        await discard(self._consumer._client.close())  # what stopping may have left out

    def watch(self, work: Coroutine[Any, Any, None]) -> None:
        """Have a task run as long as this reader; when it ends in any way before, reading fails."""
        task = asyncio.create_task(apart(work))
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or self.broken.is_set():  # we cancel them when reading stops; see `apart`
            return
        if (error := task.exception()) is not None:
            what = error if isinstance(error, BrokerError) else errors.other(self._endpoint, "reading failed", error)
            self.failure = what
        self.broken.set()
        self._news.set()

    async def _holds(self, tp: TopicPartition, position: Position) -> bool:
        """Whether the record of that position is there; the one after it comes next."""
        try:
            found = await self._next(tp, 1, TIMEOUT)
        except KafkaError as error:
            raise errors.not_read(self._endpoint, tp.topic, error) from None
        return [d.position for d in found] == [position]

    async def _next(self, tp: TopicPartition, count: int, timeout: float) -> list[Delivery]:
        """Up to `count` next records of one partition; with 1, also one whose headers the client cannot decode.

        Partitions are read apart: when a record makes the client raise, it has dropped what it took from others.
        """
        try:
            found = await self._consumer.getmany(tp, timeout_ms=int(timeout * 1000), max_records=count)
        except UnicodeDecodeError:
            if count > 1:
                raise
            offset = await self._consumer.position(tp)
            self._consumer.seek(tp, offset + 1)
            return [self._delivery(tp, offset, b"", UNREADABLE)]
        return [
            self._delivery(tp, m.offset, m.key, from_message(m.value, m.headers), trace(m.headers))
            for m in found.get(tp, [])
        ]

    def _delivery(self, tp: TopicPartition, offset: int, key: bytes | None, frame: bytes, beside: str = "") -> Delivery:
        record = Record(self._families[tp], (key or b"").decode(errors="replace"), frame, beside)
        return Delivery(record, Position(source(tp), self._ids[tp.topic], offset, record))

    async def _pump(self, tp: TopicPartition) -> None:
        """Carry one partition's records to the reader, as long as it has room."""
        count = BATCH
        while True:
            await self._room.wait()
            try:
                found = await self._next(tp, count, TIMEOUT)
            except KafkaError as error:
                raise errors.not_read(self._endpoint, tp.topic, error) from None
            except UnicodeDecodeError:
                count = 1  # up to the record that it was
                continue
            if any(d.record.frame is UNREADABLE for d in found):
                count = BATCH
            self._arrived.extend(found)
            self._size += sum(len(d.record.frame) for d in found)
            if self._size > ROOM:
                self._room.clear()
            if found:
                self._last[tp] = found[-1].position.offset
                self._news.set()

    def _take(self, limit: int, max_bytes: int) -> list[Delivery]:
        batch: list[Delivery] = []
        while self._arrived and len(batch) < limit:
            size = len(self._arrived[0].record.frame)
            if batch and size > max_bytes:
                break
            max_bytes -= size
            self._size -= size
            batch.append(self._arrived.popleft())
        if self._size <= ROOM:
            self._room.set()
        return batch


def source(tp: TopicPartition) -> str:
    """The partition's name in positions."""
    return f"{tp.topic}-{tp.partition}"
