"""Frames go out in sequence, within a window, and again until every peer has told that it holds them."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from accord_agents.collaboration.sequences import Chain
from accord_agents.journal.rows import Outgoing
from accord_agents.loop.outbox import FIRST_PAUSE, LONGEST_PAUSE, LOSSY_PAUSE, MAX_EVENTS, TRIES, Publisher
from accord_broker.port import BrokerError, Record
from accord_schemas.events import State
from accord_schemas.frame import Frame
from accord_schemas.header import Header, content_type, event_id

CID = "ab" * 16


def frame(number: int) -> Frame:
    payload = State(state="KEYED", round=number).encode()
    header = Header(
        type=State.type,
        source="bank",
        subject=CID,
        time="2026-01-01T00:00:00.000Z",
        agreement="00" * 32,
        payloadhash=hashlib.sha256(payload).hexdigest(),
        watermarks="",
        datacontenttype=content_type(State),
        id=event_id(CID, str(number), ""),
        eventnumber=str(number),
        previoushash="00" * 32,
        instance="session",
        step=f"state.{number}",
    )
    return Frame.make(header, payload, lambda _: b"s" * 64)


class Broker:
    """Remembers what was published."""

    def __init__(self, *, history: bool = True) -> None:
        self.history, self.records, self.fails = history, list[Record](), False

    async def publish(self, records: Sequence[Record]) -> None:
        if self.fails:
            raise BrokerError("away", retry=True)
        self.records += records

    @property
    def numbers(self) -> list[int]:
        return [Frame.decode(r.frame).header.number for r in self.records]


class SimulatedParty:
    """A collaboration's outbox, and its publisher over a broker."""

    def __init__(self, count: int, *, history: bool = True) -> None:
        self.chain = Chain()
        frames = [frame(n) for n in range(1, count + 1)]
        for each in frames:
            self.chain.said(each)
        self.outbox = [Outgoing(CID, f.header.number, "results", f.bare(), f.payload) for f in frames]
        self.collaboration: Any = SimpleNamespace(
            cid=CID, chain=self.chain, peers=("shop", "telco"), ended=False, withheld=0
        )
        self.broker = Broker(history=history)
        self.suspended: set[str] = set()
        self.publisher = Publisher(self.broker, self.load, self.suspended)  # type: ignore[arg-type]

    def load(self, _: str, after: int) -> Iterator[Outgoing]:
        return iter(self.outbox[after:])

    def put(self) -> None:
        self.publisher.put(self.collaboration, self.outbox)

    async def settle(self) -> None:
        task = asyncio.create_task(self.publisher.run())
        await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    def covered(self, number: int, *peers: str) -> None:
        for peer in peers or ("shop", "telco"):
            self.chain.told(peer, number)
        self.publisher.covered()


def test_a_window_bounds_what_is_under_way() -> None:
    async def play() -> None:
        member = SimulatedParty(3 * MAX_EVENTS)
        member.put()
        await member.settle()
        assert member.broker.numbers == list(range(1, MAX_EVENTS + 1))
        member.covered(MAX_EVENTS, "shop")
        await member.settle()
        assert len(member.broker.records) == MAX_EVENTS, "telco has told nothing yet"
        member.covered(10, "telco")
        await member.settle()
        assert member.broker.numbers == list(range(1, MAX_EVENTS + 11))

    asyncio.run(play())


def test_what_a_slow_peer_has_not_confirmed_stays_in_the_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is committed at once: no more than a window is in memory, and everything goes out in sequence."""
    room = 10 * len(frame(1).payload)
    monkeypatch.setattr("accord_agents.loop.outbox.MAX_BYTES", room)

    async def play() -> None:
        member = SimulatedParty(500)
        for out in member.outbox:
            member.publisher.put(member.collaboration, [out])
        lane = member.publisher.send_queue(member.collaboration)
        told = 0
        while told < 500:
            assert sum(len(out.payload) for out in lane.queue) <= room + 100
            assert not member.publisher.drained(history=False)
            await member.settle()
            told = member.broker.numbers[-1]
            member.covered(told)
        assert member.broker.numbers == list(range(1, 501))
        assert lane.idle and member.publisher.drained(history=False)

    asyncio.run(play())


def test_what_is_loaded_again_before_it_was_put_goes_out_once() -> None:
    """The journal may be read between a commit and the word that it was made."""

    async def play() -> None:
        member = SimulatedParty(3)
        member.publisher.put(member.collaboration, member.outbox[:2])
        member.publisher.restart()
        member.publisher.put(member.collaboration, member.outbox[2:])
        await member.settle()
        assert member.broker.numbers == [1, 2, 3]

    asyncio.run(play())


def test_a_party_may_leave_when_all_is_covered_or_read_back() -> None:
    async def play() -> None:
        member = SimulatedParty(3)
        member.put()
        assert not member.publisher.drained(history=True)
        await member.settle()
        assert not member.publisher.drained(history=True)
        member.covered(1)
        member.chain.read_back(2)
        assert not member.publisher.drained(history=True)
        member.chain.read_back(3)
        assert not member.publisher.drained(history=True), "peers still wait for what they do not hold"
        member.collaboration.ended = True
        assert member.publisher.drained(history=True) and not member.publisher.drained(history=False)
        member.covered(3)
        assert member.publisher.drained(history=False)

    asyncio.run(play())


@pytest.mark.parametrize(("history", "first"), [(True, FIRST_PAUSE), (False, LOSSY_PAUSE)])
def test_what_nobody_confirms_goes_again_ever_more_rarely(
    history: bool, first: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play() -> None:
        member = SimulatedParty(2, history=history)
        member.put()
        now = [100.0]
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now[0], raising=False)
        publisher, lane = member.publisher, member.publisher.send_queue(member.collaboration)
        await member.broker.publish(publisher._records(publisher._next()))
        pauses = []
        for _ in range(6):
            publisher._again(now[0])
            pauses.append(lane.due - now[0])
            now[0] = lane.due
            publisher._again(now[0])
            await member.broker.publish(publisher._records(publisher._next()))
        assert pauses == [min(first * 2**k, LONGEST_PAUSE) for k in range(6)]
        assert member.broker.numbers == [1, 2] * 7
        member.covered(1)
        assert lane.pause == first
        publisher._again(now[0])
        now[0] = lane.due
        publisher._again(now[0])
        assert [o.sequence for o in lane.queue] == [2], "only what is not covered"

    asyncio.run(play())


def test_an_ended_collaboration_on_a_log_with_history_is_left_alone() -> None:
    async def play() -> None:
        member = SimulatedParty(2)
        member.put()
        await member.settle()
        member.collaboration.ended = True
        for number in (1, 2):
            member.chain.read_back(number)
        lane = member.publisher.send_queue(member.collaboration)
        for now in (1e3, 1e6, 1e9):
            member.publisher._again(now)
        assert not lane.queue

    asyncio.run(play())


def test_a_failed_publish_is_due_again_after_the_next_connection() -> None:
    async def play() -> None:
        member = SimulatedParty(3)
        member.put()
        member.broker.fails = True
        with pytest.raises(BrokerError):
            await member.publisher.run()
        member.broker.fails = False
        member.covered(1)
        member.publisher.restart()
        await member.settle()
        assert member.broker.numbers == [2, 3]

    asyncio.run(play())


def test_without_history_a_party_repeats_a_few_times_what_peers_that_left_never_cover(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("accord_agents.loop.outbox.LOSSY_PAUSE", 0.0)

    async def play() -> None:
        member = SimulatedParty(2, history=False)
        member.collaboration.ended = True
        member.put()
        for _ in range(2 * TRIES + 4):
            assert not member.publisher.drained(history=False) or len(member.broker.numbers) == 2 * (1 + TRIES)
            for lane in member.publisher._send_queues.values():
                lane.pause = 0.0
            await member.settle()
        assert member.publisher.drained(history=False) and not member.publisher.drained(history=True)
        assert member.broker.numbers == [1, 2] * (1 + TRIES)

    asyncio.run(play())


def test_nothing_is_said_while_a_collaboration_is_suspended_but_asides() -> None:
    async def play() -> None:
        member = SimulatedParty(2)
        member.suspended.add(CID)
        member.put()
        member.publisher.aside([frame(9)])
        await member.settle()
        assert member.broker.numbers == [9]
        member.suspended.clear()
        await member.settle()
        assert member.broker.numbers == [9, 1, 2]

    asyncio.run(play())


def test_what_is_withheld_never_goes_out() -> None:
    """Others may hold other events of these numbers."""

    async def play() -> None:
        member = SimulatedParty(4)
        member.put()
        member.collaboration.withheld = 3
        await member.settle()
        assert member.broker.numbers == [4]
        member.publisher.restart()
        await member.settle()
        assert member.broker.numbers == [4, 4]

    asyncio.run(play())
