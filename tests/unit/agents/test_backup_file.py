"""Sealed backups: every bit counts, nothing is left behind, and what comes back is what was there."""

from __future__ import annotations

import io
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from accord_agents.backup import create
from accord_agents.backup import stream as sealed
from accord_agents.backup.create import backup
from accord_agents.backup.restore import restore
from accord_agents.backup.stream import CHUNK, StreamReader, StreamWriter
from accord_agents.config.party_file import load
from accord_agents.journal.journal import Journal
from accord_agents.journal.rows import Batch, Row
from accord_agents.security.entropy import SystemEntropy
from accord_agents.security.keystore import RANDOM, Keystore
from accord_agents.security.own_identity import make_identity
from accord_schemas.errors import AccordError, TamperError, UsageError

WORD = b"correct horse battery staple"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key derivation for tests that open a file hundreds of times."""
    monkeypatch.setattr(sealed, "_COST", (4, 1, 1))
    monkeypatch.setenv("ACCORD_PASSPHRASE", WORD.decode())


def seal(data: bytes) -> bytes:
    out = io.BytesIO()
    with StreamWriter(out, WORD) as writer:
        for at in range(0, len(data), 100_000):
            writer.write(data[at : at + 100_000])
    return out.getvalue()


def opened(data: bytes, size: int, word: bytes = WORD) -> bytes:
    reader = StreamReader(io.BytesIO(data), Path("a"), word)
    found = reader.read(size)
    reader.end()
    return found


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5])
def test_what_was_sealed_is_read_again(size: int) -> None:
    data = random.Random(size).randbytes(size)
    file = seal(data)
    assert opened(file, size) == data
    assert len(file) == 13 + 1 + 3 + 32 + 32 + size + 16 * max(1, -(-size // CHUNK))
    assert seal(data) != file, "two backups share a key"
    for wrong in (size + 1, max(size - 1, 0)):
        if wrong != size:
            with pytest.raises(TamperError):
                opened(file, wrong)


def test_every_bit_counts() -> None:
    data = random.Random(1).randbytes(300)
    file = seal(data)
    for at in range(len(file)):
        changed = bytearray(file)
        changed[at] ^= 1 << at % 8
        with pytest.raises(TamperError):
            opened(bytes(changed), 300)


def test_chunks_cannot_be_dropped_moved_cut_or_added() -> None:
    size = 3 * CHUNK
    file = seal(bytes(size))
    head, step = len(file) - 3 * (CHUNK + 16), CHUNK + 16
    one, two, three = (file[head + k * step : head + (k + 1) * step] for k in range(3))
    for body in (one + two, one + three, two + one + three, one + two + three + three, one + two + three[:-1], b""):
        with pytest.raises(TamperError):
            opened(file[:head] + body, size)
    with pytest.raises(TamperError):
        opened(file + b"\0", size)
    with pytest.raises(TamperError):
        opened(file[: head - 1], size)


def test_a_wrong_passphrase_is_told_apart_from_damage() -> None:
    with pytest.raises(UsageError, match="passphrase does not open"):
        opened(seal(b"abc"), 3, b"another")


def test_a_later_version_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed, "VERSION", 2)
    file = seal(b"abc")
    monkeypatch.undo()
    with pytest.raises(UsageError, match="version 2"):
        opened(file, 3)


# ---- whole parties


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A party that has an open collaboration, results, and a request that nobody waits for."""
    home = tmp_path / "home"
    home.mkdir()
    make_identity(home / "shop.keystore", "shop", WORD, SystemEntropy(), cost=RANDOM)
    (home / "shop.identities.json").write_text("{}")
    value = {
        "party": "shop",
        "broker": "embedded:log.db",
        "data": {"csv": "shop.csv", "id": "id"},
        "keystore": "shop.keystore",
        "identities": "shop.identities.json",
        "out": "runs",
        "passphrase_file": "word",
    }
    (home / "shop.yaml").write_text(yaml.safe_dump(value))
    (home / "word").write_bytes(WORD)
    (home / "word").chmod(0o600)
    (home / "log.db").write_bytes(b"the broker's")
    out = home / "runs"
    (out / "snapshots").mkdir(parents=True)
    (out / "snapshots" / "ab.table").write_bytes(random.Random(2).randbytes(CHUNK + 7))
    (out / "c1").mkdir()
    (out / "c1" / "model.json").write_text("{}")
    (out / "agent.log").write_text("{}")
    (home / "shop.keystore.rows").mkdir()
    (home / "shop.keystore.rows" / "c0.rows").write_bytes(b"which rows were trained on, and scored")
    journal = Journal(out / "journal.db")
    journal.commit(Batch(rows=[Row("c1", "command", b"accept", b"secret", "2026-01-01T00:00:00.000Z")]))
    journal.ask("accept", "{}")
    journal.close()
    yield home


MEMORY = "shop.keystore.rows/c0.rows"


def tree(folder: Path) -> dict[str, bytes]:
    found = sorted(p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in found}


def test_a_party_comes_back_whole_and_marked(home: Path, tmp_path: Path) -> None:
    file, before, out = tmp_path / "b", tree(home), tmp_path / "new"
    assert "shop: 6 files" in backup(home / "shop.yaml", file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b", "home"], "something is left behind"
    assert before == tree(home)
    assert f"--config {out / 'party.yaml'}" in restore(file, out)
    after = tree(out)
    same = ("shop.keystore", "shop.identities.json", "runs/snapshots/ab.table", "runs/c1/model.json", MEMORY)
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    assert set(after) == {*same, "party.yaml", "runs/journal.db"}, "a passphrase, a log, or more"
    assert all(path.stat().st_mode & 0o077 == 0 for path in out.rglob("*"))
    config = load(out / "party.yaml")
    assert (config.keystore, config.out) == (out / "shop.keystore", out / "runs")
    assert config.broker == f"embedded:{home / 'log.db'}" and config.chosen("").name == "shop.csv"
    assert Keystore.open(config.keystore, WORD).get("storage")
    journal = Journal(config.journal)
    assert journal.meta("restored") and [row.payload for row in journal.rows("c1")] == [b"secret"]
    assert journal.requests() == [], "what somebody asked for then would be done now"
    journal.close()
    original = Journal(home / "runs" / "journal.db")
    assert original.meta("restored") is None and original.requests()
    original.close()


def test_a_journal_that_is_written_meanwhile_is_of_one_piece(home: Path, tmp_path: Path) -> None:
    journal = Journal(home / "runs" / "journal.db")
    backup(home / "shop.yaml", tmp_path / "b")
    journal.commit(Batch(rows=[Row("c1", "command", b"refused", b"later", "2026-01-01T00:00:00.000Z")]))
    journal.close()
    restore(tmp_path / "b", tmp_path / "new")
    copy = Journal(tmp_path / "new" / "runs" / "journal.db")
    copy.verify()
    assert [row.head for row in copy.rows("c1")] == [b"accept"]
    copy.close()


def test_what_lies_elsewhere_is_gathered(home: Path, tmp_path: Path) -> None:
    """As in a party's folder of `accord run`: everything in one, identities outside."""
    inner = home / "shop"
    inner.mkdir()
    value = yaml.safe_load((home / "shop.yaml").read_text())
    (home / "shop.keystore").rename(inner / "keystore")
    (home / "shop.keystore.rows").rename(inner / "keystore.rows")
    (home / "runs" / "journal.db").rename(inner / "journal.db")
    value |= {"keystore": "keystore", "identities": "../shop.identities.json", "out": ".", "passphrase_file": "word"}
    (inner / "party.yaml").write_text(yaml.safe_dump(value))
    (inner / "word").write_bytes(WORD)
    (inner / "word").chmod(0o600)
    (inner / "one_shot.json").write_text("{}")
    backup(inner / "party.yaml", tmp_path / "b")
    restore(tmp_path / "b", tmp_path / "new")
    expected = {"party.yaml", "keystore", "identities.json", "journal.db", "one_shot.json", "keystore.rows/c0.rows"}
    assert set(tree(tmp_path / "new")) == expected
    assert load(tmp_path / "new" / "party.yaml").passphrase_file == tmp_path / "new" / "word"


def test_another_configuration_says_where_the_world_is_now(home: Path, tmp_path: Path) -> None:
    backup(home / "shop.yaml", tmp_path / "b")
    value = yaml.safe_load((home / "shop.yaml").read_text()) | {"broker": "embedded:/srv/log.db", "workers": 2}
    (home / "moved.yaml").write_text(yaml.safe_dump(value))
    restore(tmp_path / "b", tmp_path / "new", home / "moved.yaml")
    config = load(tmp_path / "new" / "party.yaml")
    assert (config.broker, config.workers, config.out) == ("embedded:/srv/log.db", 2, tmp_path / "new" / "runs")
    (home / "moved.yaml").write_text(yaml.safe_dump(value | {"party": "bank"}))
    with pytest.raises(UsageError, match="backup of shop"):
        restore(tmp_path / "b", tmp_path / "newer", home / "moved.yaml")
    assert not (tmp_path / "newer").exists()


def test_a_damaged_backup_leaves_nothing_behind(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "b"
    backup(home / "shop.yaml", file)
    good = file.read_bytes()
    for bad in (good[:-1], good[: len(good) // 2], good[:-50] + bytes([good[-50] ^ 1]) + good[-49:], b"", b"no backup"):
        file.write_bytes(bad)
        with pytest.raises(TamperError):
            restore(file, tmp_path / "new")
        assert sorted(p.name for p in tmp_path.iterdir()) == ["b", "home"]


def test_what_cannot_be_done_is_said(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "b"
    backup(home / "shop.yaml", file)
    with pytest.raises(UsageError, match="exists"):
        backup(home / "shop.yaml", file)
    with pytest.raises(UsageError, match="lost together"):
        backup(home / "shop.yaml", home / "runs" / "b")
    with pytest.raises(UsageError, match="not empty"):
        restore(file, home)
    with pytest.raises(UsageError, match="no backup"):
        restore(tmp_path / "absent", tmp_path / "new")
    with pytest.raises(AccordError, match="cannot be written"):
        backup(home / "shop.yaml", tmp_path / "no" / "folder")
    monkeypatch.setenv("ACCORD_PASSPHRASE", "wrong")
    (home / "word").unlink()
    with pytest.raises(UsageError, match="passphrase"):
        backup(home / "shop.yaml", tmp_path / "c")
    with pytest.raises(UsageError, match="passphrase"):
        restore(file, tmp_path / "new")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b", "home"]


@pytest.mark.parametrize("name", ["../evil", "/evil", "elsewhere", "out/../../evil"])
def test_nothing_is_written_outside(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Whoever knows the passphrase may have made it by hand."""
    monkeypatch.setattr(create, "_files", lambda *_: iter([(name, home / "shop.keystore")]))
    backup(home / "shop.yaml", tmp_path / "b")
    with pytest.raises(TamperError, match="no backup of a party"):
        restore(tmp_path / "b", tmp_path / "new")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b", "home"]


def test_a_large_file_needs_little_memory(home: Path, tmp_path: Path) -> None:
    import tracemalloc

    big = home / "runs" / "snapshots" / "big.table"
    with big.open("wb") as out:
        os.truncate(out.fileno(), 64 << 20)
    tracemalloc.start()
    try:
        backup(home / "shop.yaml", tmp_path / "b")
        restore(tmp_path / "b", tmp_path / "new")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20, f"{peak} bytes"
    assert (tmp_path / "new" / "runs" / "snapshots" / "big.table").stat().st_size == 64 << 20
    assert json.loads((tmp_path / "new" / "runs" / "c1" / "model.json").read_text()) == {}
