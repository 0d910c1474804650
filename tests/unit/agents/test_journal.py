"""The journal: whole batches or nothing, rows chained, payloads as written, requests answered once."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from accord_agents.journal.journal import PAGE, Journal
from accord_agents.journal.quarantine import MAX_BODIES, MAX_BODY, MAX_EVIDENCE, Refused
from accord_agents.journal.rows import Batch, Outgoing, Row
from accord_broker.port import Position
from accord_schemas.canonical import digest
from accord_schemas.codes import Code
from accord_schemas.errors import AccordError, TamperError

NOW = "2026-01-01T00:00:00.000Z"


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path / "journal.db")
    yield opened
    opened.close()


def batch(*numbers: int, size: int = 10) -> Batch:
    rows = [Row("c", "event", b"head %d" % n, b"%d" % n * size, NOW) for n in numbers]
    frames = [Outgoing("c", n, "psi", b"out %d" % n, b"%d" % n * size) for n in numbers]
    return Batch(rows=rows, outgoing=frames, positions=[Position("log", "id", max(numbers), b"d" * 32)])


def change(path: Path, sql: str, *values: object) -> None:
    db = sqlite3.connect(path)
    with db:
        db.execute(sql, values)
    db.close()


def test_two_that_make_it_at_once_have_the_same(tmp_path: Path) -> None:
    """An agent that has just begun, and a command that asks it something."""
    both = threading.Barrier(2)

    def opened(path: Path) -> None:
        both.wait()
        Journal(path).close()

    with ThreadPoolExecutor(2) as pool:
        for number in range(12):
            for done in [pool.submit(opened, tmp_path / f"{number}.db") for _ in range(2)]:
                done.result()


def test_a_journal_waits_for_who_is_about_to_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite would not, where the first to open it has it write ahead."""
    other = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waited = []

    def slept(seconds: float) -> None:
        waited.append(seconds)
        other.execute("ROLLBACK")

    monkeypatch.setattr(time, "sleep", slept)
    Journal(tmp_path / "journal.db").close()
    assert len(waited) == 1
    other.close()


def test_what_was_committed_is_there_after_a_restart_page_by_page(journal: Journal, tmp_path: Path) -> None:
    count = 2 * PAGE + 3
    for n in range(1, count + 1):
        journal.commit(batch(n))
    journal.close()
    again = Journal(tmp_path / "journal.db")
    again.verify()
    assert [r.head for r in again.rows("c")] == [b"head %d" % n for n in range(1, count + 1)]
    assert [o.sequence for o in again.outgoing("c", after=5)] == list(range(6, count + 1))
    assert again.positions()["log"].offset == count and again.collaborations() == ["c"]
    again.commit(batch(count + 1))
    again.verify()
    again.close()


def test_a_full_disk_keeps_nothing_of_a_batch_and_the_next_one_works(journal: Journal) -> None:
    journal.commit(batch(1))
    pages = journal._db.execute("PRAGMA page_count").fetchone()[0]
    journal._db.execute(f"PRAGMA max_page_count={pages + 1}")
    with pytest.raises(AccordError, match="full"):
        journal.commit(batch(2, 3, size=100_000))
    assert [r.head for r in journal.rows("c")] == [b"head 1"] and journal.positions()["log"].offset == 1
    journal._db.execute(f"PRAGMA max_page_count={pages + 1000}")
    journal.commit(batch(2, 3, size=100_000))
    journal.verify()


@pytest.mark.parametrize("column", ["head", "kind", "time", "collaboration"])
def test_a_changed_row_is_found(journal: Journal, tmp_path: Path, column: str) -> None:
    journal.commit(batch(1, 2, 3))
    change(tmp_path / "journal.db", f"UPDATE journal SET {column}=? WHERE row=2", "x")  # noqa: S608
    with pytest.raises(TamperError, match="row 2"):
        journal.verify()


def test_a_removed_row_and_a_changed_payload_are_found(journal: Journal, tmp_path: Path) -> None:
    journal.commit(batch(1, 2, 3))
    change(tmp_path / "journal.db", "UPDATE payload SET body=? WHERE body=?", b"other", b"2" * 10)
    for read in (journal.rows, journal.outgoing):
        with pytest.raises(TamperError, match="payload"):
            list(read("c"))
    change(tmp_path / "journal.db", "DELETE FROM journal WHERE row=2")
    with pytest.raises(TamperError):
        journal.verify()


def test_equal_payloads_are_kept_once(journal: Journal) -> None:
    journal.commit(batch(1))
    assert journal._db.execute("SELECT count(*) FROM payload").fetchone()[0] == 1


def test_another_version_of_the_file_is_refused(journal: Journal, tmp_path: Path) -> None:
    journal.close()
    change(tmp_path / "journal.db", "PRAGMA user_version=99")
    with pytest.raises(AccordError, match="version 99"):
        Journal(tmp_path / "journal.db")


def test_a_request_is_answered_once_or_withdrawn(journal: Journal) -> None:
    first, second = journal.ask("accept", "{}"), journal.ask("refuse", "{}")
    assert [n for n, _, _ in journal.requests()] == [first, second] and journal.answer(first) is None
    journal.commit(Batch(answers=[(first, '{"collaboration":"c"}')]))
    journal.withdraw(second)
    journal.withdraw(first)
    assert journal.requests() == [] and journal.answer(first) == '{"collaboration":"c"}'


def test_a_flood_of_refused_bytes_fills_no_disk_and_hides_no_evidence(journal: Journal, tmp_path: Path) -> None:
    refused = [Refused("bank", "it was said otherwise", b"proof" * 20_000, Code.SECOND_VERSION)]
    junk = "a second version, says a stranger, and the code does not"
    refused += [Refused("unknown", junk, b"%d" % n * 40_000, Code.MALFORMED) for n in range(MAX_BODIES + 50)]
    for at in range(0, len(refused), 64):
        journal.commit(Batch(quarantined=refused[at : at + 64]))
    kept = journal.quarantine()
    assert [(r.source, r.reason, r.code) for r in kept] == [(r.source, r.reason, r.code) for r in refused]
    assert kept[0][2] == refused[0][2], "evidence is kept, and whole"
    assert [r.body != b"" for r in kept[1:]] == [False] * 50 + [True] * MAX_BODIES
    assert all(len(r.body) <= MAX_BODY for r in kept[1:])
    digests = journal._db.execute("SELECT digest FROM quarantine ORDER BY row").fetchall()
    assert [d for (d,) in digests] == [digest(r.body) for r in refused]
    journal.close()
    again = Journal(tmp_path / "journal.db")
    again.commit(Batch(quarantined=[Refused("bank", "", b"x", Code.SECOND_VERSION)] * (MAX_EVIDENCE + 5)))
    assert sum(r.body != b"" for r in again.quarantine() if r.code is Code.SECOND_VERSION) == MAX_EVIDENCE
    again.close()


def test_not_a_journal(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"no database" * 1000)
    with pytest.raises(AccordError, match="cannot be used"):
        Journal(tmp_path / "x.db")
