"""What a replay needs, and that it leaves everything as it is, beside a running agent too."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from accord_agents.config.party_file import load
from accord_agents.files.folder_lock import held
from accord_agents.journal.erasure import erase
from accord_agents.journal.journal import Journal
from accord_agents.replay.party import replay
from accord_agents.replay.report import Replayed, exit_code
from accord_agents.security.entropy import SystemEntropy
from accord_agents.security.keystore import RANDOM, Keystore
from accord_agents.security.own_identity import make_identity
from accord_agents.security.passphrase import passphrase
from accord_scenarios.cli import main


def party(run: Path, name: str = "cellar", *, full: bool = False) -> Replayed:
    (found,) = replay([load(run / name / "party.yaml")], full=full)
    return found


def contents(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_nothing_is_written(run: Path) -> None:
    before = contents(run)
    assert main(["replay", str(run)]) == 0
    assert main(["replay", str(run / "cellar")]) == 0
    assert main(["replay", str(run / "cellar/party.yaml"), "--json"]) == 0
    assert contents(run) == before


def test_beside_a_running_agent(run: Path) -> None:
    with held(run / "cellar"):
        journal = Journal(run / "cellar/journal.db")
        journal.set_meta("note", b"still in the -wal file")
        names = {path.name for path in (run / "cellar").iterdir()}
        assert "journal.db-wal" in names
        assert party(run).verdict == "identical"
        assert {path.name for path in (run / "cellar").iterdir()} == names
        journal.set_meta("note", b"and can be written")
        journal.close()


def test_what_a_killed_agent_left_is_part_of_the_journal_and_stays(run: Path, tmp_path: Path) -> None:
    journal = Journal(run / "cellar/journal.db")
    db = sqlite3.connect(run / "cellar/journal.db")
    with db:
        db.execute("DELETE FROM journal WHERE row=5")  # seen by those alone who read the -wal file
    shutil.copytree(run, tmp_path / "killed", ignore=shutil.ignore_patterns("*-shm"))
    db.close()
    journal.close()
    before = contents(tmp_path / "killed")
    assert "cellar/journal.db-wal" in before
    assert "row 6" in party(tmp_path / "killed").problem()
    assert contents(tmp_path / "killed") == before


def test_one_partys_difference_does_not_hide_what_the_others_are(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run / "cellar/model.json").write_bytes(b"{}")
    assert main(["replay", str(run), "--json"]) == 4
    said = json.loads(capsys.readouterr().out)
    assert said["verdict"] == "different" and len(said["problems"]) == 1
    assert {p: found["verdict"] for p, found in said["parties"].items()} == {
        "cellar": "different",
        "spectrum": "identical",
    }


def test_unusable(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*arguments: object) -> str:
        assert main(["replay", *map(str, arguments)]) == 2
        said = capsys.readouterr().err
        assert "Traceback" not in said
        return said

    assert "no run" in refused(tmp_path / "nothing")
    key = run / "cellar/keystore.key"
    right = key.read_bytes()
    key.write_text("wrong")
    assert "passphrase" in refused(run)
    key.write_bytes(right)
    monkeypatch.setenv("ACCORD_PASSPHRASE", "of another party")
    (run / "cellar/party.yaml").write_text("party: cellar")
    refused(run)
    shutil.rmtree(run / "cellar")
    db = sqlite3.connect(run / "spectrum/journal.db")
    db.execute("PRAGMA user_version=99")
    db.close()
    assert "version 99" in refused(run)
    (run / "spectrum/journal.db").unlink()
    assert "no journal" in refused(run)
    assert "spectrum" in refused(run / "spectrum")


def test_the_signing_key_is_not_needed_and_an_unpinned_sender_is_said(run: Path) -> None:
    config = load(run / "cellar/party.yaml")
    old = Keystore.open(config.keystore, passphrase(config.passphrase_file))
    entries = {name: old.get(name) for name in old._entries if name != "identity"}
    config.keystore.unlink()
    entries.pop("accord keystore")
    Keystore.create(config.keystore, passphrase(config.passphrase_file), entries, cost=RANDOM)
    assert party(run).verdict == "identical"
    identities = json.loads(config.identities.read_bytes())
    stranger = make_identity(run / "other", "spectrum", b"x", SystemEntropy(), cost=RANDOM)
    config.identities.write_text(json.dumps(identities | {"spectrum": stranger.export()}))
    assert party(run).verdict == "different"
    config.identities.write_text(json.dumps({"cellar": identities["cellar"]}))
    found = party(run)
    assert (found.verdict, exit_code([found])) == ("unusable", 2) and "spectrum is not pinned" in found.problem()


def test_an_erased_collaboration_is_checked_as_far_as_it_goes(run: Path) -> None:
    config = load(run / "cellar/party.yaml")
    journal = Journal(config.journal)
    (cid,) = journal.collaborations()
    with contextlib.closing(journal):
        journal.set_meta(f"closed/{cid}", b"2026-01-01T00:00:00.000Z")
        erase(journal, Keystore.open(config.keystore, passphrase(config.passphrase_file)), config.out, cid)
    found = party(run)
    assert found.verdict == "identical" and found.rows == 0 and "was erased on" in found.line()
    db = sqlite3.connect(config.journal)
    with db:
        head = db.execute("SELECT head FROM outbox WHERE sequence=4").fetchone()[0]
        db.execute("UPDATE outbox SET head=? WHERE sequence=4", (head[:-1] + bytes([head[-1] ^ 1]),))
    db.close()
    assert "is not signed by cellar" in party(run).problem()


def test_a_mark_of_erasure_does_not_keep_anybody_from_looking(run: Path) -> None:
    journal = Journal(run / "cellar/journal.db")
    journal.set_meta(f"erased/{journal.collaborations()[0]}", b"2026-01-01T00:00:00.000Z")
    journal.close()
    assert "its seed is there" in party(run).problem()


def test_results_of_another_collaboration_or_none_are_no_difference(run: Path) -> None:
    cellar = run / "cellar"
    folder = cellar / json.loads((cellar / "result.json").read_bytes())["collaboration"]
    folder.mkdir()
    for name in ("result.json", "model.json", "predictions.csv", "intersection.csv", "reasons.csv"):
        if (cellar / name).exists():
            (cellar / name).rename(folder / name)
    assert party(run).verdict == "identical"  # as `accord agent` writes them
    (folder / "model.json").write_bytes(b"{}")
    assert party(run).verdict == "different"
    shutil.rmtree(folder)
    assert party(run).verdict == "identical"
