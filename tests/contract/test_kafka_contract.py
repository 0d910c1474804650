"""Kafka keeps the contract, on a real Apache Kafka."""

from __future__ import annotations

import asyncio
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from tests.contract.broker_contract import BrokerContract
from tests.contract.harness import Site
from tests.support.servers import OUTSIDE, kafka, needs_kafka, plain_url

from accord_broker.port import FAMILIES

needs_kafka()


class KafkaSite(Site):
    def __init__(self) -> None:
        self.namespace = f"space-{uuid.uuid4().hex}"
        self.url = plain_url(self.namespace)

    def replace(self) -> None:
        async def delete() -> None:
            admin = AIOKafkaAdminClient(bootstrap_servers=OUTSIDE or kafka().host)
            await admin.start()
            answer = await admin.delete_topics([f"{self.namespace}.{family}" for family in FAMILIES])
            assert {code for _, code in answer.topic_error_codes} == {0}
            await admin.close()

        with ThreadPoolExecutor(1) as thread:  # the test's own loop waits
            thread.submit(asyncio.run, delete()).result()

    def keep(self) -> None:
        if OUTSIDE:
            pytest.skip("ACCORD_TEST_KAFKA is set: without it, a Kafka of one's own adds the tests of restored logs")
        kafka().keep()

    def restore(self) -> None:
        kafka().restore()


@pytest.fixture
def site() -> Site:
    return KafkaSite()


class TestKafka(BrokerContract):
    """Everything is inherited."""
