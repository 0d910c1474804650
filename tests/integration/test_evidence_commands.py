"""`accord evidence` and `accord audit` on a real run."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import time
from pathlib import Path

import pytest
from tests.integration.command import Command, Run, wait_for
from tests.support.files import job, people


@pytest.fixture(scope="module")
def run(shared_accord: Command) -> Run:
    done = shared_accord.run(job(people(shared_accord.folder, n=120), seed=7))
    done.completed()
    return done


@pytest.fixture(scope="module")
def file(shared_accord: Command, run: Run) -> Path:
    path = shared_accord.folder / "evidence.json"
    done = shared_accord("evidence", "export", run.out / "shop", path)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert "warning" not in done.stdout and "not witnessed" not in done.stdout
    return path


@pytest.mark.sweep
def test_a_stranger_verifies_it_alone(shared_accord: Command, file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "evidence"
    shutil.copy(file, copy)
    done = shared_accord("evidence", "verify", copy, "--html", tmp_path / "page.html", ACCORD_PASSPHRASE="")
    assert done.returncode == 0 and "who signed is NOT proven" in done.stdout
    assert "<h1" in (tmp_path / "page.html").read_text() and "<script" not in (tmp_path / "page.html").read_text()


def test_with_the_parties_identities_it_is_proven(shared_accord: Command, run: Run, file: Path, tmp_path: Path) -> None:
    done = shared_accord("evidence", "verify", file, "--identities", run.out / "identities.json", "--json")
    said = json.loads(done.stdout)
    assert (done.returncode, said["verdict"], said["algorithms"]) == (0, "proven", ["ed25519"])
    assert said["facts"]["results"]["bank"]["model"] == run.result["model_digest"]["bank"]
    pins = {party: entry["identity"] for party, entry in said["facts"]["parties"].items()}
    (tmp_path / "wrong.json").write_text(json.dumps(pins | {"bank": pins["shop"]}))
    assert shared_accord("evidence", "verify", file, "--identities", tmp_path / "wrong.json").returncode == 4


def test_changed_files_are_refused_in_a_few_words(shared_accord: Command, file: Path, tmp_path: Path) -> None:
    data, rng, bad = file.read_bytes(), random.Random(4), tmp_path / "bad"
    for at in [rng.randrange(len(data)) for _ in range(4)]:
        bad.write_bytes(data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :])
        done = shared_accord("evidence", "verify", bad)
        assert done.returncode in (2, 4) and "Traceback" not in done.stderr
    bad.write_bytes(data[: len(data) // 2])
    done = shared_accord("evidence", "verify", bad)
    assert done.returncode == 2 and "no evidence of Accord" in done.stderr
    assert shared_accord("evidence", "verify", tmp_path / "none").returncode == 2


@pytest.mark.parametrize("what", [["bank-of-nobody"], ["shop", "--collaboration", "zz"]])
def test_nothing_to_export(shared_accord: Command, run: Run, tmp_path: Path, what: list[str]) -> None:
    done = shared_accord("evidence", "export", run.out / what[0], tmp_path / "x", *what[1:])
    assert done.returncode == 2 and "Traceback" not in done.stderr and not (tmp_path / "x").exists()


def test_the_log_alone_is_clean_and_left_alone(shared_accord: Command, run: Run) -> None:
    log = run.out / "broker.db"
    before = {p.name: p.stat().st_mtime_ns for p in run.out.iterdir()}
    done = shared_accord("audit", "--broker", f"embedded:{log}", "--json")
    assert done.returncode == 0, done.stdout
    (found,) = json.loads(done.stdout)["collaborations"]
    assert (found["verdict"], found["findings"], found["witnessed"]) == ("consistent", [], True)
    assert {p.name: p.stat().st_mtime_ns for p in run.out.iterdir()} == before
    assert shared_accord("audit", "--broker", f"embedded:{run.out / 'none.db'}").returncode == 2


def test_a_changed_record_is_found(shared_accord: Command, run: Run, tmp_path: Path) -> None:
    log = tmp_path / "broker.db"
    shutil.copy(run.out / "broker.db", log)
    with sqlite3.connect(log) as db:
        (at, frame) = db.execute("SELECT position, frame FROM log WHERE family='gradients' LIMIT 1").fetchone()
        db.execute("UPDATE log SET frame=? WHERE position=?", (frame[:-1] + bytes([frame[-1] ^ 1]), at))
    db.close()
    done = shared_accord("audit", "--broker", f"embedded:{log}")
    assert done.returncode == 4 and "forged" in done.stdout and "TAMPERED" in done.stdout


def test_a_strangers_record_is_a_note_with_topic_and_offset(shared_accord: Command, run: Run, tmp_path: Path) -> None:
    log = tmp_path / "broker.db"
    shutil.copy(run.out / "broker.db", log)
    with sqlite3.connect(log) as db:
        (family, key, frame) = db.execute(
            "SELECT family, key, frame FROM log WHERE family='results' LIMIT 1"
        ).fetchone()
        columns = "INSERT INTO log(family, key, frame) VALUES (?, ?, ?)"
        offset = db.execute(columns, (family, key, frame[:-1] + bytes([frame[-1] ^ 1]))).lastrowid
    db.close()
    done = shared_accord("audit", "--broker", f"embedded:{log}", "--html", tmp_path / "audit.html")
    assert done.returncode == 0 and f"topic results, offset {offset} of log" in done.stdout, done.stdout
    page = (tmp_path / "audit.html").read_text()
    assert "does not carry its signature" in page and "<script" not in page and f">{offset}<" in page
    done = shared_accord("audit", "--broker", f"embedded:{log}", "--json")
    (note,) = json.loads(done.stdout)["notes"]
    assert (note["kind"], note["topic"], note["offset"], note["collaboration"]) == ("forged", family, offset, key)


def test_proven_and_consistent_are_told_apart_by_a_script(shared_accord: Command, run: Run, file: Path) -> None:
    known, log = run.out / "identities.json", f"embedded:{run.out / 'broker.db'}"
    for what in (["evidence", "verify", file], ["audit", "--broker", log]):
        assert shared_accord(*what, "--require-identities").returncode == 5
        assert shared_accord(*what, "--identities", known, "--require-identities").returncode == 0
        done = shared_accord(*what, "--identities", known, "--json")
        assert json.loads(done.stdout)["who_signed_is_proven"] is True
        assert json.loads(shared_accord(*what, "--json").stdout)["who_signed_is_proven"] is False


def test_one_collaboration_alone(shared_accord: Command, run: Run, file: Path) -> None:
    log, cid = f"embedded:{run.out / 'broker.db'}", json.loads(file.read_bytes())["facts"]["collaboration"]
    done = shared_accord("audit", "--broker", log, "--collaboration", cid[:6])
    assert done.returncode == 0 and "training" in done.stdout and "shop learns:" in done.stdout, done.stdout
    done = shared_accord("audit", "--broker", log, "--collaboration", "zz")
    assert done.returncode == 2 and "'zz'" in done.stderr


def test_a_model_file_is_compared_with_what_is_proven(
    shared_accord: Command, run: Run, file: Path, tmp_path: Path
) -> None:
    model = run.out / "shop" / "model.json"
    done = shared_accord("evidence", "verify", file, "--model", model)
    assert done.returncode == 0 and "is the model of shop" in done.stdout, done.stdout
    other = tmp_path / "other.json"
    other.write_text(model.read_text().replace("1", "2", 1))
    done = shared_accord("evidence", "verify", file, "--model", other)
    assert done.returncode == 4 and f"{other} is not the model: its SHA-256 is" in done.stdout
    other.write_text(json.dumps(json.loads(model.read_text()), indent=2) + "\n")
    done = shared_accord("evidence", "verify", file, "--model", other, "--json")
    assert done.returncode == 4 and "saved again" in json.loads(done.stdout)["findings"][0]["sentence"]
    assert shared_accord("evidence", "verify", file, "--model", tmp_path / "none").returncode == 2


@pytest.mark.sweep
def test_a_rotation_and_a_revocation_leave_the_past_proven(
    shared_accord: Command, run: Run, file: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run.out, folder)
    shop, bank, known = folder / "shop" / "party.yaml", folder / "bank" / "party.yaml", tmp_path / "known.json"
    for party in ("shop", "bank"):
        config = (folder / party / "party.yaml").read_text()
        (folder / party / "party.yaml").write_text(config.replace(str(run.out), str(folder)))

    def keys(*arguments: str | Path, config: Path = shop) -> str:
        done = shared_accord("keys", *arguments, "--config", config)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return done.stdout

    def verified(name: Path) -> tuple[int, str]:
        done = shared_accord("evidence", "verify", file, "--identities", name, "--json")
        log = f"embedded:{run.out / 'broker.db'}"
        assert shared_accord("audit", "--broker", log, "--identities", name).returncode == done.returncode
        return done.returncode, json.loads(done.stdout)["verdict"]

    keys("rotate")
    keys("export", tmp_path / "shop.json")
    known.write_text(keys("known"))
    former = json.loads(known.read_text())["shop"]
    assert len(former) == 2 and "until" in former[1] and "until" not in former[0]
    assert verified(known) == (0, "proven")
    export = json.loads((tmp_path / "shop.json").read_text())
    known.write_text(json.dumps(json.loads(known.read_text()) | {"shop": export}))
    assert verified(known) == (0, "proven"), "the export of a rotation is taken as it is"
    known.write_text(json.dumps({"shop": former[0]["fingerprint"]}))
    assert verified(known) == (4, "tampered"), "the new fingerprint alone is a wrong key"

    assert "revoked since" in keys("revoke", "shop", "--reason", "stolen", config=bank)
    known.write_text(keys("known", config=bank))
    done = shared_accord("evidence", "verify", file, "--identities", known)
    assert done.returncode == 0 and "revoked: stolen" in done.stdout and done.stdout.startswith("proven")
    keys("revoke", "shop", "--reason", "stolen", "--since", "2025-05-12", config=bank)
    known.write_text(keys("known", config=bank))
    assert verified(known) == (4, "tampered")
    done = shared_accord("keys", "revoke", "shop", "--reason", "x", "--since", "2999-01-01", "--config", bank)
    assert done.returncode == 2 and "--since" in done.stderr


def test_following_a_run_until_interrupted(shared_accord: Command, run: Run, tmp_path: Path) -> None:
    watching = shared_accord.start("audit", "--broker", f"embedded:{run.out / 'broker.db'}", "--follow")
    wait_for(lambda: "until Ctrl-C" in shared_accord.said(), 20, "it does not follow")
    time.sleep(0.1)
    watching.send_signal(2)
    assert watching.wait(10) == 0
    assert "with a final checkpoint of all" in shared_accord.said()
