"""A log that is changed, or grows, while it is open."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from accord_broker.embedded.log import WAL_LIMIT, Log
from accord_broker.port import QUARANTINE, BrokerError, Position, Record

RECORD = Record("psi", "job", b"x" * 1000)
BIG = Record("gradients", "job", b"x" * (512 << 10))
BELOW = Record("psi", "job", bytes(60 << 10))  # kept in the table, and so in the write-ahead log


def lost(action: object) -> None:
    with pytest.raises(BrokerError, match="removed, replaced or cut off") as caught:
        action()  # type: ignore[operator]
    assert caught.value.retry


@pytest.mark.parametrize("replaced", [False, True])
def test_a_log_that_was_removed_is_noticed(file: Path, log: Log, replaced: bool) -> None:
    log.append([RECORD])
    found, after = log.read(0, 10, 1000)
    file.rename(file.with_name("away.db"))
    if replaced:
        with closing(sqlite3.connect(file)) as db:
            db.execute("CREATE TABLE log(position INTEGER PRIMARY KEY, family, key, frame)")
    for action in (
        lambda: log.append([RECORD]),
        lambda: log.read(after, 10, 1000),
        lambda: log.holds(found[0].position),
        log.end,
    ):
        lost(action)


def test_records_that_went_away_are_noticed(file: Path, log: Log) -> None:
    log.append([RECORD] * 5)
    _, after = log.read(0, 10, 10000)
    assert after == 5
    with closing(sqlite3.connect(file)) as db, db:
        db.execute("DELETE FROM log WHERE position>3")
    lost(lambda: log.read(after, 10, 10000))
    log.append([RECORD])
    assert log.end() == 6  # a place is never used again


def test_a_position_holds_only_with_its_log_and_record(log: Log) -> None:
    log.append([RECORD, BIG])
    first = log.read(0, 10, 1)[0][0].position
    assert log.holds(first)
    for other in (
        Position("log", "0" * 32, first.offset, first.digest),
        Position("log", log.id, first.offset, bytes(32)),
        Position("log", log.id, first.offset + 1, first.digest),
        Position("log", log.id, 99, first.digest),
    ):
        assert not log.holds(other)


def test_quarantine_moves_the_reader_on(log: Log) -> None:
    bad = Record(QUARANTINE, "job", b"reason")
    log.append([bad] * 5)
    assert log.end() is None
    assert log.read(0, 3, 1000) == ([], 3)
    log.append([RECORD])
    found, after = log.read(3, 10, 1000)
    assert [d.record for d in found] == [RECORD] and after == 6


def test_a_large_append_is_several_transactions(log: Log) -> None:
    statements: list[str] = []
    log._db.set_trace_callback(statements.append)
    log.append([BIG] * 40 + [Record("psi", "job", bytes(9 << 20)), RECORD])
    log._db.set_trace_callback(None)
    assert statements.count("COMMIT") == 5
    assert [r.record for r in log.read(39, 10, 1 << 30)[0]] == [BIG, Record("psi", "job", bytes(9 << 20)), RECORD]


def test_the_write_ahead_log_stays_bounded(file: Path, log: Log) -> None:
    wal, peak, after = file.with_name("log.db-wal"), 0, 0
    with closing(Log(file)) as other:
        for n in range(60):
            (log, other)[n % 2].append([BIG] * 2 + [BELOW] * 2)
            peak = max(peak, wal.stat().st_size)
            after = other.read(after, 4, 8 << 20)[1]
        assert after == 240
    assert peak < WAL_LIMIT + (8 << 20)


def test_only_who_holds_the_lock_cuts(file: Path, log: Log) -> None:
    wal = file.with_name("log.db-wal")
    with closing(Log(file)) as other:
        assert other._locked()
        log.append([BELOW] * 360)
        assert wal.stat().st_size > WAL_LIMIT
    log.append([BELOW])
    assert wal.stat().st_size == 0


def test_a_stopped_reader_holds_nobody_up(file: Path, log: Log) -> None:
    log.append([RECORD])
    with closing(sqlite3.connect(file, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM log").fetchone()
        log.append([BELOW] * 324)
        reader.execute("COMMIT")
    log.append([BIG])
    assert file.with_name("log.db-wal").stat().st_size == 0


@pytest.mark.sweep
def test_killed_writers_leave_a_whole_log(file: Path, log: Log) -> None:
    program = (
        "import sys; from pathlib import Path; from accord_broker.embedded.log import *\n"
        "log = Log(Path(sys.argv[1])); n = 0\n"
        "while True: log.append([Record('psi', sys.argv[2], bytes(300000))] * 3); print(n := n + 1, flush=True)\n"
    )
    acknowledged: dict[str, int] = {}
    for victim in "abcdef":
        with subprocess.Popen([sys.executable, "-c", program, str(file), victim], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(0.03 * (ord(victim) - ord("a")))
            os.kill(process.pid, signal.SIGKILL)
            lines = process.stdout.read().split(b"\n")
            acknowledged[victim] = int(lines[-2]) if len(lines) > 1 else 1
    stored = dict(log._db.execute("SELECT key, count(*) FROM log GROUP BY key").fetchall())
    for victim, batches in acknowledged.items():
        assert stored[victim] % 3 == 0
        assert batches <= stored[victim] // 3 <= batches + 1
    assert log._db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
