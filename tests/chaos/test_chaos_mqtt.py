"""Runs on a real Mosquitto to which bad things happen."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from tests.chaos.mischief import Mischief, space
from tests.chaos.proxy import Proxy
from tests.chaos.rig import Rig
from tests.contract.mosquitto import Mosquitto, needs_mosquitto

needs_mosquitto(own=True)
CUTS = [30_000, 60_000, 45_000, 100_000]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path_factory.mktemp("chaos") / "mosquitto") as server:
        yield server


class TestMqtt(Mischief):
    """Everything is inherited."""


@pytest.mark.parametrize("how", ["twice", "reordered"])
def test_a_broker_delivers_oddly(rig: Rig, server: Mosquitto, how: str) -> None:
    """Everything twice, or families that overtake each other: the agents make it so themselves, above any adapter."""
    rig.play_oddly(space(server), how)


def test_connections_break_inside_of_events(rig: Rig, server: Mosquitto) -> None:
    with Proxy(server.port, CUTS.copy()) as proxy:
        rig.play(f"mqtt://127.0.0.1:{proxy.port}/space-{uuid.uuid4().hex}", lambda _: None, "AGREED")
        assert proxy.done == CUTS
