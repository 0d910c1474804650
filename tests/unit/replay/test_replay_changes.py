"""Whatever is changed in what a party left is found, and named."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from accord_agents.config.party_file import load
from accord_agents.journal.journal import Journal
from accord_agents.journal.rows import Row, row_hash
from accord_agents.replay.party import replay
from accord_agents.replay.report import Replayed, exit_code
from accord_protocols.tasks import align
from accord_protocols.tasks.registry import Result
from accord_scenarios.replay import replay as replay_folder
from accord_schemas.canonical import digest

pytestmark = pytest.mark.variants

BLOBS = (
    *("meta.value", "payload.digest", "payload.body", "journal.head", "journal.payload", "journal.hash"),
    *("outbox.head", "outbox.payload", "channel.wrap", "channel.encrypted", "quarantine.digest", "quarantine.body"),
)
"""Every column of blobs but position.digest, which says only where on the log the agent reads on, and `LARGE`."""
LARGE = ("body.digest", "recipe.digest", "recipe.recipe")
"""Of payloads larger than any here: see test_bodies and test_network_by_reference."""
TRIES = 4


def party(run: Path, name: str = "cellar", *, full: bool = False) -> Replayed:
    (found,) = replay([load(run / name / "party.yaml")], full=full)
    return found


def database(run: Path, name: str = "cellar") -> sqlite3.Connection:
    return sqlite3.connect(run / name / "journal.db", isolation_level=None)


def different(found: Replayed) -> dict[str, Any]:
    assert found.verdict == "different" and exit_code([found]) == 4, found.problem() or found.line()
    said: dict[str, Any] = found.to_json()["difference"]
    assert said["message"] and f"written by accord {found.written}" in found.problem()
    return said


def flipped(blob: bytes, bit: int) -> bytes:
    return bytes([*blob[: bit // 8], blob[bit // 8] ^ 1 << bit % 8, *blob[bit // 8 + 1 :]])


def test_the_columns_are_all_that_there_are(run: Path) -> None:
    db = database(run)
    tables = [t for (t,) in db.execute("SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite%'")]
    columns = [f"{t}.{c[1]}" for t in tables for c in db.execute(f"PRAGMA table_info({t})") if c[2] == "BLOB"]
    db.close()
    assert sorted(columns) == sorted([*BLOBS, *LARGE, "position.digest"])


@pytest.mark.parametrize("column", BLOBS)
def test_a_flipped_bit_in_any_column_of_blobs_is_found(run: Path, tmp_path: Path, column: str) -> None:
    table, _, name = column.partition(".")
    rng = random.Random(column)
    for k in range(TRIES):
        copy = tmp_path / f"copy-{k}"
        shutil.copytree(run, copy)
        db = database(copy)
        if table == "quarantine":
            journal = Journal(copy / "cellar/journal.db")
            db.execute(
                "INSERT INTO quarantine VALUES(1, 't', 's', 'r', ?, ?, 'malformed')",
                (quarantined(journal), b"no frame"),
            )
            journal.close()
        blobs = [b for (b,) in db.execute(f"SELECT {name} FROM {table} WHERE length({name}) > 0")]  # noqa: S608
        blob = blobs[-1] if k == 0 else rng.choice(blobs)
        bit = rng.randrange(8 * len(blob))
        changed = (flipped(blob, bit), blob)
        db.execute(f"UPDATE {table} SET {name}=? WHERE {name}=?", changed)  # noqa: S608
        db.close()
        found = party(copy)
        assert found.verdict == "different", f"{column}, bit {bit} of {len(blob)} bytes: {found.line()}"


def quarantined(journal: Journal) -> bytes:
    assert journal.quarantine() == []
    return digest(b"no frame")


@pytest.mark.sweep
def test_a_flipped_bit_of_the_file_itself_is_no_traceback(run: Path, tmp_path: Path) -> None:
    raw, rng = (run / "spectrum/journal.db").read_bytes(), random.Random(1)
    for k in range(12):
        at = (100 + k if k < 4 else rng.randrange(len(raw) // 64)) * 8
        (run / "spectrum/journal.db").write_bytes(flipped(raw, at))
        found = party(run, "spectrum")
        assert exit_code([found]) in (0, 2, 4), found.problem()
    (run / "spectrum/journal.db").write_bytes(raw[: len(raw) // 2])
    different(party(run, "spectrum"))
    (run / "spectrum/journal.db").write_bytes(b"no database" * 1000)
    different(party(run, "spectrum"))


def edits() -> Iterator[tuple[str, str, str]]:
    """(what, statement, part of what is said)."""
    yield "a row removed", "DELETE FROM journal WHERE row=40", "row 41"
    yield "the last rows removed", "DELETE FROM journal WHERE row>(SELECT max(row)-15 FROM journal)", "nothing in the"
    yield "a row's kind", "UPDATE journal SET kind='command' WHERE row=10", "row 10"
    yield "a row's time", "UPDATE journal SET time='2026-01-01T00:00:00.000Z' WHERE row=10", "row 10"
    yield "an event removed", "DELETE FROM outbox WHERE sequence=7", "event 7 "
    yield "the last event removed", "DELETE FROM outbox WHERE sequence=(SELECT max(sequence) FROM outbox)", "not in the"
    yield "a family", "UPDATE outbox SET family='psi' WHERE sequence=3", "event 3 of"
    yield "a payload removed", "DELETE FROM payload WHERE digest=(SELECT payload FROM outbox)", "missing"
    yield "a payload added", "INSERT INTO payload SELECT randomblob(32), x'00'", "not the one"
    yield "channel keys removed", "DELETE FROM channel", "event "
    yield "marked as erased", "UPDATE meta SET name='erased/x' WHERE name='client'", "not the one"
    yield "a number for a head", "UPDATE outbox SET head=5 WHERE sequence=2", ""
    yield "a text for a payload", "UPDATE payload SET body='x'", ""


@pytest.mark.parametrize(("sql", "said"), [e[1:] for e in edits()], ids=[e[0] for e in edits()])
def test_what_was_edited_is_found_and_named(run: Path, sql: str, said: str) -> None:
    db = database(run)
    assert db.execute(sql).rowcount
    db.close()
    assert said in different(party(run))["message"]


def test_a_forged_row_with_a_new_chain_is_no_event_of_its_sender(run: Path) -> None:
    db = database(run)
    number, head = db.execute("SELECT row, head FROM journal WHERE kind='event' AND row>30 LIMIT 1").fetchone()
    forged = head.replace(b'"watermarks":"cellar=', b'"watermarks":"cellar=1', 1)
    assert forged != head and len(forged) == len(head) + 1
    size = int.from_bytes(head[4:8], "big") + 1
    db.execute("UPDATE journal SET head=? WHERE row=?", (head[:4] + size.to_bytes(4, "big") + forged[8:], number))
    chained(db)
    said = different(party(run))
    assert said["field"] in ("signature", "frame") and f"row {number}" in said["message"]


def test_an_event_moved_behind_another_is_found_by_what_the_party_said(run: Path) -> None:
    db = database(run)
    last = db.execute("SELECT max(row) FROM journal").fetchone()[0]
    first = db.execute("SELECT row FROM journal WHERE kind='event' AND row>30 LIMIT 1").fetchone()[0]
    db.execute("UPDATE journal SET row=? WHERE row=?", (last + 1, first))
    chained(db)
    said = different(party(run))
    assert said["event"] > 0 and said["address"] and said["field"] and said["collaboration"]


def chained(db: sqlite3.Connection) -> None:
    """Give every row the hash that it should have, as somebody would who knows the program."""
    chain = bytes(32)
    for number, cid, kind, head, key, taken, _ in db.execute("SELECT * FROM journal ORDER BY row").fetchall():
        chain = row_hash(chain, Row(cid, kind, head, None, taken), key)
        db.execute("UPDATE journal SET hash=? WHERE row=?", (chain, number))
    db.close()


def changed_json(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    value = json.loads(path.read_bytes())
    change(value)
    path.write_text(json.dumps(value))


@pytest.mark.sweep
def test_results_that_were_altered_are_found(run: Path) -> None:
    def check(name: str, field: str) -> None:
        path = run / "spectrum" / name
        assert different(party(run, "spectrum"))["field"] == field
        path.write_bytes(kept[name])
        assert party(run, "spectrum").verdict == "identical"

    names = ("model.json", "result.json", "intersection.csv")
    kept = {name: (run / "spectrum" / name).read_bytes() for name in names}
    (run / "spectrum/model.json").write_bytes(flipped(kept["model.json"], 801))
    check("model.json", "model.json")
    (run / "spectrum/model.json").unlink()
    check("model.json", "model.json")
    (run / "spectrum/intersection.csv").write_bytes(kept["intersection.csv"][:-5])
    check("intersection.csv", "intersection.csv")
    for field, value in (("rounds", 3), ("status", "FAILED"), ("warnings", []), ("collaboration", "0")):
        changed_json(run / "spectrum/result.json", lambda r, f=field, v=value: r.update({f: v}))  # type: ignore[misc]
        check("result.json", field)
    (run / "spectrum/result.json").write_bytes(b"[")
    check("result.json", "result.json")


def test_the_whole_runs_result_is_held_against_its_parties(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replay_folder(run, full=False, as_json=False) == 0
    changed_json(run / "result.json", lambda r: r["metrics"].update(rmse=0.0))
    assert replay_folder(run, full=False, as_json=False) == 4
    assert "metrics" in capsys.readouterr().err


def test_data_and_secrets_that_were_changed_are_found(run: Path, recorded: Path) -> None:
    (snapshot,) = (run / "cellar/snapshots").iterdir()
    raw = snapshot.read_bytes()
    snapshot.write_bytes(flipped(raw, 8 * len(raw) - 4))
    different(party(run))
    snapshot.unlink()
    different(party(run))
    snapshot.write_bytes(raw)

    def swap(keystore: dict[str, Any]) -> None:
        name = next(n for n in keystore["entries"] if n.endswith("/seed"))
        keystore["entries"][name] = flipped(bytes.fromhex(keystore["entries"][name]), 300).hex()

    changed_json(run / "cellar/keystore", swap)
    different(party(run))
    changed_json(run / "cellar/keystore", lambda k: k["entries"].clear())
    assert party(run).verdict != "identical"


def test_a_job_that_gives_something_else_is_named(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(align, "locate_task", lambda context: Result({"rows": context.inputs["tags"][:1]}))
    said = different(party(run, "spectrum"))
    assert said["field"] == "rows" and "align.locate" in said["address"]


def test_events_of_a_collaboration_without_rows(run: Path) -> None:
    """Whoever empties the journal alone leaves events that nothing makes."""
    db = database(run)
    db.execute("DELETE FROM journal")
    db.execute("DELETE FROM payload WHERE digest NOT IN (SELECT payload FROM outbox)")
    db.close()
    said = different(party(run))
    assert said["field"] == "journal" and "the journal has no row of it" in said["message"]


def test_results_of_a_collaboration_without_rows(run: Path) -> None:
    """An empty journal agrees with everything: results must have something to agree with."""
    db = database(run)
    for table in ("journal", "outbox", "payload", "channel"):
        db.execute(f"DELETE FROM {table}")  # noqa: S608
    db.close()
    said = different(party(run))
    assert said["field"] == "collaboration" and "result.json is of a collaboration" in said["message"]
