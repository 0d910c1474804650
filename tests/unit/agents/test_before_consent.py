"""What a party sees before it consents: whether all is ready, which of its columns go in, on whom it waits."""

from __future__ import annotations

import io
import json
import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from tests.support.world import agreement

from accord_agents.config.log import LogSettings
from accord_agents.config.party_file import load
from accord_agents.files.folder_lock import held
from accord_agents.journal.journal import Journal
from accord_agents.journal.rows import Batch
from accord_agents.observability.logs import logger
from accord_agents.operator.check import checked, told
from accord_agents.operator.collaborations import _proposal, choices, own_columns, statuses
from accord_agents.operator.waiting import facts
from accord_agents.operator.waiting import told as waits
from accord_agents.operator.work import work
from accord_agents.reading.columns import goes_in
from accord_agents.security.entropy import SystemEntropy
from accord_agents.security.keystore import RANDOM
from accord_agents.security.own_identity import make_identity
from accord_agents.service import job_log
from accord_protocols.kernel.effects import Compute
from accord_protocols.kernel.engine import Job
from accord_scenarios.cli import main
from accord_scenarios.proposal import with_data
from accord_schemas.address import JOB, Address
from accord_schemas.agreement import Align
from accord_schemas.errors import UsageError

CSV = "id,age,income,label\nann,30,1.5,0\nbob,41,2.5,1\n"


@pytest.fixture
def party(tmp_path: Path) -> Path:
    (tmp_path / "rows.csv").write_text(CSV)
    (tmp_path / "word").write_text("a passphrase of words")
    (tmp_path / "word").chmod(0o600)
    make_identity(tmp_path / "keystore", "bank", b"a passphrase of words", SystemEntropy(), cost=RANDOM)
    other = make_identity(tmp_path / "other", "shop", b"a passphrase of words", SystemEntropy(), cost=RANDOM)
    (tmp_path / "identities.json").write_text(json.dumps({"shop": other.export()}))
    return written(tmp_path)


def written(folder: Path, **more: Any) -> Path:
    names = {"keystore": "keystore", "passphrase_file": "word", "identities": "identities.json", "out": "runs"}
    value = {"party": "bank", "broker": f"embedded:{folder / 'log.db'}", "data": {"csv": "rows.csv", "id": "id"}}
    (folder / "party.yaml").write_text(yaml.safe_dump(value | names | more))
    return folder / "party.yaml"


def wrong(path: Path) -> dict[str, str]:
    return {found.what: found.said for found in checked(path, write=False) if found.good is False}


def test_a_party_that_is_ready(party: Path) -> None:
    assert not wrong(party)
    shown = told(checked(party, write=True), as_json=False)
    assert "control may be written" in shown and "the first agent makes it" in shown
    assert "3 feature columns" in shown and "shop is " in shown
    found = json.loads(told(checked(party, write=False), as_json=True))
    assert {one["what"] for one in found} == {"folder", "keys", "identities", "data", "broker", "clock"}
    assert "all topics may be read" in next(one["said"] for one in found if one["what"] == "broker")


def test_each_thing_that_is_wrong_is_said_and_none_hides_another(
    party: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = party.parent
    (folder / "rows.csv").write_text(CSV.replace("41", "forty"))
    (folder / "word").chmod(0o644)
    (folder / "identities.json").unlink()
    found = wrong(written(folder, broker=f"embedded:{folder / 'none' / 'log.db'}"))
    assert "can be read by others" in found["keys"] and "nobody is trusted" in found["identities"]
    assert "line 3, column 'age'" in found["data"] and "forty" not in found["data"]
    assert "cannot be written" in found["broker"]
    assert main(["check", "--config", str(party)]) == 2
    assert "WRONG  data" in capsys.readouterr().out


def test_which_columns_go_in(party: Path) -> None:
    terms = agreement(2)
    own = load(written(party.parent, data={"csv": "rows.csv", "id": "id", "label": "label"})).chosen("")
    assert goes_in(own, terms, "bank") == "of rows.csv ids (id), label label, and 2 columns: age, income"
    ids = terms.model_copy(update={"job": "psi", "train": None, "test_rows": None})
    assert goes_in(own, ids, "shop") == "of rows.csv ids (id) alone"
    carried = ids.model_copy(update={"align": Align(carry={"shop": ("age",)})})
    assert "1 column: age as they are" in goes_in(own, carried, "shop")
    few = load(written(party.parent, data={"csv": "rows.csv", "id": "id", "features": ["age", "size"]})).chosen("")
    assert goes_in(few, terms, "shop") == "nothing yet: rows.csv has no column 'size'"


def test_several_data_sets_are_looked_at_and_chosen_from(party: Path) -> None:
    folder, rows = party.parent, {"csv": "rows.csv", "id": "id"}
    (folder / "orders.csv").write_text("id,sum\nann,1\nbob,x\n")
    path = written(folder, data={"people": rows, "orders": {"csv": "orders.csv", "id": "id"}})
    found = [one for one in checked(path, write=False) if one.what == "data"]
    assert [one.good for one in found] == [False, True] and found[1].said.startswith("people: rows.csv: id id")
    assert found[0].said.startswith("orders: ") and "sum" in found[0].said
    proposal = status(accepted=False, collaboration="c1", name="n", proposer="shop", waits_for=[])
    own, config = own_columns(load(path), proposal), load(path)
    assert own.startswith("what you choose; orders: of orders.csv") and "; people: of rows.csv ids (id)" in own
    lines = _proposal(proposal, own, "", choices(config, proposal)).splitlines()
    assert lines[-1].startswith("  answer with: accord accept c1 --data orders|people, or: ")
    terms = with_data(agreement(2), "shop", ["bank=people"])
    named = proposal | {"agreement": terms.model_dump(mode="json")}
    assert own_columns(config, named).startswith("of rows.csv ids (id)") and choices(config, named) == []
    assert "  bank is label holder with its data set people, identity" in _proposal(named, own, "", [])
    assert with_data(agreement(2), "shop", ["b-1"]).parties["shop"].data == "b-1"
    for wrong_one, why in (("telco=x", "no party telco"), ("bank=No!", "names no data set")):
        with pytest.raises(UsageError, match=why):
            with_data(agreement(2), "shop", [wrong_one])
    strange = with_data(agreement(2), "shop", ["bank=none"]).model_dump(mode="json")
    assert own_columns(config, proposal | {"agreement": strange}).startswith("nothing yet: bank has no data set 'none'")


def status(**more: Any) -> dict[str, Any]:
    value = {"state": "PROPOSED", "accepted": True, "since": "2026-11-29T01:00:00.5Z", "waits_for": ["shop"]}
    return value | {"agreement": agreement(2).model_dump(mode="json")} | more


def test_on_whom_it_waits() -> None:
    found = facts(status(), "bank")
    assert found["waits_for"] == ["shop"] and found["until"] == "2026-11-29T02:00:00.500Z"
    shown = waits(status() | found, "bank")
    assert (
        shown == "\n  waits for shop, since 2026-11-29 01:00 UTC; expires at 2026-11-29 02:00 UTC if they stay silent"
    )
    asked = status(accepted=False, waits_for=[])
    assert facts(asked, "bank") == {"waits_for": ["bank"], "since": asked["since"], "until": None}
    assert "waits for your answer" in waits(asked | facts(asked, "bank"), "bank")
    assert "at work" in waits(status() | facts(status(state="TRAINING", waits_for=[]), "bank"), "bank")
    assert waits(status(state="COMPLETED") | facts(status(state="COMPLETED"), "bank"), "bank") == ""
    old = {"state": "TRAINING", "accepted": True, "agreement": None}
    assert facts(old, "bank") == {"waits_for": [], "since": None, "until": None}


def test_how_far_it_is_with_the_job_at_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, now = io.StringIO(), [0.0]
    monkeypatch.setattr(job_log, "time", SimpleNamespace(monotonic=lambda: now[0]))

    series: job_log.Series = {}

    def at(cid: str, task: str, begun: int = 0, number: int = 0, of: int = 1, instance: str = "i") -> job_log.JobLog:
        compute = Compute("s", task, number=number, of=of)
        found = job_log.JobLog(logger(out), cid, Job(Address(instance, "s", JOB), compute), series)
        if begun:
            found.found(begun)
        return found

    def told_now() -> dict[str, dict[str, Any]]:
        (tmp_path / "agent.log").write_text("cut off\n" + out.getvalue() + '{"event": "worki')
        return work(tmp_path / "agent.log")

    first, second = at("c1", "align.blind"), at("c2", "pads.make", 40)
    now[0] = 10.0
    first.working(25, 100)
    second.working(50, 100)  # ten of them here, in as many seconds
    found = told_now()
    assert found["c1"] == {"task": "align.blind", "part": 25, "of": 100, "left": 30.0} and found["c2"]["left"] == 50.0
    doing = status(waits_for=[], work=found["c1"])
    assert waits(doing | facts(doing, "bank"), "bank") == "\n  at work: align.blind 25 %, about 30 s left"
    waiting = status(work=found["c1"])
    assert "waits for shop" in waits(waiting | facts(waiting, "bank"), "bank")
    first.done()
    at("c2", "another")
    assert set(told_now()) == {"c2"} and work(tmp_path / "none") == {}
    several = [at("c3", "ot.read", number=number, of=3) for number in range(3)]
    now[0] = 14.0
    several[2].done()
    assert told_now()["c3"] == {"task": "ot.read", "part": 1, "of": 3, "left": 8.0}
    other = [at("c3", "ot.read", number=number, of=2, instance="another") for number in range(2)]
    for job in other:
        job.done()
    several[1].done()
    assert told_now()["c3"] == {"task": "ot.read", "part": 2, "of": 3, "left": 2.0}
    several[0].done()
    assert set(told_now()) == {"c2"} and not series


@pytest.mark.parametrize(
    ("now", "shown"),
    [({}, True), ({"level": "debug"}, True), ({"level": "warning"}, False), ({"form": "human"}, False)],
)
def test_what_an_agent_said_before_it_started_again_is_not_what_it_does_now(
    party: Path, now: dict[str, str], shown: bool
) -> None:
    """Its log was of another form or level then, and nothing of the new one says that the old job is over."""
    config, cid = load(written(party.parent, log=now)), "c" * 32
    config.out.mkdir(parents=True, exist_ok=True)
    at = Job(Address("i", "s", JOB), Compute("s", "align.blind"))

    def works(part: int, settings: LogSettings) -> None:
        with (config.out / "agent.log").open("a", encoding="utf-8") as file:
            job_log.JobLog(logger(file, settings.level, human=settings.form == "human"), cid, at, {}).working(part, 4)

    journal = Journal(config.journal)
    batch = Batch()
    batch.statuses[cid] = ("TRAINING", json.dumps(status(waits_for=[], agreement=None)))
    journal.commit(batch)
    journal.close()
    works(1, LogSettings())
    assert statuses(config)[0]["work"] is None, "no agent runs"
    with held(config.out):
        os.utime(config.out / "agent.pid", (time.time() + 1, time.time() + 1))
        assert statuses(config)[0]["work"] is None, "said before it started"
        os.utime(config.out / "agent.pid", (time.time(), time.time()))
        works(2, config.log)
        found = statuses(config)[0]["work"]
        assert (found or {}).get("part") == (2 if shown else None)


def test_the_party_s_file_is_found(
    party: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    below = party.parent / "work" / "today"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert main(["inbox"]) == 0 and "No proposal" in capsys.readouterr().out
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert main(["inbox"]) == 2 and "--config" in capsys.readouterr().err
    monkeypatch.setenv("ACCORD_CONFIG", str(party))
    assert main(["inbox"]) == 0
