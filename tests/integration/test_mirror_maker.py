"""MirrorMaker 2 between two clusters: one way a copy, both ways a ring; for both ways there is `accord bridge`."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contract.harness import opened, play, rest
from tests.integration.command import Command, wait_for
from tests.support.servers import JAVA, MIRROR, Kafka, jars, kafka, needs_kafka
from tests.unit.bridge.bus import event

from accord_broker.port import BrokerError, Record

needs_kafka(own=True)

SETTINGS = """clusters=a,b
a.bootstrap.servers={a}
b.bootstrap.servers={b}
a->b.enabled=true
a->b.topics=archive\\\\..*,ring\\\\..*
b->a.enabled=true
b->a.topics=ring\\\\..*
replication.policy.class=org.apache.kafka.connect.mirror.IdentityReplicationPolicy
replication.factor=1
offset-syncs.topic.replication.factor=1
offset.storage.replication.factor=1
config.storage.replication.factor=1
status.storage.replication.factor=1
emit.heartbeats.enabled=false
emit.checkpoints.enabled=false
sync.topic.acls.enabled=false
refresh.topics.interval.seconds=2
scheduled.rebalance.max.delay.ms=0
producer.linger.ms=0
"""
"""As companies set it up, with one replica of everything; identity keeps the names of topics."""


@pytest.fixture(scope="module")
def clusters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Kafka, Kafka]]:
    """The session's, and another one."""
    other = Kafka(tmp_path_factory.mktemp("clusters") / "b")
    other.start()
    yield kafka(), other
    other.stop()


@contextlib.contextmanager
def mirror(folder: Path, a: Kafka, b: Kafka) -> Iterator[None]:
    """MirrorMaker 2, running; its log is in the folder."""
    settings, log = folder / "mm2.properties", folder / "mm2.log"
    settings.write_text(SETTINGS.format(a=a.host, b=b.host))
    classes = f"{jars(MIRROR)}/*"
    command = [*JAVA, f"-Dlog4j2.configurationFile={a.folder}/log4j2.yaml", "-cp", classes]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "org.apache.kafka.connect.mirror.MirrorMaker", settings], stdout=output, stderr=output
        )
    try:
        yield
    finally:
        process.kill()
        process.wait()


def fill(url: str, records: list[Record]) -> None:
    async def publish() -> None:
        async with opened(url) as broker:
            await broker.publish(records)

    play(publish())


def found(url: str) -> list[Record]:
    there: list[Record] = []

    async def read() -> None:
        async with opened(url) as broker:
            await broker.subscribe({})
            there.extend(d.record for d in await rest(broker))

    def readable() -> bool:
        there.clear()
        try:
            play(read())
        except BrokerError as error:  # a busy cluster loses sight of its only broker for some seconds
            assert error.retry, error
            return False
        return True

    wait_for(readable, 30, f"{url} cannot be read")
    return there


def test_one_way_is_a_copy_and_both_ways_a_ring(tmp_path: Path, clusters: tuple[Kafka, Kafka]) -> None:
    a, b = clusters
    said = [event(number) for number in range(1, 6)]
    fill(a.url("archive"), said)
    fill(a.url("ring"), said[:1])
    with mirror(tmp_path, a, b):
        wait_for(lambda: len(found(b.url("archive"))) >= 5, 20, "nothing is copied")
        wait_for(lambda: len(found(a.url("ring"))) > 3, 20, "nothing comes back")
    assert found(b.url("archive")) == said, "each record once, byte for byte, in its order"
    assert found(a.url("archive")) == said, "and nothing comes back"
    assert set(found(a.url("ring"))) == {said[0]}, "one record, again and again"


def test_the_bridge_carries_both_ways_and_each_record_once(accord: Command, clusters: tuple[Kafka, Kafka]) -> None:
    a, b = (cluster.url("both") for cluster in clusters)
    ours, theirs = [event(n) for n in range(1, 6)], [event(n, "shop") for n in range(1, 4)]
    fill(a, ours)
    fill(b, theirs)
    process = accord.start("bridge", a, b)
    wait_for(lambda: len(found(a)) >= 8 and len(found(b)) >= 8, 30, "nothing is carried")
    fill(a, [event(6)])
    wait_for(lambda: len(found(b)) >= 9, 30, "it does not go on")
    process.terminate()
    assert process.wait(15) == 0
    for url, own in ((a, [*ours, event(6)]), (b, theirs)):
        records = found(url)
        assert len(records) == len(set(records)) == 9 and [r for r in records if r in own] == own
