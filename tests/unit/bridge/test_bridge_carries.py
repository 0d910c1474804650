"""What crosses a bridge, what does not, and what failures leave behind."""

from __future__ import annotations

import asyncio
import random
from collections.abc import MutableMapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.contract.harness import opened, rest
from tests.unit.bridge.bus import Bus, Line, acknowledgement, away, event, quiet, running, until
from tests.unit.schemas.strategies import frame

from accord_broker.bridge import bridge as module
from accord_broker.bridge.bridge import Bridge
from accord_broker.bridge.state import State
from accord_broker.factory import connect
from accord_broker.port import QUARANTINE, BrokerError, Record, TooLargeError
from accord_schemas.events import Accept


def test_events_cross_both_ways_as_they_are_and_once(tmp_path: Path) -> None:
    async def test() -> None:
        here, there = Bus(), Bus(history=False)
        out = [event(n) for n in range(1, 200)] + [acknowledgement(n) for n in range(50)]
        back = [event(n, "shop") for n in range(1, 100)] + [acknowledgement(500 + n) for n in range(50)]
        async with running(tmp_path / "state.db", Line(here), Line(there)) as bridge:
            here.records += out
            there.records += back
            await until(lambda: len(here.records) == len(there.records) == len(out) + len(back))
            await until(lambda: sum(sum(line.others.values()) for line in bridge.counts.lines()) == len(out + back))
        assert [r for r in there.records if r not in back] == out
        assert [r for r in here.records if r not in out] == back
        lines = list(bridge.counts.lines())
        assert [line.carried for line in lines] == [{"control": len(out)}, {"control": len(back)}]
        assert str(lines[0]) == f"A > B: {len(out)} control; {len(back)} returned"

    asyncio.run(test())


def test_a_trace_crosses_beside_its_event(tmp_path: Path) -> None:
    async def test() -> None:
        here, there, trace = Bus(), Bus(), f"00-{'4b' * 16}-{'0f' * 8}-01"
        here.records += [replace(event(1), trace=trace), event(2)]
        async with running(tmp_path / "state.db", Line(here), Line(there)):
            await until(lambda: len(there.records) == 2)
        assert [r.trace for r in there.records] == [trace, ""]

    asyncio.run(test())


def test_only_events_where_they_belong_are_carried(tmp_path: Path) -> None:
    async def test() -> None:
        here, there, log = Bus(), Bus(), list[MutableMapping[str, Any]]()
        good = event(1)
        here.records += [
            Record("control", good.key, b"no frame"),
            Record("control", good.key, good.frame[:-1]),
            Record("keys", good.key, good.frame),
            Record("control", "11" * 16, good.frame),
            Record("results", good.key, b"x" * 1000),
            good,
        ]
        async with running(tmp_path / "state.db", Line(here), Line(there), log=log) as bridge:
            await until(lambda: there.records)
        assert there.records == [good]
        assert next(iter(bridge.counts.lines())).others == {"refused": 5}
        assert [line["reason"] for line in log if line["event"] == "refused"] == ["not an Accord frame"]

    asyncio.run(test())


def test_families_that_were_not_asked_for_stay(tmp_path: Path) -> None:
    async def test() -> None:
        here, there = Bus(), Bus()
        other = frame(Accept(commitment="0" * 64))
        here.records += [event(1), Record("keys", "00" * 16, other.encode())]
        state = State(tmp_path / "state.db", ("a", "b"))
        bridge = Bridge((Line(here), Line(there)), state, ["keys"], quiet(), lambda _: None)
        stopping = asyncio.Event()
        work = asyncio.create_task(bridge.run(stopping))
        await until(lambda: sum(next(iter(bridge.counts.lines())).others.values()) == 2)
        stopping.set()
        await work
        state.close()
        assert next(iter(bridge.counts.lines())).others == {"left out": 1, "refused": 1}
        assert there.records == []

    asyncio.run(test())


def test_nothing_is_acknowledged_before_the_other_side_has_it(tmp_path: Path) -> None:
    async def test() -> None:
        here, there = Bus(history=False), Bus()
        failing = [True]

        def fail(record: Record) -> None:
            if failing[0] and len(there.records) == 3:
                away(record)

        source = Line(here)
        here.records += [event(n) for n in range(1, 9)]
        async with running(tmp_path / "state.db", source, Line(there, fail=fail)):
            await until(lambda: len(there.records) == 3)
            await asyncio.sleep(0.1)
            assert source.committed_to == 0
            failing[0] = False
            await until(lambda: source.committed_to == 8)
        assert {r.digest() for r in there.records} == {event(n).digest() for n in range(1, 9)}
        assert len(there.records) == 3 + 8

    asyncio.run(test())


def test_a_slow_side_does_not_fill_the_memory(tmp_path: Path) -> None:
    async def test() -> None:
        here, there = Bus(), Bus()
        gate = asyncio.Event()

        class Slow(Line):
            async def publish(self, records: Any) -> None:
                await gate.wait()
                await super().publish(records)

        source = Line(here)
        here.records += [event(n) for n in range(1, 500)]
        async with running(tmp_path / "state.db", source, Slow(there)):
            await asyncio.sleep(0.2)
            assert source.at == module.BATCH_RECORDS
            gate.set()
            await until(lambda: len(there.records) == 499)

    asyncio.run(test())


def test_what_no_waiting_changes_ends_the_bridge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Record) -> None:
        raise BrokerError("The broker denies the right 'write' on control.")

    async def test() -> None:
        here = Bus()
        here.records.append(event(1))
        with pytest.raises(BrokerError, match="denies"):
            async with running(tmp_path / "state.db", Line(here), Line(Bus(), fail=refuse)) as bridge:
                await until(lambda: bridge._ending.is_set())

    asyncio.run(test())

    async def never() -> None:
        class Absent(Line):
            async def open(self) -> None:
                raise BrokerError("kafka://nowhere cannot be reached.", retry=True)

        monkeypatch.setattr(module, "CONNECT_FOR", 0.6)
        with pytest.raises(BrokerError, match="nowhere"):
            async with running(tmp_path / "other.db", Line(Bus()), Absent(Bus())) as bridge:
                await until(lambda: bridge._ending.is_set())

    asyncio.run(never())


def test_what_is_too_large_for_the_other_side_stays_and_stops_nobody(tmp_path: Path) -> None:
    large = event(2)

    def refuse(record: Record) -> None:
        if record == large:
            raise TooLargeError("A record on x.control exceeds the max.message.bytes of kafka://k/x.")

    async def test() -> None:
        here, there, log = Bus(), Bus(), list[MutableMapping[str, Any]]()
        here.records += [event(1), large, event(3)]
        async with running(tmp_path / "state.db", Line(here), Line(there, fail=refuse), log=log) as bridge:
            await until(lambda: event(3) in there.records)
            here.records.append(event(4))
            await until(lambda: event(4) in there.records)
        assert large not in there.records and {r.digest() for r in there.records} >= {event(1).digest()}
        (line, _) = bridge.counts.lines()
        assert (line.carried, line.others) == ({"control": 3}, {"refused": 1})
        (said,) = [entry for entry in log if entry["event"] == "refused"]
        assert "max.message.bytes" in said["reason"] and said["digest"] == large.digest().hex()

    asyncio.run(test())


@pytest.mark.sweep
def test_a_bridge_that_is_ended_anywhere_loses_nothing_and_sends_nothing_back(tmp_path: Path) -> None:
    """Over real logs, with work cancelled at random moments."""
    urls = [f"embedded:{tmp_path / name}.db" for name in ("a", "b")]
    out, back = [event(n) for n in range(1, 150)], [event(n, "shop") for n in range(1, 150)]

    async def attempt(after: float) -> None:
        state = State(tmp_path / "state.db", ("a", "b"))
        bridge = Bridge((connect(urls[0]), connect(urls[1])), state, ["control"], quiet(), lambda _: None)
        work = asyncio.create_task(bridge.run(asyncio.Event()))
        await asyncio.sleep(after)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await asyncio.get_running_loop().shutdown_default_executor()
        state.close()

    async def fill(url: str, said: list[Record]) -> None:
        async with opened(url) as broker:
            await broker.publish([*said, Record(QUARANTINE, said[0].key, b"bad")])

    async def found(url: str) -> list[Record]:
        async with opened(url) as broker:
            await broker.subscribe({})
            return [d.record for d in await rest(broker)]

    for url, said in zip(urls, (out, back), strict=True):
        asyncio.run(fill(url, said))
    chance = random.Random(5)
    for _ in range(25):
        asyncio.run(attempt(chance.uniform(0.0, 0.08)))
    asyncio.run(attempt(1.0))
    at_a, at_b = (asyncio.run(found(url)) for url in urls)
    assert all(at_a.count(r) == 1 for r in out), "a record was sent back"
    assert all(at_b.count(r) == 1 for r in back), "a record was sent back"
    assert all(r in at_b for r in out) and all(r in at_a for r in back)


@pytest.mark.sweep
def test_a_restored_log_is_not_carried_a_second_time(tmp_path: Path) -> None:
    async def test() -> None:
        urls = [f"embedded:{tmp_path / name}.db" for name in ("a", "b")]
        said = [event(n) for n in range(1, 20)]

        async def cross(count: int) -> list[Record]:
            async with running(tmp_path / "state.db", connect(urls[0]), connect(urls[1])), opened(urls[1]) as reader:
                await reader.subscribe({})
                found: list[Record] = []
                while len(found) < count:
                    found += [d.record for d in await reader.receive(64, 1 << 20, 1.0)]
                await asyncio.sleep(0.7)  # longer than repeats are held back for
                found += [d.record for d in await reader.receive(64, 1 << 20, 0.2)]
            return found

        async with opened(urls[0]) as broker:
            await broker.publish(said)
        assert await cross(len(said)) == said
        for file in tmp_path.glob("a.db*"):
            file.unlink()
        async with opened(urls[0]) as broker:
            await broker.publish([*said[:12], event(99)])
        await asyncio.sleep(0.6)
        assert await cross(len(said) + 1) == [*said, event(99)]

    asyncio.run(test())
