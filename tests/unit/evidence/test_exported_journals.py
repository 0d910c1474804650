"""Exporting from a journal that was damaged or changed, and what a party keeps of second versions."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from tests.histories.record import unpack
from tests.support.recorded import Recorded, signed

from accord_agents.evidence.export import export, held_frames
from accord_agents.journal.journal import Journal
from accord_agents.journal.quarantine import MAX_BODY, Refused
from accord_agents.journal.rows import Batch
from accord_schemas.codes import Code
from accord_schemas.errors import TamperError


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack("wine", tmp_path_factory.mktemp("recorded"))


@pytest.fixture
def folder(past: Path, tmp_path: Path) -> Path:
    """A copy of a party's folder."""
    shutil.copytree(past, tmp_path / "run")
    return tmp_path / "run" / "cellar"


def test_nothing_beside_the_file_is_written(folder: Path, tmp_path: Path) -> None:
    before = {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}
    assert "bytes of evidence" in export(folder, tmp_path / "evidence")
    assert {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()} == before


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("journal.head", 5),
        ("journal.payload", 5),
        ("journal.head", "text"),
        ("outbox.head", 5),
        ("outbox.head", "text"),
        ("outbox.head", b""),
        ("outbox.head", b"ACC1" + bytes(60)),
        ("outbox.payload", 5),
    ],
)
def test_a_changed_row_is_tampering_and_no_traceback(folder: Path, column: str, value: object) -> None:
    table, _, name = column.partition(".")
    with sqlite3.connect(folder / "journal.db") as db:
        db.execute(f"UPDATE {table} SET {name}=? WHERE row=9", (value,))  # noqa: S608
    db.close()
    with pytest.raises(TamperError) as caught:
        export(folder, folder / "evidence")
    assert str(folder / "journal.db") in str(caught.value) and not (folder / "evidence").exists()


def test_a_damaged_file_is_tampering_and_no_traceback(folder: Path) -> None:
    path = folder / "journal.db"
    data = bytearray(path.read_bytes())
    for at in range(3 << 14, 12 << 14):
        data[at] ^= 0x5A
    path.write_bytes(data)
    with pytest.raises(TamperError, match="damaged") as caught:
        export(folder, folder / "evidence")
    assert str(path) in str(caught.value)


def test_a_second_version_of_any_size_reaches_the_evidence(recorded: Recorded, tmp_path: Path) -> None:
    """Quarantine keeps only the first part of what is long: of a sealed event the header and signature are enough."""
    second = signed(recorded.find("telco", "prepared", "prepare"), time="2026-01-01T00:00:09.000Z")
    cut = second.encode() + bytes(MAX_BODY)
    journal = Journal(tmp_path / "journal.db")
    bodies = (second.bare(), cut)
    journal.commit(Batch(quarantined=[Refused("telco", "", body, Code.SECOND_VERSION) for body in bodies]))
    assert [f.digest for f in held_frames(journal, recorded.cid)] == [second.digest]
    journal.close()
