"""Whoever may write to a log adds to it what nobody signed: told with topic and offset, and it turns no verdict."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pytest
from tests.support.recorded import KEYS, KNOWN, PINS, Recorded, acknowledging, read, signed

from accord_agents.evidence import audit as auditing
from accord_agents.evidence.audit import Auditor
from accord_agents.evidence.known import Known
from accord_agents.evidence.reader import LogReader
from accord_agents.security.validity import KnownIdentity
from accord_broker.port import FAMILIES, Delivery, Position, Record
from accord_schemas.canonical import canonical_json
from accord_schemas.frame import Frame

pytestmark = pytest.mark.variants

MALLORY = KEYS["mallory"]


def made_up(recorded: Recorded, rng: random.Random) -> Iterator[Record]:
    """What a stranger can make of a record that lies on the log for all to read."""
    one = rng.choice(recorded.log)
    frame, cid = Frame.decode(one.frame), recorded.cid
    family, at = frame.header.event_class.family, rng.randrange(len(one.frame))
    yield Record(one.family, cid, rng.randbytes(rng.randrange(900)))
    yield Record(one.family, cid, one.frame[:at] + bytes([one.frame[at] ^ 1 << rng.randrange(8)]) + one.frame[at + 1 :])
    yield Record(one.family, cid, one.frame[:at])
    yield Record(one.family, cid, replace(frame, payload=b"{}").encode())
    yield Record(one.family, cid, replace(frame, signature=rng.randbytes(64)).encode())
    yield Record(rng.choice([f for f in FAMILIES[:-1] if f != family]), cid, one.frame)
    yield Record(one.family, rng.choice(["", "ab" * 16, "\x1b[31m" * 40]), one.frame)
    yield one
    for changes in (
        {"subject": rng.randbytes(16).hex()},
        {"agreement": "ab" * 32},
        {"time": "2031-01-01T00:00:00.000Z"},
        {"source": "mallory"},
        {"watermarks": "bank=999,mallory=3"},
    ):
        yield Record(family, changes.get("subject", cid), signed(frame, by=MALLORY, **changes).encode())
    if frame.header.number:
        beyond = {"eventnumber": str(frame.header.number + rng.choice([1, 900])), "previoushash": frame.digest.hex()}
        yield Record(family, cid, signed(frame, by=MALLORY, **beyond).encode())


@pytest.mark.parametrize("seed", range(5))
def test_nothing_that_a_stranger_adds_turns_the_verdict(recorded: Recorded, seed: int) -> None:
    rng = random.Random(seed)
    junk = list(made_up(recorded, rng))
    log = [*recorded.log]
    for record in junk:
        log.insert(rng.randrange(len(log) + 1), record)
    auditor = read(log, KNOWN)
    (report,) = auditor.reports()
    assert (report.findings, report.witnessed, report.verdict(KNOWN)) == ([], True, "proven")
    notes = {(note.place.topic, note.place.offset) for note in auditor.notes()}
    added = {(r.family, at) for at, r in enumerate(log, 1) if any(r is one for one in junk if one not in recorded.log)}
    assert notes >= added and len(notes) <= len(junk) and not auditor.open()
    assert all("\x1b" not in note.sentence for note in auditor.notes())


@pytest.mark.sweep
def test_a_changed_copy_is_a_note_only_while_the_event_is_here(recorded: Recorded) -> None:
    """Every event of the log in turn: its junk beside it turns nothing, its junk in its place does."""
    rng = random.Random(9)
    for at in rng.sample(range(len(recorded.log)), 12):
        one = recorded.log[at]
        where = rng.randrange(len(one.frame))
        junk = one.frame[:where] + bytes([one.frame[where] ^ 1 << rng.randrange(8)]) + one.frame[where + 1 :]
        spoiled = [*recorded.log[:at], Record(one.family, one.key, junk), *recorded.log[at + 1 :]]
        (report,) = read([*spoiled, one]).reports()
        assert report.clean, (at, where, report.findings)
        (report,) = read(spoiled).reports()
        assert not report.clean, (at, where)


def test_an_acknowledgement_that_lies_there_changed_and_whole_is_a_note(recorded: Recorded) -> None:
    ack = acknowledging(recorded.find("telco", "accept"), {"bank": 1}).encode()
    changed = Record("control", recorded.cid, ack[:-1] + bytes([ack[-1] ^ 1]))
    (report,) = read([*recorded.log, changed]).reports()
    assert [f.kind for f in report.findings] == ["changed"]
    (report,) = read([*recorded.log, changed, Record("control", recorded.cid, ack)]).reports()
    assert report.findings == []


def test_a_collaboration_whose_proposal_was_lost_is_told_from_what_nobody_said(recorded: Recorded) -> None:
    """By a known key, or where none is known by events that continue each other."""
    lost = [r for r in recorded.log if Frame.decode(r.frame).header.step != "propose"]
    keys = Known((p, KnownIdentity(f, KEYS[p].public)) for p, f in PINS.items())
    for known in (None, KNOWN, keys):
        (report,) = read(lost, known).reports()
        assert [f.kind for f in report.findings] == ["proposal"]
    alone = [recorded.log[8]]
    assert [r.findings for r in read(alone).reports()] == []
    (report,) = read(alone, keys).reports()
    assert [f.kind for f in report.findings] == ["proposal"]
    forged = [replace(Frame.decode(r.frame), signature=bytes(64)) for r in lost]
    records = [Record(f.header.event_class.family, recorded.cid, f.encode()) for f in forged]
    auditor = read(records, keys)
    assert auditor.reports() == [] and {n.kind for n in auditor.notes()} == {"unproposed"}


def test_an_equivocation_is_found_wherever_it_lies(recorded: Recorded) -> None:
    other = signed(recorded.find("telco", "accept"), time="2026-01-01T00:00:01.000Z")
    (report,) = read([*recorded.log, Record("psi", recorded.cid, other.encode())]).reports()
    assert ("equivocation", "telco") in {(f.kind, f.whose) for f in report.findings}


def test_one_collaboration_alone(recorded: Recorded) -> None:
    auditor = Auditor(only=recorded.cid[:6])
    noise = [Record("control", "ab" * 16, b"noise"), Record("control", recorded.cid, b"noise")]
    for record in [*noise, *recorded.log]:
        auditor.take(record)
    assert [r.collaboration for r in auditor.reports()] == [recorded.cid]
    assert [n.collaboration for n in auditor.notes()] == [recorded.cid]
    other = Auditor(only="ab" if recorded.cid[0] != "a" else "ba")
    assert [other.take(record) for record in recorded.log] == [[]] * len(recorded.log)
    assert other.reports() == []


class Flooded:
    """A log whose other topics are read before the one that holds proposals."""

    history = True

    def __init__(self, records: list[Record]) -> None:
        self.records, self.at, self.opened = records, 0, 0

    async def open(self) -> None:
        self.opened += 1

    async def close(self) -> None:
        pass

    async def subscribe(self, after: Mapping[str, Position]) -> frozenset[str]:
        self.at = 0 if not after else self.at
        return frozenset()

    async def end(self) -> dict[str, int]:
        return {"log": len(self.records)}

    async def committed(self, deliveries: Sequence[Delivery]) -> None:
        pass

    async def receive(self, limit: int, max_bytes: int, timeout: float) -> list[Delivery]:
        some = self.records[self.at : self.at + limit]
        first, self.at = self.at + 1, self.at + len(some)
        return [Delivery(r, Position("log", "id", first + k, r.digest())) for k, r in enumerate(some)]


def test_a_flood_before_the_proposals_costs_a_second_reading(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditing, "MOST_EARLY", 20)
    event = recorded.find("shop", "accept")
    flood = [signed(event, by=MALLORY, subject=canonical_json(n).hex().zfill(32)) for n in range(60)]
    late = sorted(recorded.log, key=lambda r: r.family == "control")
    source = Flooded([*late[:-30], *(Record("control", f.header.subject, f.encode()) for f in flood), *late[-30:]])
    auditor = Auditor()
    asyncio.run(_read(source, auditor))
    (report,) = auditor.reports()
    assert (report.findings, report.witnessed, auditor.given_up, source.opened) == ([], True, False, 2)


async def _read(source: Flooded, auditor: Auditor) -> None:
    await source.open()
    await LogReader(source, auditor, lambda cid, found: None).read()
