"""Topics on a real Kafka: made as they must be, verified where they are there, watched while in use."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.record.util import calc_crc32c
from tests.contract.harness import ROOM, opened, play, rest, take
from tests.contract.peer import number, numbered
from tests.support.servers import OUTSIDE, kafka, needs_kafka, plain_url

from accord_broker.factory import connect, watch
from accord_broker.kafka import session as kafka_session
from accord_broker.kafka.binding import UNREADABLE
from accord_broker.port import FAMILIES, BrokerError, Record
from accord_schemas.errors import FrameError, UsageError
from accord_schemas.frame import Frame
from accord_schemas.header import MAX_HEADER

needs_kafka()


@pytest.fixture
def space() -> str:
    return f"space-{uuid.uuid4().hex}"


def host() -> str:
    return OUTSIDE or kafka().host


async def create(topic: str, partitions: int = 1, **configs: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=host())
    await admin.start()
    settings = {name.replace("_", "."): value for name, value in configs.items()}
    answer = await admin.create_topics([NewTopic(topic, partitions, 1, topic_configs=settings)])
    assert all(code == 0 for _, code, *_ in answer.topic_errors)
    await admin.close()


async def send(topic: str, *messages: tuple[bytes | None, list[tuple[Any, Any]]], **options: Any) -> None:
    """What a stranger may put there."""
    async with AIOKafkaProducer(bootstrap_servers=host(), **options) as producer:
        for value, headers in messages:
            await producer.send_and_wait(topic, value, key=b"job", headers=headers)


async def send_not_text(topic: str, count: int) -> None:
    """Records with a header whose name is not UTF-8, in one batch; the client itself would not write one."""
    async with AIOKafkaProducer(bootstrap_servers=host()) as producer:
        batch = producer.create_batch()
        for _ in range(count):
            batch.append(key=b"job", value=b"z", timestamp=None, headers=[("name", b"v")])
        data = bytearray(batch._build().replace(b"name", b"n\xffme"))
        data[17:21] = calc_crc32c(data[21:]).to_bytes(4, "big")  # of all that follows: Kafka's record batch, version 2
        batch._buffer = data
        await (await producer.send_batch(batch, topic, partition=0))


def test_missing_topics_are_made_for_good(space: str) -> None:
    async def test() -> None:
        both = [opened(plain_url(space)) for _ in range(3)]
        await asyncio.gather(*(broker.__aenter__() for broker in both))  # at once, as agents start
        await asyncio.gather(*(broker.__aexit__(None, None, None) for broker in both))
        admin = AIOKafkaAdminClient(bootstrap_servers=host())
        await admin.start()
        names = [f"{space}.{family}" for family in FAMILIES]
        assert [len(t["partitions"]) for t in await admin.describe_topics(names)] == [1] * len(names)
        for name in names:
            answer = (await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)]))[0].to_object()
            found = {e["config_names"]: e["config_value"] for e in answer["resources"][0]["config_entries"]}
            assert (found["cleanup.policy"], found["retention.ms"], found["retention.bytes"]) == ("delete", "-1", "-1")
        await admin.close()

    play(test())


@pytest.mark.parametrize(
    ("partitions", "configs", "words"),
    [
        (3, {}, "psi .* has 3 partitions and must have one"),
        (1, {"cleanup_policy": "compact"}, r"psi .* is compacted.*cleanup\.policy"),
        (1, {"cleanup_policy": "delete,compact"}, r"psi .* is compacted.*cleanup\.policy"),
        (1, {"max_message_bytes": "100000"}, r"psi .* up to 100000 bytes.*max\.message\.bytes"),
    ],
)
def test_unusable_topics_are_refused(space: str, partitions: int, configs: dict[str, str], words: str) -> None:
    async def test() -> None:
        await create(f"{space}.psi", partitions, **configs)
        with pytest.raises(BrokerError, match=words) as caught:
            for _ in range(50):  # a busy broker says that a topic is there before it says how it is set
                async with opened(plain_url(space)):
                    await asyncio.sleep(0.1)
        assert not caught.value.retry

    play(test())


def test_how_large_a_chunk_may_be_follows_from_the_topic_that_takes_least(space: str) -> None:
    async def test() -> None:
        await create(f"{space}.psi", max_message_bytes="700000")
        async with opened(plain_url(space)) as broker, asyncio.timeout(30):
            most = await broker.largest_chunk()
            while most != 700_000 - 4 * MAX_HEADER:  # a busy broker says that a topic is there before how it is set
                await asyncio.sleep(0.1)
                most = await broker.largest_chunk()
            await broker.publish([Record("psi", "job", bytes(most))])

    play(test())


def test_short_retention_is_warned_of(space: str, caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        await create(f"{space}.psi", retention_ms="86400000")
        await create(f"{space}.quarantine", retention_ms="86400000")
        with caplog.at_level(logging.WARNING, "accord_broker.kafka"):
            async with asyncio.timeout(30):
                while not caplog.records:  # a busy broker says that a topic is there before it says how it is set
                    async with opened(plain_url(space)):
                        await asyncio.sleep(0.1)
        assert [record.args for record in caplog.records] == [(f"{space}.psi",)]

    play(test())


def test_a_topic_made_anew_while_in_use_is_noticed(space: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        monkeypatch.setattr(kafka_session, "CHECK", 0.2)
        async with opened(plain_url(space)) as broker:
            await broker.subscribe({})
            admin = AIOKafkaAdminClient(bootstrap_servers=host())
            await admin.start()
            await admin.delete_topics([f"{space}.psi"])
            await admin.close()
            with pytest.raises(BrokerError, match=r"psi .* replaced or cut off") as caught:
                async with asyncio.timeout(20):
                    while True:
                        await broker.receive(10, ROOM, 0.5)
            assert caught.value.retry

    play(test())


def test_the_marks_of_a_stranger_s_transactions_are_no_end(space: str) -> None:
    """They have offsets and never come: who waited for them would wait for ever."""
    here = f"{space}.control-0"

    async def test() -> None:
        async with opened(plain_url(space)) as broker:
            await broker.publish([Record("control", "job", b"one")])
            producer = AIOKafkaProducer(bootstrap_servers=host(), transactional_id=space)
            await producer.start()
            async with producer.transaction():
                await producer.send_and_wait(f"{space}.control", b"two", key=b"job", partition=0)
            await producer.stop()
            await broker.subscribe({})
            found = await take(broker, 2)
            assert [d.position.offset for d in found] == [0, 1]
            async with asyncio.timeout(20):
                while await broker.end() != {here: 1}:
                    assert await broker.receive(10, ROOM, 0.1) == []
            after = {here: found[-1].position}
        async with opened(plain_url(space)) as broker:
            assert await broker.subscribe(after) == frozenset()
            async with asyncio.timeout(20):
                while await broker.end() != {here: 1}:
                    assert await broker.receive(10, ROOM, 0.1) == []

    play(test())


def test_a_stranger_s_records_are_handed_over_and_end_in_quarantine(space: str) -> None:
    async def test() -> None:
        async with opened(plain_url(space)) as broker:
            good = [Record("psi", "job", bytes([n])) for n in range(70)]
            await broker.publish(good[:69])
            spoilt = [("ce_id", b"\xff"), ("ce_id", b"1")]
            await send(f"{space}.psi", (b"x", []), (None, [("ce_id", None)]), (b"y", spoilt))
            await send_not_text(f"{space}.psi", 3)
            await broker.publish([*good[69:], Record("keys", "job", b"other")])
            await broker.subscribe({})
            got = await take(broker, 77)
            psi = [d for d in got if d.record.family == "psi"]
            frames = [d.record.frame for d in psi]
            assert [d.position.offset for d in psi] == list(range(76))
            assert frames[:69] == [r.frame for r in good[:69]]
            assert frames[75] == good[69].frame
            assert frames[72:75] == [UNREADABLE] * 3
            for data in frames[69:75]:
                with pytest.raises(FrameError):
                    Frame.decode(data)
            for at in (72, 74, 75):
                assert await broker.subscribe({psi[at].position.source: psi[at].position}) == frozenset()
                rest = await take(broker, 76 - at)
                assert [d.position for d in rest if d.record.family == "psi"] == [d.position for d in psi[at + 1 :]]

    play(test())


def test_a_rejected_record_does_not_spoil_the_next(space: str) -> None:
    async def test() -> None:
        async with opened(plain_url(space)) as broker:
            await broker.subscribe({})
            for _ in range(2):
                big = [Record("psi", "job", b"first"), Record("psi", "job", bytes(1 << 21))]
                with pytest.raises(BrokerError, match=r"\.psi exceeds the max\.message\.bytes") as caught:
                    await broker.publish(big)
                assert not caught.value.retry
                await broker.publish([Record("psi", "job", b"next")])
            assert [d.record.frame for d in await take(broker, 4)] == [b"first", b"next"] * 2

    play(test())


def test_a_wrong_clock_is_named(space: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        await create(f"{space}.psi", message_timestamp_type="CreateTime")
        send = AIOKafkaProducer.send
        late = int((time.time() + 7200) * 1000)
        monkeypatch.setattr(AIOKafkaProducer, "send", lambda *a, **k: send(*a, **k, timestamp_ms=late))
        async with opened(plain_url(space)) as broker:
            await broker.publish([Record("keys", "job", b"any clock does for topics of our own")])
            with pytest.raises(BrokerError, match="clock"):
                await broker.publish([Record("psi", "job", b"")])

    play(test())


@pytest.mark.skipif(OUTSIDE is not None, reason="ACCORD_TEST_KAFKA is set: without it, a Kafka of one's own is killed")
def test_the_death_of_the_broker_loses_nothing_acknowledged(space: str) -> None:
    async def test() -> None:
        broker = connect(plain_url(space))
        acknowledged = []

        async def write() -> None:
            for n in range(400):
                while True:
                    try:
                        await broker.open()
                        await broker.publish([numbered("job", n, 2000)])
                        break
                    except BrokerError as error:
                        assert error.retry
                        await broker.close()
                        await asyncio.sleep(0.2)
                acknowledged.append(n)

        writing = asyncio.create_task(write())
        while len(acknowledged) < 100:
            await asyncio.sleep(0.001)
        kafka().stop()
        await asyncio.to_thread(kafka().start)
        await writing
        await broker.subscribe({})
        found = [number(d.record) for d in await rest(broker)]
        assert sorted(set(found)) == list(range(400))
        assert list(dict.fromkeys(found)) == list(range(400))
        await broker.close()

    play(test())


def test_a_compressed_record_is_read(space: str) -> None:
    async def test() -> None:
        async with opened(plain_url(space)) as broker:
            await send(f"{space}.psi", (b"x" * 1000, []), compression_type="gzip")
            await broker.subscribe({})
            assert len(await take(broker, 1)) == 1

    play(test())


def test_who_only_watches_makes_no_topic(space: str) -> None:
    async def test() -> None:
        source = watch(plain_url(space))
        for _ in range(2):  # nor did the first look
            with pytest.raises(UsageError, match=f"There is no topic {space}"):
                await source.open()
            await source.close()
        async with opened(plain_url(space)) as broker:
            await broker.publish([numbered("job", n, 100) for n in range(3)])
            await source.open()
            await source.subscribe({})
            assert [number(d.record) for d in await source.receive(3, 1 << 20, 10)] == [0, 1, 2]
            await source.close()

    play(test())


def test_nobody_there_is_said_with_the_address() -> None:
    async def test() -> None:
        with pytest.raises(BrokerError, match=r"127\.0\.0\.1:9 cannot be reached") as caught:
            async with opened("kafka://127.0.0.1:9/space"):
                pass
        assert caught.value.retry

    play(test())
