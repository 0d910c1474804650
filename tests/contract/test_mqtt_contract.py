"""MQTT keeps what the contract says of brokers without history, on a real Mosquitto."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from tests.contract.broker_contract import LiveContract
from tests.contract.harness import Server
from tests.contract.mosquitto import BINARY, Mosquitto

pytestmark = pytest.mark.skipif(BINARY is None, reason="no Mosquitto here: apt-get install mosquitto adds these tests")


@pytest.fixture(scope="module")
def mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path_factory.mktemp("contract") / "mosquitto") as server:
        yield server


@pytest.fixture
def site(mosquitto: Mosquitto) -> Server:
    server = Server()
    server.url = mosquitto.url(f"space-{uuid.uuid4().hex}")
    return server


class TestMqtt(LiveContract):
    """Everything is inherited."""
