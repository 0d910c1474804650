"""A client library that lets the CancelledError of its own tasks out, wherever it is awaited."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.client import AIOKafkaClient

from accord_broker.factory import connect
from accord_broker.kafka.topics import Topics
from accord_broker.port import BrokerError, Record
from accord_broker.reconnect import Connections, Patience
from accord_broker.tasks import apart, discard, unless

PATIENCE = Patience(0.001, 0.004, 5.0)


async def stray(*_: Any, **__: Any) -> Any:
    """As aiokafka's consumer: awaits a task of its own that it has cancelled."""
    task = asyncio.ensure_future(asyncio.sleep(60))
    task.cancel()
    await task


def test_a_stray_cancellation_is_a_lost_connection() -> None:
    async def test() -> None:
        with pytest.raises(BrokerError, match="lost") as caught:
            await apart(stray())
        assert caught.value.retry
        await discard(stray())
        with pytest.raises(BrokerError, match="lost"):
            await unless(asyncio.Event(), stray(), None)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.cancel()
        with pytest.raises(BrokerError, match="lost"):
            await apart(future)

    asyncio.run(test())


def test_a_cancellation_of_ours_ends_us_and_what_the_library_does() -> None:
    ended = list[str]()

    async def library() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("library")

    async def test() -> None:
        for way in (apart(library()), unless(asyncio.Event(), library(), None), discard(library())):
            task = asyncio.ensure_future(way)
            await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.sleep(0)

    asyncio.run(test())
    assert ended == ["library"] * 3


def test_results_errors_and_times_pass() -> None:
    async def answer(value: int) -> int:
        await asyncio.sleep(0)
        return value

    async def fail() -> None:
        raise ValueError("its own")

    async def test() -> None:
        assert await apart(answer(3)) == 3
        assert await apart(answer(4), turns=1) == 4
        with pytest.raises(ValueError, match="its own"):
            await apart(fail())
        with pytest.raises(TimeoutError):
            await apart(asyncio.sleep(60), turns=1)
        event = asyncio.Event()
        assert await unless(event, answer(5), 0) == 5
        event.set()
        assert await unless(event, asyncio.sleep(60, 1), 0) == 0

    asyncio.run(test())


@pytest.mark.sweep
def test_a_loop_that_was_held_up_takes_nobody_for_dead() -> None:
    async def test() -> str:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[str] = loop.create_future()
        loop.call_later(0.5, time.sleep, 3.0)  # longer than all turns together
        loop.call_later(3.6, future.set_result, "late but there")
        return await apart(future, turns=2)

    assert asyncio.run(test()) == "late but there"


class Fragile:
    """Open, session and close, each of which strays the first times it is called."""

    def __init__(self, *strays: str) -> None:
        self.strays, self.calls = list(strays), list[str]()

    def __getattr__(self, name: str) -> Callable[[], Awaitable[bool]]:
        async def call() -> bool:
            self.calls.append(name)
            if name in self.strays:
                self.strays.remove(name)
                await stray()
            return True

        return call


@pytest.mark.parametrize("where", ["connect", "session", "close"])
def test_connections_outlive_strays_everywhere(where: str) -> None:
    async def test() -> list[str]:
        lost, fragile = list[str](), Fragile(*[where] * (1 if where == "close" else 5))
        connections = Connections(asyncio.Event(), PATIENCE, lambda error, _: lost.append(error.message))
        await connections.run(fragile.connect, fragile.session, fragile.close)  # type: ignore[arg-type]
        assert fragile.calls[-2:] == ["session", "close"]
        assert fragile.calls.count("close") == fragile.calls.count("connect")
        return lost

    assert len(asyncio.run(test())) == (0 if where == "close" else 5)


def test_being_asked_to_stop_ends_connections_that_cannot_be_made() -> None:
    async def never() -> None:
        await asyncio.sleep(60)

    async def test() -> None:
        stopping, fragile = asyncio.Event(), Fragile()
        connections = Connections(stopping, PATIENCE, lambda *_: None)
        asyncio.get_running_loop().call_later(0.02, stopping.set)
        await connections.run(never, fragile.session, fragile.close)  # type: ignore[arg-type]
        assert fragile.calls == ["close"]

    asyncio.run(test())


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        (AIOKafkaConsumer, "start"),
        (AIOKafkaConsumer, "stop"),
        (AIOKafkaClient, "close"),
        (AIOKafkaClient, "bootstrap"),
        (AIOKafkaProducer, "start"),
        (AIOKafkaProducer, "stop"),
    ],
)
def test_no_method_of_the_kafka_client_ends_us(kind: type, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing listens at that port: whatever is awaited fails, and closing does so too."""
    done = getattr(kind, method)

    async def straying(client: Any) -> None:
        if method in ("stop", "close"):  # what it holds is let go all the same
            await done(client)
        await stray()

    monkeypatch.setattr(kind, method, straying)

    async def test() -> None:
        broker = connect("kafka://127.0.0.1:1/space")
        with pytest.raises(BrokerError) as caught:
            await broker.open()
        assert caught.value.retry
        await broker.close()
        monkeypatch.setattr(AIOKafkaConsumer, "start", quietly)
        monkeypatch.setattr(Topics, "prepare", quietly)
        await broker.open()
        with pytest.raises(BrokerError) as caught:
            await broker.publish([Record("psi", "job", b"x")])
        assert caught.value.retry
        await broker.close()

    asyncio.run(test())


async def quietly(*_: Any, **__: Any) -> dict[str, str]:
    """Does nothing."""
    return {}
