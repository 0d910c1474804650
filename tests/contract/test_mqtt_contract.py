"""MQTT keeps what the contract says of brokers without history, on a real Mosquitto."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from tests.contract.broker_contract import LiveContract
from tests.contract.harness import Server
from tests.contract.mosquitto import OUTSIDE, Mosquitto, needs_mosquitto

needs_mosquitto()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if OUTSIDE:
        yield OUTSIDE
        return
    with Mosquitto(tmp_path_factory.mktemp("contract") / "mosquitto") as server:
        yield f"127.0.0.1:{server.port}"


@pytest.fixture
def site(address: str) -> Server:
    server = Server()
    server.url = f"mqtt://{address}/space-{uuid.uuid4().hex}"
    return server


class TestMqtt(LiveContract):
    """Everything is inherited."""
