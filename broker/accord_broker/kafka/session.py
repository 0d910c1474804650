"""What lives from opening a cluster to closing it: a client that asks, one that reads, one that writes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from accord_broker.kafka import errors
from accord_broker.kafka.endpoint import Endpoint
from accord_broker.kafka.reader import Offsets, TopicReader, source
from accord_broker.kafka.settings import TIMEOUT
from accord_broker.kafka.topics import Topics
from accord_broker.kafka.writer import Writer
from accord_broker.port import FAMILIES, QUARANTINE, Delivery, Position, Record
from accord_broker.tasks import apart, discard, unless

CHECK, TURNS = 1.5, 3
"""Seconds between looks at the topics, and for an answer: a consumer goes on in silence when the cluster is away or a
topic made anew, and who watches an agent is to know within five seconds."""


class Session:
    """One connection to a cluster. Used once.

    Args:
        endpoint: The cluster.
        create: Whether topics that are missing are made.
    """

    def __init__(self, endpoint: Endpoint, *, create: bool) -> None:
        self._endpoint, self._create = endpoint, create
        self._security: dict[str, Any] = {
            **endpoint.security_settings(),
            "client_id": "accord",
            "request_timeout_ms": int(TIMEOUT * 1000),
        }
        self._settings = {**self._security, "bootstrap_servers": endpoint.addresses()}
        self._asker = AIOKafkaConsumer(**self._settings, enable_auto_commit=False)  # never waits behind a long poll
        self._topics = Topics(endpoint, self._asker._client)
        self._partitions = {TopicPartition(endpoint.topic(f), 0): f for f in FAMILIES if f != QUARANTINE}
        self._ids: dict[str, str] = {}
        self._reader: TopicReader | None = None
        self._writer = Writer(endpoint, self._settings)

    async def start(self) -> None:
        """Connect, and see to the topics."""
        try:
            await self._asker.start()
        except KafkaError:
            raise await errors.not_connected(self._endpoint, self._security) from None
        if self._endpoint.bearer and not self._asker._client.cluster.brokers():
            raise await errors.not_connected(self._endpoint, self._security)
        self._ids = await self._topics.prepare(create=self._create)

    async def stop(self) -> None:
        """Disconnect; from everything at once, for each may wait long for a cluster that is away."""
        await asyncio.gather(self._stop_reading(), self._writer.stop(), self._stop_asking())

    async def largest_chunk(self) -> int | None:
        """What the topics' max.message.bytes allow."""
        return await self._topics.largest_chunk()

    async def publish(self, records: Sequence[Record]) -> None:
        """Append records."""
        await self._writer.publish(records)

    async def subscribe(self, after: Mapping[str, Position]) -> frozenset[str]:
        """Start to read; returns the sources whose position does not hold."""
        await self._stop_reading()
        self._reader = TopicReader(self._endpoint, self._settings, self._partitions, self._ids)
        held = await self._reader.start(after, *await self._bounds())
        self._reader.watch(self._check())
        return frozenset(after) - held

    async def receive(self, limit: int, max_bytes: int, timeout: float) -> list[Delivery]:
        """What has arrived."""
        if self._reader is None:
            raise RuntimeError("subscribe comes before receive")
        return await self._reader.receive(limit, max_bytes, timeout)

    async def end(self) -> dict[str, int]:
        """The last offset of each source that has any."""
        if self._reader is None:
            return _by_source(await self._last(None))
        found = await unless(self._reader.broken, self._last(self._reader), None)
        if found is None:  # the client would go on asking a cluster that is away
            raise self._reader.failure
        return _by_source(found)

    async def _last(self, reader: TopicReader | None) -> Offsets:
        first, last = await self._bounds()
        found: Offsets = {tp: last[tp] - 1 for tp in self._partitions if last[tp] > first[tp]}
        return found if reader is None else await reader.deliverable(found)

    async def _bounds(self) -> tuple[Offsets, Offsets]:
        """First offset and high watermark per partition."""
        try:
            first = await self._asker.beginning_offsets(list(self._partitions))
            return first, await self._asker.end_offsets(list(self._partitions))
        except KafkaError as error:
            raise errors.not_read(self._endpoint, f"{self._endpoint.namespace}.*", error) from None

    async def _check(self) -> None:
        while True:
            await asyncio.sleep(CHECK)
            try:
                await apart(self._topics.check(self._ids), turns=TURNS)
            except TimeoutError as error:
                raise errors.other(self._endpoint, "the topics cannot be looked up", error) from None

    async def _stop_reading(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            await reader.stop()

    async def _stop_asking(self) -> None:
        await discard(self._asker.stop())
        await discard(self._asker._client.close())


def _by_source(offsets: Offsets) -> dict[str, int]:
    return {source(tp): offset for tp, offset in offsets.items()}
