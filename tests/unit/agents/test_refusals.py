"""What was refused is told to people by digest and reason, at a bounded rate, and never at the agent's expense."""

from __future__ import annotations

import asyncio
import itertools
import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.unit.agents.test_two_agents import DATA, Log, Party

from accord_agents.loop import quarantine_topic as refusals
from accord_agents.loop.quarantine_topic import BURST, Bucket, Refusals
from accord_broker.embedded import EmbeddedBroker
from accord_broker.port import QUARANTINE, BrokerError, Record
from accord_schemas.canonical import digest
from accord_schemas.errors import why
from accord_schemas.quarantine import Quarantined


class Topic:
    """A broker that keeps what it is given, or does what it is told to."""

    def __init__(self) -> None:
        self.records, self.opened, self.closed = list[Record](), 0, 0
        self.fails: BaseException | None = None
        self.stands = asyncio.Event()
        self.stands.set()

    async def open(self) -> None:
        self.opened += 1

    async def close(self) -> None:
        self.closed += 1

    async def publish(self, records: Sequence[Record]) -> None:
        await self.stands.wait()
        if self.fails:
            raise self.fails
        self.records += records


def made(topic: Topic, log: Log, bucket: Bucket | None = None) -> Refusals:
    return Refusals("shop", topic, log, bucket)  # type: ignore[arg-type]


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_a_bucket_takes_a_burst_and_then_one_a_second() -> None:
    now = [0.0]
    bucket = Bucket(lambda: now[0])
    assert sum(bucket.take() for _ in range(50)) == BURST
    now[0] += 2.5
    assert [bucket.take() for _ in range(3)] == [True, True, False]
    now[0] += 1000
    assert sum(bucket.take() for _ in range(50)) == BURST


def test_what_is_told_names_everything_and_holds_no_byte_of_it() -> None:
    async def play() -> None:
        topic = Topic()
        telling = made(topic, Log())
        task = asyncio.create_task(telling.run())
        telling.tell("ab" * 16, "bank", "the signature is wrong", b"a secret")
        telling.tell("new\nline\x1b[31m" * 99, "unknown", "x\n" * 5000, b"")
        telling.tell("", "unknown", "not an Accord frame", b"")
        await telling.drained()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        first, second, third = topic.records
        found = Quarantined.decode(first.frame)
        assert (first.family, first.key) == (QUARANTINE, "ab" * 16)
        assert (found.party, found.source, found.reason, found.size) == ("shop", "bank", "the signature is wrong", 8)
        assert found.digest == digest(b"a secret").hex() and b"secret" not in first.frame
        assert len(second.key) == 64 and second.key.isprintable() and json.loads(second.frame)["reason"].isprintable()
        assert third.key == "unknown"
        assert topic.opened == topic.closed == 1

    asyncio.run(play())


@pytest.mark.parametrize("error", [BrokerError("denies the right 'Write'"), ZeroDivisionError("a fault of ours")])
def test_a_broker_that_refuses_costs_one_line_and_nothing_else(
    error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "PAUSE", 0.05)

    async def play() -> None:
        topic, log = Topic(), Log()
        topic.fails = error
        telling = made(topic, log, Bucket(itertools.count().__next__))
        task = asyncio.create_task(telling.run())
        telling.tell("c", "bank", "x", b"")
        await settled()
        for _ in range(5):
            telling.tell("c", "bank", "x", b"")
        await telling.drained()
        assert log.lines == [("quarantine", {"problem": why(error), "silent": 0.05})]
        assert topic.closed == topic.opened == 1
        topic.fails = None
        await asyncio.sleep(0.1)
        telling.tell("c", "bank", "again", b"")
        await telling.drained()
        assert [Quarantined.decode(r.frame).reason for r in topic.records] == ["again"]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(play())


def test_a_broker_that_stands_still_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "PARTING", 0.05)

    async def play() -> None:
        topic = Topic()
        topic.stands.clear()
        telling = made(topic, Log(), Bucket(itertools.count().__next__))
        task = asyncio.create_task(telling.run())
        for number in range(1000):
            telling.tell("c", "bank", "x", b"%d" % number)
            await asyncio.sleep(0)
        await telling.drained()
        topic.stands.set()
        await telling.drained()
        assert len(topic.records) <= BURST + 1
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(play())


def test_agents_tell_under_the_record_s_key_and_complete_whatever_becomes_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Denied(EmbeddedBroker):
        async def publish(self, records: Sequence[Record]) -> None:
            raise BrokerError("denies the right 'Write' on the topic quarantine")

    bank, shop = (Party(me, tmp_path, EmbeddedBroker(tmp_path / "log.db")) for me in DATA)
    monkeypatch.setattr(shop.agent.refusals, "_broker", Denied(tmp_path / "log.db"))

    async def together() -> None:
        broker = EmbeddedBroker(tmp_path / "log.db")
        await broker.open()
        await broker.publish([Record("psi", "cd" * 16, b"no event %d" % n) for n in range(30)])
        await broker.close()
        await asyncio.gather(bank.run(), shop.run())

    asyncio.run(together())
    for party in (bank, shop):
        assert party.state() == "COMPLETED" and len(party.member.journal.quarantine()) == 30
        party.close()
    told = _told(tmp_path / "log.db")
    assert BURST <= len(told) < 30, "more than the rate allows"
    assert {(key, record["party"], record["reason"]) for key, record in told} == {
        ("cd" * 16, "bank", "not an Accord frame")
    }
    warned = [fields for event, fields in shop.log.lines if event == "quarantine"]
    assert len(warned) == 1 and "denies the right" in warned[0]["problem"]


def _told(path: Path) -> list[tuple[str, dict[str, Any]]]:
    db = sqlite3.connect(path)
    rows = db.execute("SELECT key, frame FROM log WHERE family=?", (QUARANTINE,)).fetchall()
    db.close()
    return [(key, json.loads(frame)) for key, frame in rows]
