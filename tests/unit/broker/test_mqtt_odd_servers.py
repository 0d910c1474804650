"""Servers that break the protocol, say nothing, or hang up: each has its own words, and none ends in a loop."""

from __future__ import annotations

import asyncio
import logging

import pytest
from tests.support.odd_mqtt import OddServer

from accord_broker.factory import connect
from accord_broker.mqtt import connection
from accord_broker.mqtt.broker import DROPS
from accord_broker.mqtt.suspects import NAMED, TRIES
from accord_broker.port import Broker, BrokerError, Record, TooLargeError

BROKEN = {
    "a property that there is not": bytes((0x32, 9, 0, 1, 97, 0, 1, 3, 0x7F, 0, 0)),
    "text that is no UTF-8": bytes((0x32, 11, 0, 1, 97, 0, 1, 5, 3, 0, 2, 0xC3, 0x28)),
    "too short a packet": bytes((0x32, 1, 0)),
}


async def opened(broker: Broker) -> None:
    await broker.open()
    await broker.subscribe({})


@pytest.mark.parametrize("what", list(BROKEN))
def test_a_packet_that_breaks_the_protocol_is_named(what: str) -> None:
    async def test() -> None:
        async with OddServer(pushes=BROKEN[what]) as server:
            broker = connect(server.url, "bank")
            await opened(broker)
            with pytest.raises(BrokerError, match="PUBLISH packet that breaks MQTT 5") as caught:
                await broker.receive(1, 1 << 20, 5.0)
            assert caught.value.retry and caught.value.hint
            await broker.close()

    asyncio.run(test())


def test_an_answer_that_breaks_the_protocol_is_named() -> None:
    async def test() -> None:
        for connack in (bytes((0x20, 5, 0, 0, 2, 0x7F, 0)), bytes((0x00, 0)), bytes((0x20, 0xFF, 0xFF, 0xFF, 0xFF, 1))):
            async with OddServer(connack=connack) as server:
                with pytest.raises(BrokerError, match=r"packet that breaks MQTT 5.*must speak MQTT 5") as caught:
                    await connect(server.url).open()
                assert caught.value.retry

    asyncio.run(test())


@pytest.mark.sweep
def test_a_server_that_says_nothing_is_told_from_one_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "PATIENCE", 2.0)

    async def test() -> None:
        async with OddServer(mute=True) as server:
            for url in (server.url, server.url.replace("mqtt", "mqtts", 1)):
                with pytest.raises(BrokerError, match="accepts the connection and does not answer") as caught:
                    await connect(url).open()
                assert caught.value.retry
            url = server.url
        with pytest.raises(BrokerError, match="cannot be reached"):
            await connect(url).open()

    asyncio.run(test())


@pytest.mark.sweep
def test_a_server_that_stops_to_answer_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "LOOK", 0.05)
    monkeypatch.setattr(connection, "TURNS", 1)

    async def test() -> None:
        async with OddServer(pongs=False) as server:
            broker = connect(server.url)
            await opened(broker)
            with pytest.raises(BrokerError, match="does not answer any more") as caught:
                await broker.receive(1, 1 << 20, 10.0)
            assert caught.value.retry
            await broker.close()
        async with OddServer() as server:
            broker = connect(server.url)
            await opened(broker)
            assert await broker.receive(1, 1 << 20, 2.5) == []
            await broker.close()

    asyncio.run(test())


def test_a_session_that_the_server_drops_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with OddServer(drops_sessions=True) as server:
            broker = connect(server.url, "bank")
            for _ in range(DROPS):
                with pytest.raises(BrokerError) as caught:
                    await opened(broker)
                    await broker.receive(1, 1 << 20, 5.0)
                assert caught.value.retry
                await broker.close()
            await opened(broker)
            await broker.publish([Record("psi", "job", b"x")])
            await broker.close()
            assert len(server.taken) == 1

    with caplog.at_level(logging.WARNING, "accord_broker.mqtt"):
        asyncio.run(test())
    assert "begins a new session" in caplog.text


def test_a_record_that_the_server_does_not_take_is_named_and_given_up(caplog: pytest.LogCaptureFixture) -> None:
    """The limit is not announced: the server hangs up. The others pass, before it and after it."""
    small, large = Record("psi", "job", b"small"), Record("psi", "job", bytes(5000))
    other = Record("psi", "job", b"other")

    async def test() -> None:
        async with OddServer(limit=2000) as server:
            broker = connect(server.url, "bank")
            for _ in range(TRIES):
                await opened(broker)
                with pytest.raises(BrokerError) as caught:
                    await broker.publish([small, large, other])
                assert caught.value.retry
                await broker.close()
            await opened(broker)
            with pytest.raises(TooLargeError, match=r"5000 bytes on space/psi/job.*given up.*max_packet_size"):
                await broker.publish([small, large, other])
            await broker.publish([small])
            await broker.publish([other])
            with pytest.raises(TooLargeError):
                await broker.publish([large])
            await broker.close()

    with caplog.at_level(logging.WARNING, "accord_broker.mqtt"):
        asyncio.run(test())
    said = [line for line in caplog.messages if "has not taken a record" in line]
    assert len(said) == TRIES - NAMED + 1
    assert all("5000 bytes on space/psi/job" in line and "max_packet_size" in line for line in said)
