"""Records that circle: what they cost, and that somebody says so."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.unit.agents.test_two_agents import DATA, Log, Party, play

from accord_agents.loop import repeats
from accord_agents.loop.acknowledgements import ACK_AFTER, LONGEST, Acknowledgements
from accord_agents.loop.repeats import DOZENS, FREE, MOST, Repeats
from accord_broker.embedded import EmbeddedBroker
from accord_broker.port import Delivery

KEY = b"x" * 32


def test_a_record_that_circles_is_processed_ever_more_rarely() -> None:
    seen, times = Repeats(), [second / 10 for second in range(36_000)]
    done = [now for now in times if seen.due(KEY, now)]
    assert done[:FREE] == times[:FREE]
    assert FREE < len(done) < 100  # of 36,000, in an hour


def test_what_its_sender_repeats_is_processed_soon() -> None:
    seen, now, last = Repeats(), 0.0, 0.0
    for pause in (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, *[60.0] * 120):
        now += pause
        if seen.due(KEY, now):
            last = now
        assert now - last <= max(60.0, now / 7)
        assert not seen.ring(KEY, now)


def test_a_ring_is_told_once_and_not_before_dozens() -> None:
    seen, told = Repeats(), list[str]()
    for second in range(300):
        seen.due(KEY, float(second))
        if said := seen.ring(KEY, float(second)):
            told.append(said)
            assert second == DOZENS - 1
    assert told == ["One record has come 24 times in 23 s: something copies records in a ring."]
    assert "accord bridge" in repeats.REMEDY


def test_a_flood_of_records_is_forgotten_again() -> None:
    seen = Repeats()
    for number in range(MOST + 10):
        assert seen.due(number.to_bytes(32, "big"), 0.0)
    assert len(seen._seen) == MOST
    seen.forget()
    assert not seen._seen


def test_acknowledgements_that_only_repeats_ask_for_become_rare() -> None:
    acks, now, told = Acknowledgements(), 0.0, list[float]()
    while now < 60.0:
        acks.asked("c")
        if acks.due("c", {"shop": 1}, now):
            acks.tell("c", {"shop": 1}, now)
            told.append(now)
        now += 0.05
    assert told[1] - told[0] == pytest.approx(ACK_AFTER, abs=0.1)
    assert len(told) < 7 + 60 / LONGEST
    assert acks.due("c", {"shop": 2}, told[-1] + 2 * ACK_AFTER)  # something new is told soon
    acks.tell("c", {"shop": 2}, now)
    assert acks.told("c", {"shop": 2})
    acks.restart()
    assert not acks.told("c", {"shop": 2})


class Ring(EmbeddedBroker):
    """A log whose every record comes round again and again, as copiers in a ring make it."""

    TURNS = 40

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._round: list[Delivery] = []
        self.came = 0

    async def receive(self, limit: int, max_bytes: int, timeout: float) -> list[Delivery]:
        if not self._round:
            self._round = (await super().receive(limit, max_bytes, timeout)) * self.TURNS
            self.came += len(self._round)
        found, self._round = self._round[:limit], self._round[limit:]
        return found


def test_agents_in_a_ring_end_as_ever_and_say_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broker: dict[str, Ring] = {me: Ring(tmp_path / "log.db") for me in DATA}
    bank, shop = (Party(me, tmp_path, broker[me]) for me in DATA)
    checked = dict.fromkeys(DATA, 0)
    for me, party in zip(DATA, (bank, shop), strict=True):
        dispatcher: Any = party.agent.dispatcher
        deliver = dispatcher.deliver

        def counted(family: str, data: bytes, now: str, me: str = me, deliver: Any = deliver) -> None:
            checked[me] += 1
            deliver(family, data, now)

        monkeypatch.setattr(dispatcher, "deliver", counted)
    play(bank, shop)
    assert (bank.state(), shop.state()) == ("COMPLETED", "COMPLETED")
    for me, party in zip(DATA, (bank, shop), strict=True):
        assert checked[me] < broker[me].came / 3
        log: Log = party.log
        (said,) = [fields for event, fields in log.lines if event == "ring"]
        assert "ring" in said["problem"] and "MirrorMaker" in said["problem"]


def test_a_ring_costs_no_journal(tmp_path: Path) -> None:
    """Nothing but repeats: the place is written down once a second at most."""
    bank, shop = (Party(me, tmp_path, EmbeddedBroker(tmp_path / "log.db")) for me in DATA)
    play(bank, shop)
    party = Party("shop", tmp_path, EmbeddedBroker(tmp_path / "log.db"))
    written = list[bool]()

    async def again() -> None:
        agent: Any = party.agent
        await agent.broker.open()
        await agent.broker.subscribe({})
        found = await agent.broker.receive(64, 8 << 20, 1.0)
        for delivery in found:
            for _ in range(FREE):
                agent.repeats.due(delivery.position.digest, 0.0)

        async def write(batch: Any) -> None:
            written.append(bool(batch))

        agent._write = write
        for _ in range(50):
            for delivery in found:
                agent._deliver(delivery, "2026-01-01T00:00:00.000Z", 0.0)
            await agent._commit(found)
        await agent.broker.close()

    try:
        asyncio.run(again())
    finally:
        party.close()
    assert len(written) <= 2
