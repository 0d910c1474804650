"""No stray end is an orderly one: agents, bridges and auditors go on, and a log ends with why."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.unit.agents.test_two_agents import DATA, Party, play
from tests.unit.broker.test_stray_cancellations import stray

from accord_agents.evidence import watch
from accord_agents.evidence.audit import Auditor
from accord_agents.evidence.reader import LogReader
from accord_agents.loop import agent
from accord_broker.bridge import bridge
from accord_broker.bridge.counts import Counts
from accord_broker.bridge.state import State
from accord_broker.embedded import EmbeddedBroker
from accord_broker.port import Delivery, Position, Record
from accord_schemas.errors import UsageError, why

pytestmark = pytest.mark.variants


class Straying(EmbeddedBroker):
    """Lets the cancellation of a task of its own out of each method, three times."""

    STRAYS = ("open", "close", "publish", "subscribe", "receive", "end")

    def __init__(self, path: Path, *only: str) -> None:
        super().__init__(path)
        self.left = dict.fromkeys(only or self.STRAYS, 3)

    async def _perhaps(self, name: str) -> None:
        if self.left.get(name, 0):
            self.left[name] -= 1
            await stray()

    async def open(self) -> None:
        await self._perhaps("open")
        await super().open()

    async def close(self) -> None:
        await super().close()
        await self._perhaps("close")

    async def publish(self, records: Sequence[Record]) -> None:
        await self._perhaps("publish")
        await super().publish(records)

    async def subscribe(self, after: Mapping[str, Position]) -> frozenset[str]:
        await self._perhaps("subscribe")
        return await super().subscribe(after)

    async def receive(self, limit: int, max_bytes: int, timeout: float) -> list[Delivery]:
        await self._perhaps("receive")
        return await super().receive(limit, max_bytes, timeout)

    async def end(self) -> Mapping[str, int]:
        await self._perhaps("end")
        return await super().end()


def test_agents_go_on_over_strays_in_every_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent, "PAUSE", 0.01)
    monkeypatch.setattr(agent, "LONGEST_PAUSE", 0.02)
    brokers = {me: Straying(tmp_path / "log.db") for me in DATA}
    bank, shop = (Party(me, tmp_path, brokers[me]) for me in DATA)
    play(bank, shop)
    assert (bank.state(), shop.state()) == ("COMPLETED", "COMPLETED")
    assert not any(sum(broker.left.values()) for broker in brokers.values())


class Quiet:
    """Takes what is logged."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None


@pytest.mark.parametrize("call", Straying.STRAYS)
def test_a_bridge_goes_on_until_it_is_asked_to_stop(call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "PAUSE", 0.01)

    async def test() -> None:
        brokers = (Straying(tmp_path / "a.db", call), Straying(tmp_path / "b.db", call))
        state, stopping = State(tmp_path / "state.db", ("a", "b")), asyncio.Event()
        counts = list[Counts]()
        carrying = bridge.Bridge(brokers, state, ("psi",), Quiet(), counts.append)
        task = asyncio.create_task(carrying.run(stopping))
        await asyncio.wait((task,), timeout=0.5)
        assert not task.done()
        stopping.set()
        await asyncio.wait_for(task, 10)
        state.close()

    asyncio.run(test())


@pytest.mark.parametrize("call", ["open", "close", "subscribe", "receive", "end"])
def test_an_auditor_follows_until_it_is_asked_to_stop(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "PAUSE", 0.01)

    async def test() -> None:
        source, stopping = Straying(tmp_path / "log.db", "none"), asyncio.Event()
        reader, stood = LogReader(source, Auditor(), lambda *_: None), asyncio.Event()
        following = watch._follow(source, reader, stopping, stood.set, lambda _: None, lambda _: None)
        task = asyncio.create_task(following)
        await stood.wait()
        source.left = {call: 3}
        if call != "receive":
            source.left["receive"] = 1  # whatever comes after a loss
        await asyncio.wait((task,), timeout=0.5)
        assert not task.done()
        stopping.set()
        await asyncio.wait_for(task, 10)

    asyncio.run(test())


def test_reasons_are_sentences() -> None:
    assert why(UsageError("The file is none.", hint="Name another.")) == "The file is none. Name another."
    try:
        raise KeyError("4711 Mrs. Smith")
    except KeyError as error:
        said = why(error)
    assert said.startswith("This is a fault of the program: it met KeyError at test_stray_ends.py:")
    assert "Smith" not in said
    assert why(KeyboardInterrupt()) == "It was interrupted."
