"""A secured Kafka: a stranger gets nothing; who runs the cluster reads no payload and injects no event."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event
from tests.chaos.rig import PARTIES, Rig
from tests.contract.harness import ROOM, opened
from tests.integration.command import log_lines
from tests.support.servers import Kafka, kafka, needs_kafka, password

from accord_agents.security.identity import Identity
from accord_broker.kafka import parse
from accord_broker.port import QUARANTINE, BrokerError, Delivery, Record
from accord_schemas.canonical import digest
from accord_schemas.events import Cancel
from accord_schemas.frame import Frame
from accord_schemas.quarantine import TYPE

needs_kafka(own=True)


@pytest.fixture
def bank(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kafka]:
    """Agents log in as a user who may use the namespaces that begin with ``joint``."""
    server = kafka(secured=True)
    asyncio.run(server.allow("bank", "joint-*", "Read", "Write", "Create", "DescribeConfigs"))
    become(monkeypatch, "bank")
    before = rig.accord.env
    rig.accord.env = before | {n: os.environ[n] for n in ("ACCORD_BROKER_USER", "ACCORD_BROKER_PASSWORD")}
    yield server
    rig.accord.env = before


def become(monkeypatch: pytest.MonkeyPatch, user: str) -> None:
    monkeypatch.setenv("ACCORD_BROKER_USER", user)
    monkeypatch.setenv("ACCORD_BROKER_PASSWORD", password(user))


def test_strangers_and_operators_change_nothing(rig: Rig, bank: Kafka, monkeypatch: pytest.MonkeyPatch) -> None:
    url, injected = bank.url(f"joint-{uuid.uuid4().hex}"), list[bytes]()

    def mischief(home: Path) -> None:
        agents = [psutil.Process(int((home / party / "agent.pid").read_text())) for party in PARTIES]
        for agent in agents:
            agent.suspend()  # so that what is put between their events stands before those still to come
        become(monkeypatch, "stranger")
        with pytest.raises(BrokerError, match="denies the right 'Read'"):
            asyncio.run(meddle(url, injected))
        become(monkeypatch, "admin")
        asyncio.run(meddle(url, injected))
        for agent in agents:
            agent.resume()

    home = rig.play(url, mischief, "KEYED")
    assert len(injected) > 20
    for party in PARTIES:
        refused = [line for line in log_lines(home / party) if line["event"] == "quarantined"]
        assert {
            "the signature is wrong",
            "the frame is cut short or has bytes left over",
            "the event came on another family's topic",
        } <= {line["reason"] for line in refused}
        assert json.loads((home / party / "result.json").read_bytes())["model_digest"] == rig.models
    told = asyncio.run(quarantined(url))
    assert {event.get_source() for event in told} == set(PARTIES)
    assert {digest(data).hex() for data in injected} & {event.get_id() for event in told}
    for event in told:
        assert (event.get_specversion(), event.get_type()) == ("1.0", TYPE) and event.get_subject()
        record: Any = event.get_data()
        assert record["reason"] and record["party"] == event.get_source()


async def quarantined(url: str) -> list[BaseCloudEvent]:
    """The quarantine topic as a stranger's client reads it."""
    place = parse(url)
    consumer = AIOKafkaConsumer(bootstrap_servers=place.addresses(), **place.security_settings())
    await consumer.start()
    try:
        consumer.assign([TopicPartition(place.topic(QUARANTINE), 0)])
        await consumer.seek_to_beginning()
        found = await consumer.getmany(timeout_ms=10_000, max_records=1000)
    finally:
        await consumer.stop()
    messages = [message for batch in found.values() for message in batch]
    return [from_binary_event(KafkaMessage(dict(m.headers), m.key, m.value)) for m in messages]


async def meddle(url: str, injected: list[bytes]) -> None:
    """Read all that is there, look into it, and put back whatever might be taken for real."""
    thief = Identity("bank", bytes(range(64)))
    async with opened(url) as broker:
        await broker.subscribe({})
        read: list[Delivery] = []
        while found := await broker.receive(500, ROOM, 0.3):
            read += found
        for delivery in read:
            record, frame = delivery.record, Frame.decode(delivery.record.frame)
            assert b"@example.org" not in record.frame
            if record.family in ("psi", "intermediates", "gradients"):
                assert frame.header.salt and frame.header.datacontenttype == "application/vnd.accord.encrypted"
            resigned = dataclasses.replace(frame, signature=thief.sign(b"anything"))
            cancel = Cancel(reason="no").encode()
            header = dataclasses.replace(frame.header, type=Cancel.type)
            forged = dataclasses.replace(frame, header=header, head=header.encode(), payload=cancel)
            flipped = bytearray(record.frame)
            flipped[-1] ^= 1
            elsewhere = "results" if record.family != "results" else "control"
            injected += [resigned.encode(), forged.encode(), bytes(flipped), record.frame[:-3]]
            await broker.publish([Record(record.family, record.key, data) for data in injected[-4:]])
            await broker.publish([record, Record(elsewhere, record.key, record.frame)])
