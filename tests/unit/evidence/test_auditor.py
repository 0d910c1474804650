"""The auditor: any honest log is clean, whatever its order; nothing is written where it reads."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.support.recorded import KNOWN, PINS, Recorded, audited, signed
from tests.support.simulated import SimulatedNetwork
from tests.support.world import agreement, tables
from tests.unit.agents.test_two_agents import Log

from accord_agents.evidence import audit as auditing
from accord_agents.evidence.audit import Auditor
from accord_agents.evidence.finding import Finding, Note
from accord_agents.evidence.known import Known
from accord_agents.evidence.reader import LogReader
from accord_agents.evidence.telling import lines
from accord_agents.evidence.watch import audit
from accord_broker.embedded import EmbeddedBroker, EmbeddedSource
from accord_broker.port import BrokerError, Record
from accord_schemas.canonical import digest
from accord_schemas.errors import UsageError


def written(path: Path, records: Sequence[Record]) -> Path:
    """An embedded log of these records."""

    async def write() -> None:
        broker = EmbeddedBroker(path)
        await broker.open()
        await broker.publish(records)
        await broker.close()

    asyncio.run(write())
    return path


def quiet(line: str) -> None:
    pytest.fail(f"said {line!r}")


@pytest.mark.sweep
@pytest.mark.parametrize("order", [11, 12])
def test_any_honest_order_with_losses_is_clean(tmp_path: Path, order: int) -> None:
    network = SimulatedNetwork(
        tmp_path, agreement(3, gate=0.99, max_rounds=2), tables(3, n=60, columns=2), order, lose=0.2
    ).run()
    for member in [*network.members.values()] * 8:  # what was lost last goes again
        for index in [i for i in range(len(network.log)) if i not in member.read]:
            member.deliver(index)
        member.acknowledge()
        member.publish()
    network.close()
    (cid,) = network.members["bank"].dispatcher.collaborations
    (report,) = audited(Record(family, cid, frame) for family, frame in network.log)
    assert (report.findings, report.witnessed) == ([], True)


@pytest.mark.sweep
def test_the_order_of_reading_decides_nothing(recorded: Recorded) -> None:
    (one,), (other,) = audited(recorded.log), audited(reversed(recorded.log))
    assert one == other


def test_a_refused_collaboration_is_no_finding(tmp_path: Path) -> None:
    network = SimulatedNetwork(tmp_path, agreement(2, gate=0.01, max_rounds=2), tables(2, n=60, columns=2)).run()
    network.close()
    (cid,) = network.members["bank"].dispatcher.collaborations
    (report,) = audited(Record(family, cid, frame) for family, frame in network.log)
    assert (report.findings, set(report.states.values())) == ([], {"REFUSED"})


def test_verdicts_rest_on_identities(recorded: Recorded) -> None:
    (report,) = audited(recorded.log, KNOWN)
    assert report.verdict(KNOWN) == "proven"
    (unknown,) = audited(recorded.log)
    assert unknown.verdict(None) == "consistent"
    said = lines(unknown, unknown.verdict(None))
    assert "who signed is NOT proven" in said and PINS["bank"] in said
    (wrong,) = audited(recorded.log, Known.of(PINS | {"shop": PINS["bank"]}))
    assert wrong.verdict(KNOWN) == "tampered"


def test_a_log_is_read_and_left_as_it_is(recorded: Recorded, tmp_path: Path) -> None:
    path = written(tmp_path / "broker.db", recorded.log)
    before = {p.name: (p.stat().st_mtime_ns, p.read_bytes()) for p in tmp_path.iterdir()}
    tmp_path.chmod(0o500)
    try:
        (report,) = audit(f"embedded:{path}", None, following=False, tell=quiet, log=Log()).reports()
    finally:
        tmp_path.chmod(0o700)
    assert (report.findings, report.witnessed) == ([], True)
    assert {p.name: (p.stat().st_mtime_ns, p.read_bytes()) for p in tmp_path.iterdir()} == before


def test_a_log_in_use_is_read_with_what_is_not_in_the_file_yet(recorded: Recorded, tmp_path: Path) -> None:
    path, half = tmp_path / "broker.db", len(recorded.log) // 2

    async def read_all() -> list[int]:
        source, counts = EmbeddedSource(path), []
        await source.open()
        await source.subscribe({})
        counts.append(len(await source.receive(10_000, 1 << 30, 0)))
        broker = EmbeddedBroker(path)  # opens after the source swore the file to be immutable
        await broker.open()
        await broker.publish(recorded.log[half:])
        counts.append(len(await source.receive(10_000, 1 << 30, 5)))
        assert (await source.end()) == {"log": len(recorded.log)}
        await broker.close()
        await source.close()
        return counts

    written(path, recorded.log[:half])
    assert asyncio.run(read_all()) == [half, len(recorded.log) - half]


def test_following_tells_what_is_found_and_every_new_state(recorded: Recorded, tmp_path: Path) -> None:
    path = written(tmp_path / "broker.db", recorded.log[:6])
    found: list[Finding | Note] = []
    told: list[dict[str, str]] = []

    async def watch() -> tuple[list[Finding], list[Note]]:
        source, auditor = EmbeddedSource(path), Auditor()
        await source.open()
        reader = LogReader(source, auditor, lambda _, finding: found.append(finding))
        await reader.read()
        task = asyncio.create_task(reader.follow(lambda report: told.append(report.states)))
        broker = EmbeddedBroker(path)
        await broker.open()
        await broker.publish([*recorded.log[6:], Record("control", recorded.cid, b"noise")])
        while not found:
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await broker.close()
        await source.close()
        (report,) = auditor.reports()
        return report.findings, auditor.notes()

    findings, notes = asyncio.run(watch())
    assert findings == [] and [(n.kind, n.place.topic, n.place.offset) for n in notes] == [
        ("undecodable", "control", len(recorded.log) + 1)
    ]
    assert [f.kind for f in found] == ["undecodable"]
    assert set(told[-1].values()) == {"COMPLETED"}


@pytest.mark.parametrize("content", [None, b"", b"no database" * 100])
def test_what_is_no_log(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "broker.db"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError):
        audit(f"embedded:{path}", None, following=False, tell=quiet, log=Log())
    assert [p.name for p in tmp_path.iterdir()] == ([] if content is None else ["broker.db"])


def test_another_database_is_no_log(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE log(position INTEGER)")
    db.close()
    with pytest.raises(UsageError, match="no Accord log"):
        audit(f"embedded:{path}", None, following=False, tell=quiet, log=Log())


def test_a_log_that_is_replaced_while_it_is_read(recorded: Recorded, tmp_path: Path) -> None:
    path = written(tmp_path / "broker.db", recorded.log[:3])
    other = tmp_path / "other.db"
    shutil.copy(path, other)

    async def read_twice() -> None:
        source = EmbeddedSource(path)
        await source.open()
        await source.subscribe({})
        other.replace(path)
        await source.receive(10, 1 << 20, 0)

    with pytest.raises(Exception, match="removed, replaced or cut off"):
        asyncio.run(read_twice())


def test_following_goes_on_after_a_lost_connection(recorded: Recorded, tmp_path: Path) -> None:
    """The log comes back shorter: what was read stays known, and what follows is judged with it."""
    path, half = written(tmp_path / "broker.db", recorded.log), len(recorded.log) // 2
    other = written(tmp_path / "other.db", recorded.log[:half])

    async def read_on() -> tuple[list[Finding | Note], Auditor]:
        found: list[Finding | Note] = []
        source, auditor = EmbeddedSource(path), Auditor()
        reader = LogReader(source, auditor, lambda _, finding: found.append(finding))
        await source.open()
        await reader.read()
        other.replace(path)
        with pytest.raises(BrokerError) as caught:
            await reader.follow(lambda _: None)
        assert caught.value.retry
        await source.close()
        await source.open()
        await reader.read()
        await source.close()
        return found, auditor

    found, auditor = asyncio.run(read_on())
    assert [f.kind for f in found] == ["replaced"]
    sealed, log = auditor.reports()
    assert (sealed.witnessed, sealed.findings, log.findings) == (True, [], found)


def test_events_without_a_proposal_do_not_fill_the_memory(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stranger's events cannot be told from those of a collaboration whose proposal has not been read yet."""
    monkeypatch.setattr(auditing, "MOST_EARLY", 20)
    monkeypatch.setattr(auditing, "MOST_NOTES", 27)
    auditor, found, event = Auditor(), list[Finding | Note](), recorded.find("shop", "accept")
    for number in range(50):
        cid = digest(b"nobody", str(number)).hex()
        found += auditor.take(Record("control", cid, signed(event, subject=cid).encode()))
    assert (auditor.reports(), len(auditor.notes()), auditor.given_up, found) == ([], 20, True, [])
    for number in range(50):
        found += auditor.take(Record("control", f"key {number}", b"noise"))
    assert (auditor.reports(), len(auditor.notes()), auditor.untold) == ([], 27, 23)
    assert [f.kind for f in found] == ["undecodable"] * 27
    for record in recorded.log:
        assert auditor.take(record) == []
    report = auditor.report(recorded.cid)
    assert report is not None and (report.findings, report.witnessed) == ([], True)


def test_a_broker_without_history_must_be_followed() -> None:
    with pytest.raises(UsageError, match="keeps no history") as caught:
        audit("mqtt://127.0.0.1:1/space", None, following=False, tell=quiet, log=Log())
    assert "--follow" in caught.value.hint


def test_an_event_before_its_proposal_waits_on_a_broker_without_history(recorded: Recorded) -> None:
    auditor = Auditor(history=False)
    for one in recorded.log[5:]:
        assert auditor.take(one) == []
    (report,) = auditor.reports()
    assert (report.findings, report.parties) == ([], {})
