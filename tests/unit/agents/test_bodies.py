"""Large payloads of others lie outside the journal: durable before they are named, checked, erased."""

from __future__ import annotations

from pathlib import Path

import pytest

from accord_agents.journal.journal import BODIES, Journal
from accord_agents.journal.payloads import OUTSIDE
from accord_agents.journal.rows import Batch, Row
from accord_schemas.errors import TamperError
from accord_schemas.suites import sha256

NOW = "2026-01-01T00:00:00.000Z"
LARGE, SMALL = b"x" * OUTSIDE, b"y" * (OUTSIDE - 1)


def rows(*payloads: bytes, sealed: bool = True) -> Batch:
    return Batch(rows=[Row("c1", "event", b"head", p, NOW, sha256(p), sealed) for p in payloads])


def test_what_is_large_and_sealed_is_kept_outside_and_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    journal.commit(rows(LARGE, SMALL, LARGE + b"2"))
    journal.commit(rows(LARGE))
    journal.commit(rows(LARGE + b"3", sealed=False))
    assert [row.payload for row in journal.rows("c1")] == [LARGE, SMALL, LARGE + b"2", LARGE, LARGE + b"3"]
    file = tmp_path / BODIES / "c1"
    assert file.read_bytes() == LARGE + LARGE + b"2" and file.stat().st_mode & 0o777 == 0o600
    assert dict(journal.bodies()) == {sha256(p): p for p in (LARGE, LARGE + b"2")}
    journal.close()
    with file.open("ab") as torn:
        torn.write(b"what no transaction names")  # died in between
    journal = Journal(tmp_path / "journal.db")
    journal.commit(rows(LARGE + b"4"))
    assert journal.payload(sha256(LARGE + b"4")) == LARGE + b"4"
    journal.erase("c1", lambda head: True)
    assert not file.exists() and journal.payload(sha256(LARGE)) is None and list(journal.bodies()) == []
    journal.close()


@pytest.mark.parametrize("change", ["flip", "cut", "remove"])
def test_what_is_not_as_it_was_written_is_noticed(tmp_path: Path, change: str) -> None:
    journal = Journal(tmp_path / "journal.db")
    journal.commit(rows(LARGE))
    file = tmp_path / BODIES / "c1"
    if change == "remove":
        file.unlink()
    else:
        file.write_bytes(b"z" + LARGE[1:] if change == "flip" else LARGE[:-1])
    with pytest.raises(TamperError):
        list(journal.rows("c1"))
    assert list(journal.bodies()) == [(sha256(LARGE), None)]
    journal.close()
