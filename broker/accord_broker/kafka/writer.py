"""Writing: an idempotent producer, made when it is needed and replaced after any failure."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, ProducerClosed

from accord_broker.kafka import errors
from accord_broker.kafka.binding import to_message
from accord_broker.kafka.endpoint import Endpoint
from accord_broker.kafka.settings import FETCH, TIMEOUT
from accord_broker.port import Record
from accord_broker.tasks import discard
from accord_schemas.frame import MAX_PAYLOAD
from accord_schemas.header import MAX_HEADER


class Writer:
    """Appends records to a cluster's topics.

    Args:
        endpoint: The cluster.
        settings: Of its clients.
    """

    def __init__(self, endpoint: Endpoint, settings: dict[str, Any]) -> None:
        self._endpoint, self._settings = endpoint, settings
        self._producer: AIOKafkaProducer | None = None

    async def publish(self, records: Sequence[Record]) -> None:
        """Send records, each topic's in order; returns when all replicas in sync have them.

        Raises:
            BrokerError: One was rejected, or the cluster does not answer.
        """
        if not records:
            return
        sent: list[tuple[str, asyncio.Future[Any]]] = []
        topic = self._endpoint.topic(records[0].family)
        try:
            producer = await self._producing()
            for record in records:
                topic = self._endpoint.topic(record.family)
                value, headers = to_message(record)
                key = record.key.encode()
                async with asyncio.timeout(TIMEOUT):  # without a producer id the client would wait for ever
                    future = await producer.send(topic, value, key=key, partition=0, headers=headers)
                future.add_done_callback(_seen)
                sent.append((topic, future))
            for topic, future in sent:  # noqa: B007 - named when it fails
                async with asyncio.timeout(TIMEOUT):
                    await future
        except (KafkaError, TimeoutError) as error:
            await self.stop()
            raise errors.not_published(self._endpoint, topic, error) from None

    async def stop(self) -> None:
        """Give the producer up, and with it what it still has to send.

        After a rejected record it would fail for ever (OutOfOrderSequenceNumber); the next `publish` makes another one.
        """
        producer, self._producer = self._producer, None
        if producer is not None:
            producer._message_accumulator.fail_all(ProducerClosed())
            await discard(producer.stop())
            await discard(producer.client.close())

    async def _producing(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(
                **self._settings,
                enable_idempotence=True,
                max_batch_size=FETCH // 4,
                max_request_size=MAX_PAYLOAD + 4 * MAX_HEADER,  # the topic's own limit is the broker's to judge
            )
            try:
                await producer.start()
            except BaseException:
                await discard(producer.stop())
                raise
            self._producer = producer
        return self._producer


def _seen(future: asyncio.Future[Any]) -> None:
    """Its outcome may never be asked for, after another one's failure."""
    if not future.cancelled():
        future.exception()
