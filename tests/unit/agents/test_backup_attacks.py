"""What goes wrong while a backup is made or put back, and what somebody else may see or plant meanwhile."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from accord_agents.backup import create
from accord_agents.backup import restore as restoring
from accord_agents.backup import stream as sealed
from accord_agents.backup.create import backup
from accord_agents.backup.restore import restore
from accord_agents.backup.stream import StreamReader, StreamWriter
from accord_agents.config.party_file import load
from accord_agents.journal.journal import Journal
from accord_agents.journal.rows import Batch, Row
from accord_agents.security.entropy import SystemEntropy
from accord_agents.security.keystore import RANDOM
from accord_agents.security.own_identity import make_identity
from accord_schemas.errors import AccordError, TamperError, UsageError

pytestmark = pytest.mark.variants

WORD = b"correct horse battery staple"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key derivation for tests that open a file hundreds of times."""
    monkeypatch.setattr(sealed, "_COST", (4, 1, 1))
    monkeypatch.setenv("ACCORD_PASSPHRASE", WORD.decode())


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A party that has never run."""
    home = tmp_path / "home"
    home.mkdir()
    make_identity(home / "keystore", "shop", WORD, SystemEntropy(), cost=RANDOM)
    value = {
        "party": "shop",
        "broker": "mqtt://localhost",
        "data": {"csv": "shop.csv", "id": "id"},
        "keystore": "keystore",
        "identities": "identities.json",
        "out": "runs",
    }
    (home / "shop.yaml").write_text(yaml.safe_dump(value))
    return home


@pytest.fixture
def used(home: Path) -> Path:
    """A party that has run."""
    (home / "runs").mkdir()
    journal = Journal(home / "runs" / "journal.db")
    journal.commit(Batch(rows=[Row("c1", "command", b"accept", b"secret", "2026-01-01T00:00:00.000Z")]))
    journal.close()
    return home


def test_a_file_that_was_cut_anywhere_is_damaged() -> None:
    out = io.BytesIO()
    with StreamWriter(out, WORD) as writer:
        writer.write(b"a" * 100)
    for length in range(len(out.getvalue())):
        with pytest.raises(TamperError):
            StreamReader(io.BytesIO(out.getvalue()[:length]), Path("a"), WORD).read(100)


def test_the_journal_in_clear_is_never_where_backups_go(
    used: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That may be another machine's disk, or a folder in which others have put files of that name."""
    safe, seen = tmp_path / "safe", list[tuple[Path, int]]()
    safe.mkdir()
    copy = Journal.copy

    def copied(self: Journal, path: Path) -> None:
        copy(self, path)
        seen.append((path, path.stat().st_mode & 0o777))

    monkeypatch.setattr(Journal, "copy", copied)
    (used / "runs" / "journal.db.part").symlink_to(tmp_path / "planted")
    backup(used / "shop.yaml", safe / "b")
    assert seen == [(used / "runs" / "journal.db.part", 0o600)]
    assert not (tmp_path / "planted").exists() and not seen[0][0].exists()
    assert [p.name for p in safe.iterdir()] == ["b"]


@pytest.mark.parametrize("name", ["keystore", "journal.db.part"])
def test_a_backup_without_its_journal_or_keys_is_none(
    used: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Two are made at once, or somebody moves the keystore."""
    files = create._files

    def gone(*arguments: Any) -> Any:
        for entry, source in files(*arguments):
            if source.name == name:
                source.unlink()
            yield entry, source

    monkeypatch.setattr(create, "_files", gone)
    with pytest.raises(AccordError, match=f"{name}: No such file"):
        backup(used / "shop.yaml", tmp_path / "b")
    assert [p.name for p in tmp_path.iterdir()] == ["home"]


def test_a_backup_of_a_party_that_had_not_run_yet_is_marked(home: Path, tmp_path: Path) -> None:
    """It may have run since, and then it has said what no journal remembers."""
    backup(home / "shop.yaml", tmp_path / "b")
    restore(tmp_path / "b", tmp_path / "new")
    path = load(tmp_path / "new" / "party.yaml").journal
    assert path.stat().st_mode & 0o077 == 0
    journal = Journal(path)
    assert journal.meta("restored")
    journal.close()


def test_no_agent_can_be_started_in_half_a_party(used: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kill leaves the folder as it is: until the journal is marked it has no configuration."""
    backup(used / "shop.yaml", tmp_path / "b")
    mark, found = restoring._mark, list[bool]()

    def marked(path: Path) -> None:
        found.append(bool(list((tmp_path / "new.restoring").glob("*.yaml"))))
        mark(path)

    monkeypatch.setattr(restoring, "_mark", marked)
    left = tmp_path / "new.restoring"
    left.mkdir()
    (left / "keystore").write_text("of a restore that was killed")
    restore(tmp_path / "b", tmp_path / "new")
    assert found == [False]
    assert not left.exists() and load(tmp_path / "new" / "party.yaml").party == "shop"


def test_what_cannot_be_read_is_named(used: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backup(used / "shop.yaml", tmp_path / "b")
    opened = Path.open

    def refused(self: Path, *arguments: Any, **options: Any) -> Any:
        if self == tmp_path / "b":
            raise PermissionError(13, "Permission denied", str(self))
        return opened(self, *arguments, **options)

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(AccordError, match="b cannot be read: Permission denied"):
        restore(tmp_path / "b", tmp_path / "new")


def test_the_folder_that_one_is_in_is_not_replaced(used: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backup(used / "shop.yaml", tmp_path / "b")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    for out in (".", "/"):
        with pytest.raises(UsageError, match="folder that you are in"):
            restore(tmp_path / "b", Path(out))
    restore(tmp_path / "b", Path("new"))
    assert Path("new/party.yaml").exists()


@pytest.mark.parametrize("field", ["out", "keystore", "identities"])
@pytest.mark.parametrize("value", ["/srv/evil", "../evil", 7, None])
def test_a_manifest_names_nothing_outside(
    used: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, field: str, value: object
) -> None:
    """Whoever knows the passphrase may have made it by hand; then no journal elsewhere is marked."""
    described = create.described
    monkeypatch.setattr(create, "described", lambda *a: described(*a) | {field: value})
    backup(used / "shop.yaml", tmp_path / "b")
    with pytest.raises(TamperError, match="no backup of a party"):
        restore(tmp_path / "b", tmp_path / "new")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b", "home"]


def test_a_manifest_that_is_no_configuration_is_refused(
    used: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, manifest in enumerate([[], {"config": []}, {"config": {"party": "shop"}}, "a"]):
        monkeypatch.setattr(create, "json", SimpleNamespace(dumps=lambda *_, m=manifest, **__: json.dumps(m)))
        backup(used / "shop.yaml", tmp_path / f"b{number}")
        monkeypatch.undo()
        monkeypatch.setenv("ACCORD_PASSPHRASE", os.fsdecode(WORD))
        with pytest.raises(TamperError):
            restore(tmp_path / f"b{number}", tmp_path / "new")
