"""Two agents' loops over one embedded log, in one process."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.support.simulated import SimulatedParty, identities, signed
from tests.support.world import alignment, tables

from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.journal.journal import Journal
from accord_agents.loop import agent
from accord_agents.loop.agent import Agent
from accord_agents.loop.inputs import Hooks
from accord_agents.loop.quarantine_topic import Refusals
from accord_agents.security.identity import Identity
from accord_broker.embedded import EmbeddedBroker
from accord_broker.port import BrokerError, Record
from accord_protocols.phases.alignment.star import Align
from accord_schemas.canonical import digest
from accord_schemas.errors import AccordError
from accord_schemas.frame import Frame

DATA = tables(2, n=60, columns=2)
KEYS: dict[str, Identity] = identities(tuple(DATA))
TERMS = signed(alignment(2), KEYS)


class Log:
    """Remembers what an agent logs."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []

    def info(self, event: str, **fields: Any) -> None:
        self.lines.append((event, fields))

    debug = warning = error = info


class Shaky(EmbeddedBroker):
    """Fails every few publishes, after some of the records are on the log."""

    calls = 0

    async def publish(self, records: Sequence[Record]) -> None:
        self.calls += 1
        if self.calls % 3 == 2:
            await super().publish(records[: len(records) // 2])
            raise BrokerError("the connection was lost", retry=True)
        await super().publish(records)


class Party:
    """An agent whose jobs run inline; a SimulatedParty does the folding of its journal and the jobs."""

    def __init__(self, me: str, folder: Path, broker: EmbeddedBroker) -> None:
        self.member = SimulatedParty(me, folder, TERMS, DATA[me], KEYS, [])
        self.member.dispatcher.adopting = True
        hooks = Hooks(self.job, self.accept, lambda c, outcome: None, lambda: None, self.ready)
        self.log = Log()
        refusals = Refusals(me, EmbeddedBroker(folder / "log.db"), self.log)
        self.member.dispatcher.suspended.clear()  # the agent has a recovery of its own
        self.agent = Agent(self.member.dispatcher, self.member.journal, broker, self.log, hooks, refusals)
        self.agent.recovery.start()
        for collaboration in self.member.dispatcher.collaborations.values():
            self.agent.publisher.send_queue(collaboration)

    def ready(self) -> None:
        """Once the log was read: what was left, then what there is to propose or to answer."""
        for key, (cid, job) in list(self.member.jobs.items()):
            self.member.jobs.pop(key)
            self.job(cid, job)
        for collaboration in self.member.dispatcher.collaborations.values():
            if (collaboration.state, collaboration.accepted) == ("PROPOSED", False):
                self.accept(collaboration)
        if self.member.name == TERMS.label_holder:
            self.agent.put(lambda now: self.member.dispatcher.propose(TERMS, digest(b"proposal").hex(), now))

    def accept(self, collaboration: Collaboration) -> None:
        self.agent.put(lambda now: self.member.accept(collaboration))

    def job(self, cid: str, job: Any) -> None:
        self.agent.put(lambda now: self.member.dispatcher.job(cid, job.address, self.member.result(job), now))

    def state(self) -> str:
        return next((c.state for c in self.member.dispatcher.collaborations.values()), "")

    def done(self) -> bool:
        found = self.member.dispatcher.collaborations.values()
        sealed = all(c.witnessed or c.state != "COMPLETED" for c in found)
        return bool(found) and all(c.ended for c in found) and sealed and self.agent.publisher.drained(history=True)

    async def run(self) -> None:
        async with asyncio.timeout(60):
            await self.agent.run(self.done)

    def close(self) -> None:
        self.member.journal.close()


def play(*parties: Party) -> None:
    async def together() -> None:
        await asyncio.gather(*(p.run() for p in parties))

    try:
        asyncio.run(together())
    finally:
        for party in parties:
            party.close()


def chained(folder: Path) -> list[Frame]:
    """Every frame of both journals' outboxes; rows verified, frames in sequence and linked."""
    frames = []
    for me in DATA:
        journal, previous = Journal(folder / f"{me}.db"), bytes(32).hex()
        journal.verify()
        assert journal.quarantine() == [] and journal.positions()
        (cid,) = journal.collaborations()
        for number, out in enumerate(journal.outgoing(cid), 1):
            frame = Frame.restore(out.head, out.payload)
            assert (frame.header.number, frame.header.previoushash) == (number, previous)
            frames.append(frame)
            previous = frame.digest.hex()
        journal.close()
    return frames


def contents(frames: list[Frame]) -> set[tuple[str, ...]]:
    return {(*f.header.address, f.header.type, f.header.recipients, f.header.salt) for f in frames}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, ...]]:
    folder = tmp_path_factory.mktemp("undisturbed")
    bank, shop = (Party(me, folder, EmbeddedBroker(folder / "log.db")) for me in DATA)
    play(bank, shop)
    assert (bank.state(), shop.state()) == ("COMPLETED", "COMPLETED")
    return contents(chained(folder))


@pytest.mark.sweep
def test_publishing_fails_again_and_again(
    tmp_path: Path, undisturbed: set[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent, "LONGEST_PAUSE", 0.2)
    bank, shop = (Party(me, tmp_path, Shaky(tmp_path / "log.db")) for me in DATA)
    play(bank, shop)
    assert (bank.state(), shop.state()) == ("COMPLETED", "COMPLETED")
    assert contents(chained(tmp_path)) == undisturbed
    assert ("broker", {"problem": "the connection was lost"}) in bank.log.lines


class Marked(EmbeddedBroker):
    """Its end is no record, as that of a Kafka log after a transaction; it knows once it was read past."""

    asked = 0

    async def end(self) -> Mapping[str, int]:
        self.asked += 1
        found = await super().end()
        return found if self.asked % 2 == 0 else {"log": found.get("log", 0) + 1}


def test_an_end_that_never_comes_keeps_nobody_waiting(tmp_path: Path, undisturbed: set[tuple[str, ...]]) -> None:
    bank, shop = (Party(me, tmp_path, Marked(tmp_path / "log.db")) for me in DATA)
    play(bank, shop)
    assert (bank.state(), shop.state()) == ("COMPLETED", "COMPLETED")
    assert contents(chained(tmp_path)) == undisturbed


class Deaf(EmbeddedBroker):
    """Nobody answers."""

    async def open(self) -> None:
        await asyncio.sleep(3600)


def test_who_is_told_to_stop_does_not_wait_for_a_connection(tmp_path: Path) -> None:
    party = Party("bank", tmp_path, Deaf(tmp_path / "log.db"))

    async def stopped() -> None:
        asyncio.get_running_loop().call_later(0.05, party.agent.stopping.set)
        await party.run()

    asyncio.run(stopped())
    party.close()


class Flighty(EmbeddedBroker):
    """Connects, and hangs up at once."""

    opened = 0

    async def open(self) -> None:
        self.opened += 1
        await super().open()
        if self.opened > 1:
            raise BrokerError("it hung up", retry=True)

    async def publish(self, records: Sequence[Record]) -> None:
        raise BrokerError("it hung up", retry=True)


def test_connections_that_do_not_last_are_made_ever_more_rarely(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent, "PAUSE", 0.01)
    monkeypatch.setattr(agent, "LONGEST_PAUSE", 0.64)
    broker = Flighty(tmp_path / "log.db")
    party = Party("bank", tmp_path, broker)

    async def stopped() -> None:
        asyncio.get_running_loop().call_later(1.0, party.agent.stopping.set)
        await party.run()

    asyncio.run(stopped())
    party.close()
    assert 2 <= broker.opened <= 8, "10, 20, 40, ... ms"


class Mute(EmbeddedBroker):
    """Takes nothing."""

    async def publish(self, records: Sequence[Record]) -> None:
        raise BrokerError("the log cannot be written")


@pytest.mark.sweep
def test_what_was_committed_and_never_published_goes_out_in_the_next_life(
    tmp_path: Path, undisturbed: set[tuple[str, ...]]
) -> None:
    silent = Party("bank", tmp_path, Mute(tmp_path / "log.db"))
    with pytest.raises(BrokerError, match="cannot be written"):
        play(silent)
    assert silent.state() == "PROPOSED"
    bank, shop = (Party(me, tmp_path, EmbeddedBroker(tmp_path / "log.db")) for me in DATA)
    play(bank, shop)
    assert (bank.state(), shop.state()) == ("COMPLETED", "COMPLETED")
    assert contents(chained(tmp_path)) == undisturbed


@pytest.mark.sweep
def test_an_agent_is_stopped_and_started_at_every_state(tmp_path: Path, undisturbed: set[tuple[str, ...]]) -> None:
    """The shop ends whenever it has moved, and is started again on its journal; the bank never notices."""

    async def disturbed() -> int:
        starts, bank = 0, Party("bank", tmp_path, EmbeddedBroker(tmp_path / "log.db"))
        whole = asyncio.create_task(bank.run())
        while True:
            starts += 1
            shop = Party("shop", tmp_path, EmbeddedBroker(tmp_path / "log.db"))
            before = shop.state()
            shop.agent.hooks.outcome = lambda c, outcome, shop=shop, before=before: (  # type: ignore[misc]
                shop.agent.stopping.set() if c.state != before and not c.ended else None
            )
            await shop.run()
            shop.close()
            if shop.state() == "COMPLETED":
                break
        await whole
        bank.close()
        assert bank.state() == "COMPLETED"
        return starts

    assert asyncio.run(disturbed()) >= 4
    assert contents(chained(tmp_path)) == undisturbed


def test_nothing_is_published_before_it_is_committed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each record that goes out stands in the journal's file already, as another connection reads it."""
    publish = EmbeddedBroker.publish
    bank, shop = (Party(me, tmp_path, EmbeddedBroker(tmp_path / "log.db")) for me in DATA)
    seen = 0

    async def checked(self: EmbeddedBroker, records: Sequence[Record]) -> None:
        nonlocal seen
        for record in records:
            header = Frame.decode(record.frame).header
            if header.number:
                other = Journal(tmp_path / f"{header.source}.db")
                (out,) = [o for o in other.outgoing(record.key, header.number - 1) if o.sequence == header.number]
                other.close()
                assert Frame.restore(out.head, out.payload).encode() == record.frame
                seen += 1
        await publish(self, records)

    monkeypatch.setattr(EmbeddedBroker, "publish", checked)
    play(bank, shop)
    assert (bank.state(), shop.state()) == ("COMPLETED", "COMPLETED")
    assert seen >= len(chained(tmp_path))


def test_a_fault_of_ours_ends_the_collaboration_and_not_the_agent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank, shop = (Party(me, tmp_path, EmbeddedBroker(tmp_path / "log.db")) for me in DATA)
    first = Align.first
    row = Align.table[first]
    real = row.fire

    def broken(machine: Align, *rest: Any) -> object:
        if machine.me == "shop":
            raise ZeroDivisionError("a value that nobody shall see")
        return real(machine, *rest)

    monkeypatch.setattr(row, "fire", broken)
    play(bank, shop)
    assert (bank.state(), shop.state()) == ("FAILED", "FAILED")
    (reason,) = {c.reason for p in (bank, shop) for c in p.member.dispatcher.collaborations.values()}
    assert "shop" in reason and "nobody shall see" not in reason
    (poison,) = [fields for event, fields in shop.log.lines if event == "poison"]
    assert poison["cause"] == "ZeroDivisionError"
    again = Party("shop", tmp_path, EmbeddedBroker(tmp_path / "log.db"))
    assert again.state() == "FAILED"
    again.close()


def test_a_broker_that_cannot_be_used_ends_the_agent(tmp_path: Path) -> None:
    (tmp_path / "log.db").write_bytes(b"no log at all" * 1000)
    bank = Party("bank", tmp_path, EmbeddedBroker(tmp_path / "log.db"))
    with pytest.raises(AccordError):
        play(bank)


def test_an_error_of_a_task_ends_the_agent(tmp_path: Path) -> None:
    bank = Party("bank", tmp_path, EmbeddedBroker(tmp_path / "log.db"))
    bank.agent.hooks.ready = lambda: bank.agent.fail(AccordError("the keystore cannot be written"))
    with pytest.raises(AccordError, match="keystore cannot be written"):
        play(bank)
