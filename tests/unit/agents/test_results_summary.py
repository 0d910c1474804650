"""What a party reports: a fold of outcomes, and the files it writes."""

from __future__ import annotations

import html
import json
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.simulated import SimulatedNetwork
from tests.support.world import Rows, agreement, tables

from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.collaboration.outcome import Move, Outcome
from accord_agents.intake.table import Report, Table
from accord_agents.results.files import Findings, result_fields
from accord_agents.results.summary import RunSummary
from accord_protocols.jobs.alignment import INTERSECTION
from accord_scenarios.jobs.training_words import learned
from accord_scenarios.report.page import render
from accord_schemas.errors import AccordError
from accord_schemas.frame import Frame

DATA = tables(2, n=60, columns=2)


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Collaboration, RunSummary]]:
    """Both parties' summaries of a whole collaboration, folded from their journals."""
    network = SimulatedNetwork(tmp_path_factory.mktemp("network"), agreement(2, max_rounds=2), DATA).run()
    found = {}
    for party, member in network.members.items():
        (cid,) = member.dispatcher.collaborations
        ledger = RunSummary()
        for _, outcome in member.dispatcher.fold(cid, member.journal.rows(cid), member.journal.outgoing(cid)):
            ledger.take(member.dispatcher.collaborations[cid], outcome)
        sizes = [
            (o.family, len(Frame.restore(o.head, None).head) + len(o.payload)) for o in member.journal.outgoing(cid)
        ]
        for family in {f for f, _ in sizes}:
            assert ledger.events[family] == sum(f == family for f, _ in sizes)
            assert ledger.bytes[family] == sum(size + 64 for f, size in sizes if f == family)
        found[party] = (member.dispatcher.collaborations[cid], ledger)
    network.close()
    return found


def table(party: str) -> Table:
    rows = DATA[party]
    return Table(rows.ids, rows.columns, rows.values, rows.labels, Report(len(rows.ids), 0, 0))


def write(folder: Path, party: str, ended: dict[str, tuple[Collaboration, RunSummary]], *, again: bool = False) -> None:
    Findings.of(*ended[party], {"peak_rss_mib": {party: 1.0}}).write(folder, lambda: table(party), again=again)


def test_each_party_knows_its_own_part(ended: dict[str, tuple[Collaboration, RunSummary]]) -> None:
    bank, shop = (result_fields(*ended[p]) for p in ("bank", "shop"))
    common = len(set(DATA["bank"].ids) & set(DATA["shop"].ids))
    for party, result in (("bank", bank), ("shop", shop)):
        assert (result["party"], result["status"], result["reason"]) == (party, "COMPLETED", None)
        assert result["intersection_size"] == common == result["train_rows"] + result["test_rows"]
        assert set(result["coefficients"]) == {party} and result["protection"] == "shared"
        assert result["rounds"] == 2 and result["insecure_seed"] is False
        json.dumps(result)
        kept = ended[party][1].notes["model"]["preparation"]["kept"]
        assert result["per_unit"][party] == {
            fit["name"]: result["coefficients"][party][fit["name"]] / fit["scale"] for fit in kept
        }
    assert set(bank["coefficients"]["bank"]).isdisjoint(shop["coefficients"]["shop"])
    assert bank["intercept"] is not None and shop["intercept"] is None
    assert bank["metrics"] and not shop["metrics"] and bank["loss"] is not None and shop["loss"] is None
    assert bank["model_digest"] == shop["model_digest"] and set(bank["model_digest"]) == {"bank", "shop"}
    assert set(bank["traffic"]["bank"]) == {"shop"}
    assert sum(bank["bytes"].values()) == bank["traffic"]["bank"]["shop"]


def test_a_party_s_own_report_names_all_that_a_run_s_does(
    ended: dict[str, tuple[Collaboration, RunSummary]], tmp_path: Path
) -> None:
    """Who took part, when, who learns what: what `accord run` adds to the parties' results is in each of them, too."""
    for party, others in (("bank", "shop"), ("shop", "bank")):
        write(tmp_path / party, party, ended)
        result = json.loads((tmp_path / party / "result.json").read_bytes())
        assert result["parties"] == {"bank": "label_holder", "shop": "feature_holder"}
        assert result["accord_version"] and result["date"] <= result["ended"]
        page = html.unescape(render(result))
        assert "bank and shop have" in page and "nobody have" not in page and "Accord –" not in page
        assert f"{result['date'][:10]}</p>" in page and "feature holder" in page
        assert all(sentence in page for sentence in learned(result)) and len(learned(result)) > 4
        sent = result["traffic"][party][others]
        assert sent == sum(result["bytes"].values()) and f"{sent / 1e3:.1f} kB" in page


def test_files_of_a_completed_collaboration(ended: dict[str, tuple[Collaboration, RunSummary]], tmp_path: Path) -> None:
    for party in DATA:
        write(tmp_path / party, party, ended)
    bank, shop = tmp_path / "bank", tmp_path / "shop"
    assert (bank / "intersection.csv").read_bytes() == (shop / "intersection.csv").read_bytes()
    lines = (bank / "intersection.csv").read_text().splitlines()
    assert lines[0] == "id" and set(lines[1:]) == set(DATA["bank"].ids) & set(DATA["shop"].ids)
    assert not (shop / "predictions.csv").exists()
    header, *predictions = [line.split(",") for line in (bank / "predictions.csv").read_text().splitlines()]
    labels = dict(zip(DATA["bank"].ids, DATA["bank"].labels, strict=True))  # type: ignore[arg-type]
    assert header == ["id", "label", "prediction"] and all(float(y) == labels[i] for i, y, _ in predictions)
    assert json.loads((bank / "result.json").read_bytes())["peak_rss_mib"] == {"bank": 1.0}
    assert json.loads((shop / "model.json").read_bytes()) == ended["shop"][1].notes["model"]
    assert {stat.S_IMODE(f.stat().st_mode) for f in [*bank.iterdir(), *shop.iterdir()]} == {0o600}
    before = {f: f.read_bytes() for f in bank.iterdir()}
    write(bank, "bank", ended)
    assert before == {f: f.read_bytes() for f in bank.iterdir()}, "writing again changes nothing"
    for f in bank.iterdir():
        f.unlink()
    write(bank, "bank", ended, again=True)
    assert [f.name for f in bank.iterdir()] == ["result.json"], "another witness changes this alone"


def test_a_file_of_many_rows_is_made_some_at_a_time() -> None:
    rows = Rows(tuple(f"u{k}" for k in range(9000)), (), np.empty((9000, 0)), None)
    pieces = INTERSECTION.made({"rows": np.arange(8999, -1, -1)}, rows)
    assert pieces is not None
    found = list(pieces)
    assert len(found) == 3 and max(map(len, found)) < 30_000
    assert b"".join(found).decode().split() == ["id", *sorted(rows.ids)]


def test_a_collaboration_that_was_not_completed_has_no_model(
    ended: dict[str, tuple[Collaboration, RunSummary]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was learned on the way: a model that not all hold is none."""
    collaboration, _ = ended["bank"]
    monkeypatch.setattr(collaboration, "state", "FAILED")
    monkeypatch.setattr(collaboration, "reason", "two versions of one event (shop)")
    write(tmp_path / "bank", "bank", ended)
    assert [f.name for f in (tmp_path / "bank").iterdir()] == ["result.json"]
    result = json.loads((tmp_path / "bank" / "result.json").read_bytes())
    assert result["reason"] == "two versions of one event (shop)"
    assert result["coefficients"] is None and result["intercept"] is None


def test_a_folder_that_cannot_be_written(ended: dict[str, tuple[Collaboration, RunSummary]], tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(AccordError, match="cannot be written"):
        write(tmp_path / "file", "bank", ended)


def moves(*states: tuple[str, int]) -> list[Move]:
    return [Move(f"2026-01-01T00:00:{second:02d}.500Z", state) for state, second in states]


def test_phases_follow_states(ended: dict[str, tuple[Collaboration, RunSummary]]) -> None:
    collaboration, ledger = ended["bank"][0], RunSummary()
    steps = moves(("PROPOSED", 0), ("AGREED", 1), ("KEYED", 3), ("GATED", 3), ("ALIGNED", 7))
    steps += moves(("PREPARED", 8), ("TRAINING", 20), ("TRAINING", 30), ("CONVERGED", 40), ("COMPLETED", 41))
    for move in steps:
        ledger.take(collaboration, Outcome(moves=[move]))
    want = {"keys": 2.0, "gate": 0.0, "align": 4.0, "prepare": 1.0, "offline": 12.0, "train": 20.0, "evaluate": 1.0}
    assert ledger.seconds == want
    assert [start for _, start, _ in ledger.timeline[1:]] == [end for *_, end in ledger.timeline[:-1]]


def test_a_phase_ends_with_a_failure_and_warnings_come_once(ended: dict[str, tuple[Collaboration, RunSummary]]) -> None:
    collaboration, ledger = ended["bank"][0], RunSummary()
    notes: list[Any] = [{"warnings": ["one"], "rows": [1]}, {"warnings": ["one", "two"], "loss": 0.5}]
    ledger.take(collaboration, Outcome(moves=moves(("AGREED", 1), ("FAILED", 5)), notes=notes))
    assert ledger.seconds == {"keys": 4.0}
    assert ledger.warnings == ["one", "two"] and ledger.notes == {"rows": [1], "loss": 0.5}
