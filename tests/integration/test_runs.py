"""`accord run` from files to results, compared with the joined data in plaintext."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.integration.command import Command, Run, column, frames, raw
from tests.support.files import job, people
from tests.support.oracle import Truth, central, common_ids

from accord_schemas.frame import Frame

FIELDS = (
    *("status", "reason", "intersection_size", "train_rows", "test_rows", "gate", "rounds", "converged", "loss"),
    *("coefficients", "intercept", "metrics", "reference", "alone", "model_digest", "engine", "protection", "profile"),
    *("seconds", "bytes", "events", "peak_rss_mib", "scheme", "backend", "restarts", "warnings", "insecure_seed"),
    "accord_version",
)
PHASES = {"total", "keys", "gate", "align", "prepare", "offline", "train", "evaluate"}


def agrees(result: dict[str, Any], truth: Truth, tolerance: float = 1e-3) -> None:
    assert result["intersection_size"] == len(truth.common)
    assert {p: set(c) for p, c in result["coefficients"].items()} == {p: set(c) for p, c in truth.coefficients.items()}
    pairs = [(result["coefficients"][p][c], w) for p, cs in truth.coefficients.items() for c, w in cs.items()]
    error = max(abs(got - want) for got, want in [*pairs, (result["intercept"], truth.intercept)])
    assert error <= tolerance * max(1.0, *(abs(w) for _, w in pairs))


def intersections(run: Run, parties: list[str], common: set[str]) -> None:
    for party in parties:
        ids = column(run.out / party / "intersection.csv", "id")
        assert len(ids) == len(common)
        assert set(ids) == common


@pytest.mark.sweep
def test_awkward_files_of_three_parties(accord: Command) -> None:
    parties = people(accord.folder)
    run = accord.run(job(parties, align={"max_overlap": 0.9}, evaluate={"reference": True}))
    result, truth = run.completed(), central(parties)

    agrees(result, truth)
    assert set(FIELDS) <= set(result)
    assert {phase for phase, seconds in result["seconds"].items() if isinstance(seconds, float)} == PHASES
    assert result["gate"]["decision"] == "pass"
    assert set(result["gate"]["pairs"]) == {"shop", "telco"}
    assert (result["train_rows"], result["test_rows"]) == (
        len(truth.common) - len(truth.predictions),
        len(truth.predictions),
    )
    assert len(result["loss"]) >= result["rounds"] > 0
    assert result["loss"] == sorted(result["loss"], reverse=True)
    assert result["converged"] is True
    assert set(result["model_digest"]) == set(result["peak_rss_mib"]) == set(parties)
    assert result["restarts"] == dict.fromkeys(parties, 0)
    assert result["insecure_seed"] is False
    assert result["metrics"]["rmse"] == pytest.approx(truth.rmse, rel=1e-3)
    assert result["reference"]["rmse"] == pytest.approx(truth.rmse, rel=1e-6)
    assert result["reference"]["max_coefficient_error"] < 1e-3
    assert any("constant" in warning for warning in result["warnings"])

    intersections(run, list(parties), truth.common)
    predictions = run.out / "bank" / "predictions.csv"
    ids, labels, values = (column(predictions, name) for name in ("id", "label", "prediction"))
    assert set(ids) == set(truth.predictions)
    assert len(ids) == len(truth.predictions)
    assert [float(y) for y in labels] == [truth.labels[i] for i in ids]
    assert [float(v) for v in values] == pytest.approx([truth.predictions[i] for i in ids], abs=5e-3)
    assert not list(run.out.glob("shop/predictions.csv"))
    assert all((run.out / p / "model.json").exists() for p in parties)
    assert not list(run.out.glob("*/agent.pid"))
    stands_alone(run.out / "report.html")
    assert not [i for i in truth.common if i.encode() in raw(run.out)], "ids are on the log"
    accord.nobody_left()


def stands_alone(page: Path) -> None:
    html = page.read_text(encoding="utf-8")
    loads = re.findall(r"""(?:src|href|url|@import)\s*[=(]?\s*["']?\s*(?:https?:)?//[^"'\s>)]+""", html)
    assert not loads, "the report loads from elsewhere"
    assert "<svg" in html


@pytest.mark.sweep
def test_five_parties_at_level_score_without_evaluation(accord: Command) -> None:
    parties = people(accord.folder, 5, 160, lambda i: str(10**6 + i), keep=0.95, seed=5, nasty=False)
    scenario = job(parties, train={"protection": "score"})
    del scenario["evaluate"]
    run = accord.run(scenario)
    result = run.completed()
    agrees(result, central(parties, testing=False))
    assert result["protection"] == "score"
    assert result["test_rows"] in (0, None)
    assert not result["metrics"]
    assert not list(run.out.glob("*/predictions.csv"))
    intersections(run, list(parties), common_ids(parties))


@pytest.mark.sweep
def test_two_parties_only_align(accord: Command) -> None:
    parties = people(accord.folder, 2, 150, seed=3)
    scenario = job(parties)
    del scenario["train"], scenario["evaluate"], parties["bank"]["data"]["label"]
    run = accord.run(scenario)
    result = run.completed()
    common = common_ids(parties)
    assert result["intersection_size"] == len(common)
    intersections(run, list(parties), common)
    assert result["coefficients"] is None
    assert result["rounds"] is None
    assert not list(run.out.glob("*/model.json"))


@pytest.mark.sweep
def test_the_gate_refuses_before_anybody_is_named(accord: Command) -> None:
    parties = people(accord.folder, 2, 400, keep=0.98, seed=9, nasty=False)
    run = accord.run(job(parties, align={"max_overlap": 0.8}))
    result = run.result
    assert run.code == 3
    assert (result["status"], result["gate"]["decision"]) == ("REFUSED", "refuse")
    assert result["reason"]
    assert result["intersection_size"] is None
    assert not list(run.out.glob("*/intersection.csv"))
    said = [Frame.decode(frame) for family, frame in frames(run.out / "broker.db") if family == "psi"]
    assert {frame.header.event_class.name for frame in said} == {"sample", "answer"}
    log = raw(run.out)
    assert b"example.org" not in log
    assert "käufer-".encode() not in log
    stands = (run.out / "report.html").read_text(encoding="utf-8")
    assert "REFUSED" in stands or "refused" in stands


@pytest.mark.sweep
def test_nobody_in_common_is_a_refusal(accord: Command) -> None:
    parties = people(accord.folder, 2, 100, nasty=False)
    parties["shop"] = people(accord.folder, 2, 100, lambda i: f"other-{i}", seed=6, nasty=False)["shop"]
    run = accord.run(job(parties))
    assert (run.code, run.result["status"]) == (3, "REFUSED")
    assert "common" in run.result["reason"]
