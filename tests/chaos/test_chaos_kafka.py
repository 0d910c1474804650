"""Runs on a real Kafka to which bad things happen."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.chaos.mischief import Mischief
from tests.chaos.proxy import Proxy
from tests.chaos.rig import Rig
from tests.support.servers import Kafka, needs_kafka

needs_kafka(own=True)
CUTS = [30_000, 60_000, 45_000, 100_000]
"""The pads of a party in this run take more than 100 kB, so that connections end inside of events."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    kafka = Kafka(tmp_path_factory.mktemp("chaos") / "kafka")
    kafka.start()
    yield kafka
    kafka.stop()


class TestKafka(Mischief):
    """Everything is inherited."""


def test_connections_break_inside_of_events(rig: Rig, tmp_path: Path) -> None:
    with Proxy(0, CUTS.copy()) as proxy:
        kafka = Kafka(tmp_path / "kafka", advertised=proxy.port)
        proxy.retarget(kafka.port)
        kafka.start()
        try:
            rig.play(f"kafka://127.0.0.1:{proxy.port}/space-{uuid.uuid4().hex}", lambda _: None, "AGREED")
        finally:
            kafka.stop()
        assert proxy.done == CUTS
