"""Results of older programs lack figures that came later; what was taken out of a result is found all the same."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from accord_agents.config.party_file import load
from accord_agents.journal.journal import Journal
from accord_agents.replay.party import replay
from accord_agents.results.written import record, recorded
from accord_agents.security.keystore import Keystore
from accord_agents.security.passphrase import passphrase
from accord_agents.security.storage import StorageCipher
from accord_protocols.jobs.registry import JOBS
from accord_scenarios import replay as of_folder
from accord_schemas.errors import TamperError

TRAIN = JOBS["train"]


def differs(run: Path) -> str:
    """The field in which a party's results differ; empty where none does."""
    (found,) = replay([load(run / "cellar/party.yaml")], full=False)
    assert found.error is None or found.verdict == "different", found.problem()
    said = found.to_json()["difference"]
    return str(said["field"]) if said else ""


def edited(path: Path, change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(path.read_bytes())
    change(value)
    path.write_text(json.dumps(value))
    return value


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program with a figure that the run of the journal knew nothing of."""
    job = replace(TRAIN, figures={**TRAIN.figures, "surprises": lambda learned: {learned.me: 3}})
    monkeypatch.setitem(JOBS, "train", job)


def written(run: Path, *further: str) -> None:
    """Record of each party what its result has, as the agent does that writes it."""
    for path in run.glob("*/party.yaml"):
        config = load(path)
        result = json.loads((path.parent / "result.json").read_bytes())
        cipher = StorageCipher(Keystore.open(config.keystore, passphrase(config.passphrase_file)).get("storage"))
        names = [name for name in (*TRAIN.figures, "status", "bytes", "surprises") if name in result]
        with contextlib.closing(Journal(config.journal)) as journal:
            record(journal, cipher, result["collaboration"], [*names, *further])
            record(journal, cipher, result["collaboration"], [*names, *further])
            assert recorded(journal, cipher, result["collaboration"]) == frozenset([*names, *further])


def forgotten(run: Path) -> None:
    """Leave the journals of a program that did not record what a result has."""
    for path in run.glob("*/party.yaml"):
        with contextlib.closing(sqlite3.connect(load(path).journal)) as journal, journal:
            assert journal.execute("DELETE FROM meta WHERE name LIKE 'figures/%'").rowcount == 1


@pytest.mark.usefixtures("today")
def test_a_figure_that_came_later_is_no_difference_where_the_journal_says_what_was_written(run: Path) -> None:
    forgotten(run)
    assert differs(run) == "surprises"  # the journal does not say: the file may have lost it
    written(run)
    assert differs(run) == ""
    edited(run / "cellar/result.json", lambda result: result.update(surprises={"cellar": 4}))
    assert differs(run) == "surprises"  # what is there is compared, whoever wrote it
    edited(run / "cellar/result.json", lambda result: result.update(surprises={"cellar": 3}))
    assert differs(run) == ""
    written(run)
    edited(run / "cellar/result.json", lambda result: result.pop("surprises"))
    assert differs(run) == "surprises"


@pytest.mark.parametrize("name", ["rounds", "coefficients", "status", "bytes"])
def test_what_was_taken_out_is_found_with_and_without_a_record(run: Path, name: str) -> None:
    edited(run / "cellar/result.json", lambda result: result.pop(name))
    assert differs(run) == name
    edited(run / "cellar/result.json", lambda result: result.update({name: 0}))
    written(run)
    edited(run / "cellar/result.json", lambda result: result.pop(name))
    assert differs(run) == name


def test_what_this_program_has_no_more_is_missed_too(run: Path) -> None:
    written(run, "abolished")
    assert differs(run) == "abolished"
    edited(run / "cellar/result.json", lambda result: result.update(abolished=1))
    assert differs(run) == ""


def test_the_record_is_nobodys_but_the_partys(run: Path) -> None:
    written(run)
    config = load(run / "cellar/party.yaml")
    cid = json.loads((run / "cellar/result.json").read_bytes())["collaboration"]
    cipher = StorageCipher(bytes(32))
    with contextlib.closing(Journal(config.journal)) as journal:
        with pytest.raises(TamperError):
            recorded(journal, cipher, cid)
        journal.set_meta(f"figures/{cid}", cipher.encrypt(b"[]", b""))  # with a digest that fits
    (found,) = replay([config], full=False)
    assert found.verdict == "different"


def test_journals_without_a_record_lack_what_is_named_as_later(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figures = {**TRAIN.figures, "surprises": lambda learned: {learned.me: 3}}
    monkeypatch.setitem(JOBS, "train", replace(TRAIN, figures=figures, later=TRAIN.later | {"surprises"}))
    assert differs(run) == ""
    edited(run / "cellar/result.json", lambda result: result.update(surprises={"cellar": 4}))
    assert differs(run) == "surprises"


@pytest.mark.usefixtures("today")
def test_the_whole_runs_result_is_that_of_its_own_version(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def whole() -> str:
        parties, error = of_folder.replayed(run, full=False, commitments=False)
        assert [party.verdict for party in parties] == ["identical", "identical"]
        return getattr(error, "field", "")

    written(run)
    assert whole() == ""  # no party's file has it either
    for name in ("cellar", "spectrum"):  # an agent of today came by and wrote its result again
        edited(run / name / "result.json", lambda result, me=name: result.update(surprises={me: 3}))  # type: ignore[misc]
    assert whole() == "surprises"  # of this version: it was taken out
    monkeypatch.setattr(of_folder, "version", lambda _: "9.9")
    assert whole() == ""
    edited(run / "result.json", lambda result: result.update(rounds=1))
    assert whole() == "rounds"
    edited(run / "result.json", lambda result: result.pop("status"))
    assert whole() == "status"
    edited(run / "result.json", lambda result: result.update(accord_version="0.0.1"))  # of which no journal is
    assert whole() == "status"
