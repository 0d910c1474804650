"""What may be wrong with a log file, and what is said about it."""

import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path

import pytest

from accord_broker.embedded import log as module
from accord_broker.embedded.errors import explain
from accord_broker.embedded.log import SCHEMA, Log
from accord_broker.port import BrokerError, Record

RECORD = Record("psi", "job", b"x" * 1000)


def change(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file)) as db, db:
        for statement in statements:
            db.execute(statement)


def refused(file: Path) -> BrokerError:
    before = {p.name: p.stat().st_size for p in file.parent.iterdir()} if file.parent.is_dir() else {}
    with pytest.raises(BrokerError) as caught:
        Log(file).close()
    after = {p.name: p.stat().st_size for p in file.parent.iterdir() if not p.name.endswith("-lock")} if before else {}
    assert after.items() <= before.items()
    assert not caught.value.retry
    assert str(file) in str(caught.value)
    return caught.value


def test_settings_are_the_measured_ones(file: Path, log: Log) -> None:
    for pragma, value in (("page_size", 16384), ("journal_mode", "wal"), ("synchronous", 1), ("wal_autocheckpoint", 0)):
        assert log._db.execute(f"PRAGMA {pragma}").fetchone()[0] == value
    assert len(log.id) == 32


def _open(file: Path) -> str:
    log = Log(file)
    log.append([RECORD])
    log.close()
    return log.id


@pytest.mark.sweep
def test_many_may_be_first_at_once(file: Path) -> None:
    with get_context("spawn").Pool(6) as pool:
        ids = pool.map(_open, [file] * 24, chunksize=1)
        pool.close()
        pool.join()
    assert len(set(ids)) == 1
    with closing(Log(file)) as log:
        assert log.end() == 24


def test_a_creation_that_was_cut_off_is_taken_up(file: Path) -> None:
    change(file, "PRAGMA page_size=16384", "PRAGMA journal_mode=WAL")
    assert file.stat().st_size
    with closing(Log(file)) as log:
        log.append([RECORD])
        assert log.end() == 1


def test_text_is_no_log(file: Path) -> None:
    file.write_text("id,label\n1,2\n" * 1000)
    assert "no Accord log" in refused(file).message
    assert file.read_text().startswith("id,label")


def test_another_database_is_no_log_and_stays_as_it_is(file: Path) -> None:
    change(file, "CREATE TABLE journal(x)")
    assert "no Accord log" in refused(file).message
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert db.execute("SELECT name FROM sqlite_master").fetchall() == [("journal",)]


def test_a_newer_log_is_refused(file: Path) -> None:
    Log(file).close()
    change(file, f"PRAGMA user_version={SCHEMA + 1}")
    assert "newer version of accord" in str(refused(file))


def old(file: Path) -> None:
    """Make a log what version 1 would have made of it."""
    change(file, *(f"ALTER TABLE log DROP COLUMN {name}" for name in ("trace", "at", "size")), "PRAGMA user_version=1")


def test_a_log_of_version_1_is_taken_over_with_its_records(file: Path) -> None:
    trace = f"00-{'4b' * 16}-{'0f' * 8}-01"
    with closing(Log(file)) as log:
        log.append([RECORD])
        position = log.read(0, 1, 1 << 20)[0][0].position
    old(file)
    for count in (2, 3):
        with closing(Log(file)) as log:
            assert log.holds(position)
            log.append([Record("psi", "job", b"new", trace)])
            found = [d.record for d in log.read(0, 9, 1 << 20)[0]]
        assert [r.trace for r in found] == ["", trace, trace][:count]
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA,)


def test_who_has_a_log_of_version_1_open_goes_on_writing(file: Path) -> None:
    Log(file).close()
    old(file)
    with closing(sqlite3.connect(file, isolation_level=None)) as earlier:
        earlier.execute("SELECT count(*) FROM log")
        with closing(Log(file)) as log:
            earlier.execute("INSERT INTO log(family, key, frame) VALUES('psi', 'job', x'00')")
            assert [d.record for d in log.read(0, 9, 1 << 20)[0]] == [Record("psi", "job", b"\0")]


def test_a_damaged_log_is_named(file: Path) -> None:
    with closing(Log(file)) as log:
        log.append([RECORD] * 200)
    with file.open("r+b") as raw:
        raw.truncate(16384)
    with pytest.raises(BrokerError, match=r"is damaged|cannot be read") as caught, closing(Log(file)) as log:
        log.read(0, 500, 1 << 20)
    assert str(file) in str(caught.value)


def test_a_folder_is_no_log(file: Path) -> None:
    file.mkdir()
    assert "cannot be opened" in refused(file).message


def test_a_missing_folder_is_not_made(tmp_path: Path) -> None:
    assert "does not exist" in refused(tmp_path / "typo" / "log.db").message
    assert not (tmp_path / "typo").exists()


def test_a_read_only_folder(tmp_path: Path) -> None:
    folder = Path("/sys") if os.geteuid() == 0 else tmp_path / "locked"  # root may write anywhere else
    if folder.is_relative_to(tmp_path):
        folder.mkdir(mode=0o500)
    assert "cannot be opened for writing" in refused(folder / "log.db").message


def test_a_read_only_file() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        file = folder / "log.db"
        Log(file).close()
        for each in folder.iterdir():
            each.chmod(0o444)
        child = os.fork()
        if child == 0:  # root may write read-only files, so somebody else tries
            if os.geteuid() == 0:
                os.setuid(65534)
            try:
                message = refused(file).message
            except BaseException:  # noqa: BLE001 - the child must not go on with the tests
                os._exit(2)
            os._exit(0 if "cannot be" in message else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_full_disk(file: Path, log: Log) -> None:
    log.append([RECORD])
    pages = log._db.execute("PRAGMA page_count").fetchone()[0]
    log._db.execute(f"PRAGMA max_page_count={pages + 2}")
    with pytest.raises(BrokerError, match="disk is full") as caught:
        log.append([RECORD] * 200)
    assert caught.value.retry
    log._db.execute(f"PRAGMA max_page_count={pages + 1000}")
    log.append([RECORD])
    assert log.end() == 2


def test_a_file_that_may_not_grow(file: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from accord_broker.embedded.log import *\n"
        "log = Log(Path(sys.argv[1]))\n"
        "try: [log.append([Record('psi', 'job', bytes(100000))]) for _ in range(100)]\n"
        "except BrokerError as error: print(error.retry, error)\n"
        "print(log.end())\n"
    )
    limit = 1 << 20

    def confine() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    command = [sys.executable, "-c", program, str(file)]
    done = subprocess.run(command, preexec_fn=confine, capture_output=True, text=True, check=True)
    said, end = done.stdout.splitlines()
    assert said.startswith("True") and str(file) in said and "free space" in said
    with closing(Log(file)) as log:
        assert log.end() == int(end) > 0


def test_a_log_that_another_process_holds(file: Path, log: Log) -> None:
    log._db.execute("PRAGMA busy_timeout=20")
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(BrokerError, match="held by another process") as caught:
            log.append([RECORD])
        assert caught.value.retry
        other.execute("ROLLBACK")
    log.append([RECORD])


def test_opening_does_not_wait_for_ever(file: Path, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.05)
    assert log._locked()
    with pytest.raises(BrokerError, match="keeps the log") as caught:
        Log(file)
    assert caught.value.retry


def test_unknown_trouble_keeps_its_words(file: Path) -> None:
    error = sqlite3.OperationalError("something new")
    error.sqlite_errorcode = sqlite3.SQLITE_AUTH
    assert "something new" in explain(file, error).message
