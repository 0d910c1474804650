"""`accord psi`: the common users of two to four parties, replayed and proven like any other job."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.integration.command import Command, column

SETS = {
    "two": (range(120), range(40, 160)),
    "four": (range(100), range(25, 125), range(50, 150), range(12, 112)),
}
"""Ids of the parties of a run."""


def lists(accord: Command, sets: tuple[range, ...], **more: Any) -> dict[str, Any]:
    """A scenario of parties without roles, each with a list of ids."""
    parties = {}
    for name, numbers in zip(("shop", "bank", "telco", "insurer"), sets, strict=False):
        path = accord.folder / f"{name}-{len(sets)}.csv"
        path.write_text("id,city\n" + "".join(f"user-{i:05d},{name} {i % 3}\n" for i in numbers))
        parties[name] = {"data": {"csv": str(path), "id": "id"}}
    return {"name": "lists", "job": "psi", "parties": parties, "keys": {"bits": 2048}} | more


@pytest.mark.parametrize("name", ["two", pytest.param("four", marks=pytest.mark.sweep)])
def test_every_party_has_the_join_and_everything_can_be_proven(accord: Command, name: str) -> None:
    sets = SETS[name]
    carry = {} if name == "four" else {"carry": {"shop": ["city"]}}
    content = lists(accord, sets, align={"max_overlap": None if name == "four" else 0.9} | carry)
    run = accord.run(content)
    result, want = run.completed(), sorted(f"user-{i:05d}" for i in set.intersection(*map(set, sets)))
    for party in content["parties"]:
        assert column(run.out / party / "intersection.csv", "id") == want, "in the order of the ids"
        if carry:
            assert column(run.out / party / "aligned.csv", "id") == want
            assert column(run.out / party / "aligned.csv", "shop.city") == [f"shop {int(i[5:]) % 3}" for i in want]
        assert (run.out / party / "aligned.csv").exists() == bool(carry)
        assert not (run.out / party / "model.json").exists()
        assert json.loads((run.out / party / "result.json").read_text())["leader"] == "bank"
    assert (result["job"], result["intersection_size"], result["leader"]) == ("psi", len(want), "bank")
    assert result["rounds"] is result["coefficients"] is result["seconds"]["train"] is None
    assert f"{len(want)} users in common." in run.text and "Who learns what" in (run.out / "report.html").read_text()
    assert accord("replay", run.out, *(["--full"] if name == "two" else [])).returncode == 0
    assert accord("evidence", "export", run.out / "shop", run.out / "evidence.json").returncode == 0
    verdict = accord("evidence", "verify", run.out / "evidence.json")
    assert verdict.returncode == 0 and f"bank completed with {len(want)} common ids." in verdict.stdout
    audit = accord("audit", "--broker", f"embedded:{run.out}/broker.db")
    assert audit.returncode == 0 and "with a final checkpoint of all" in audit.stdout


@pytest.mark.sweep
def test_a_training_scenario_is_aligned_alone_and_nothing_in_common_is_refused(accord: Command) -> None:
    out = accord.out()
    done = accord("psi", "wine", "--out", out, "--set", "keys.bits=2048", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((out / "result.json").read_text())["job"] == "psi"
    path, out = accord.scenario(lists(accord, (range(9), range(20, 29)))), accord.out()
    refused = accord("psi", path, "--out", out)
    assert refused.returncode == 3 and "no users in common" in refused.stdout
    assert accord("replay", out).returncode == 0
