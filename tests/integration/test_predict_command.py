"""`accord predict`: the parties of a run predict new rows by their model, replayed and proven like any other job."""

from __future__ import annotations

import contextlib
import csv
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from tests.integration.command import Command, Run
from tests.support.files import Parties, job, people, table


def later(accord: Command, parties: Parties) -> dict[str, Path]:
    """New files: other ids, columns in another order and one more; the second party lacks a row and has nulls."""
    files = {}
    for number, (party, member) in enumerate(parties.items()):
        with Path(member["data"]["csv"]).open(encoding="utf-8-sig", newline="") as file:
            head, *rows = csv.reader(file)
        rows = [["new-" + row[0], *row[1:]] for row in rows[: 40 - number]]
        if number == 1:
            rows[5][1] = "NA"
        shown = [[*reversed(row), "red"] for row in rows]
        files[party] = table(accord.folder / f"{party}-june.csv", [*reversed(head), "further"], shown)
    return files


def predicted(files: dict[str, Path], run: Run) -> dict[str, float]:
    """Each common id's prediction, from everybody's model file in plain Python."""
    totals: dict[str, list[float]] = {}
    for party, path in files.items():
        model = json.loads((run.out / party / "model.json").read_text())
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                z = model["intercept"] or 0.0
                for fit in model["preparation"]["kept"]:
                    x = fit["impute"] if row[fit["name"]] == "NA" else float(row[fit["name"]])
                    if fit["low"] is not None:
                        x = min(max(x, fit["low"]), fit["high"])
                    z += model["coefficients"][fit["name"]] * (x - fit["mean"]) / fit["scale"]
                totals.setdefault(row["id"], []).append(z)
    return {identifier: sum(parts) for identifier, parts in totals.items() if len(parts) == len(files)}


@pytest.fixture(scope="module")
def base(shared_accord: Command) -> tuple[Run, dict[str, Path]]:
    """A completed training of two parties, and new files."""
    parties = people(shared_accord.folder, 2, 120, seed=6, nasty=False)
    run = shared_accord.run(job(parties))
    run.completed()
    return run, later(shared_accord, parties)


def given(files: dict[str, Any]) -> list[str]:
    return [part for party, path in files.items() for part in ("--data", f"{party}={path}")]


@pytest.mark.sweep
def test_new_rows_are_predicted_replayed_and_proven(shared_accord: Command, base: tuple[Run, dict[str, Path]]) -> None:
    accord, (run, files) = shared_accord, base
    out = accord.folder / "june.csv"
    done = accord("predict", run.out, *given(files), "--out", out)
    assert done.returncode == 0, done.stderr
    with out.open(newline="") as file:
        head, *rows = csv.reader(file)
    want = predicted(files, run)
    assert head == ["id", "prediction"] and {row[0]: float(row[1]) for row in rows} == pytest.approx(want, abs=1e-6)
    home = run.out / "predictions" / "1"
    result = json.loads((home / "result.json").read_text())
    assert (result["job"], result["predicted"], result["leader"]) == ("predict", len(want), "bank")
    assert result["unmatched"] == 40 - len(want) > 0
    assert result["model_digest"] == run.result["model_digest"]
    assert f"{len(want)} rows" in done.stdout and "without a record" in done.stdout
    assert not (home / "shop" / "predictions.csv").exists()
    with contextlib.closing(sqlite3.connect(home / "bank" / "journal.db")) as journal:
        query = "SELECT 1 FROM meta WHERE name=?"
        assert journal.execute(query, (f"figures/{result['collaboration']}",)).fetchall(), "which figures it has"
    assert accord("replay", home).returncode == 0
    assert accord("replay", run.out).returncode == 0, "what was trained is as it was"
    assert accord("evidence", "export", home / "shop", home / "evidence.json").returncode == 0
    verdict = accord("evidence", "verify", home / "evidence.json")
    assert verdict.returncode == 0 and f"bank completed with {len(want)} predicted rows." in verdict.stdout


@pytest.mark.sweep
def test_what_cannot_be_predicted_starts_nothing(shared_accord: Command, base: tuple[Run, dict[str, Path]]) -> None:
    accord, (run, files) = shared_accord, base
    before = len(list((run.out / "predictions").glob("*/result.json")))
    odd = table(accord.folder / "odd.csv", ["id", "x0_0"], [["a", "1"]])
    cases: list[tuple[list[str], str]] = [
        (given({"bank": files["bank"]}), "the file of shop is missing"),
        ([*given(files), "--data", f"zoe={odd}"], "there is no party zoe"),
        ([*given(files), "--data", f"shop={odd}"], "names shop twice"),
        (given(files | {"bank": odd}), "has no column 'x0_1'"),
        (given(files | {"bank": "nothing.csv"}), "there is no file"),
        ([*given(files), "--data", "shop"], "expected PARTY=FILE"),
        ([*given(files), "--for", "zoe"], "there is no party zoe"),
        ([*given(files), "--paths"], "not for a model without trees"),
    ]
    for arguments, word in cases:
        done = accord("predict", run.out, *arguments, "--out", accord.folder / "never.csv")
        assert done.returncode == 2 and word in done.stderr, (arguments, done.stderr)
    done = accord("predict", run.out, *given(files), "--out", odd)
    assert done.returncode == 2 and "exists" in done.stderr
    done = accord("predict", accord.folder, *given(files), "--out", accord.folder / "never.csv")
    assert done.returncode == 2 and "holds no run" in done.stderr
    model = run.out / "shop" / "model.json"
    kept = model.read_bytes()
    for wrong, word in ((None, "shop has no model"), (kept.replace(b'"format":1', b'"format":9'), "has the format 9")):
        model.unlink() if wrong is None else model.write_bytes(wrong)
        done = accord("predict", run.out, *given(files), "--out", accord.folder / "never.csv")
        model.write_bytes(kept)
        assert done.returncode == 2 and word in done.stderr
    result = run.out / "shop" / "result.json"
    kept = result.read_bytes()
    result.write_bytes(kept.replace(b"COMPLETED", b"FAILED"))
    done = accord("predict", run.out, *given(files), "--out", accord.folder / "never.csv")
    result.write_bytes(kept)
    assert done.returncode == 2 and "is FAILED, not COMPLETED" in done.stderr
    assert len(list((run.out / "predictions").glob("*/result.json"))) == before
    assert not (accord.folder / "never.csv").exists()
