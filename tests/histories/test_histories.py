"""Yesterday's journals under today's code, on every kind of processor.

A change that breaks one of these breaks journals in the field: it must give the machine that it concerns another
version and keep the old one (docs/upgrading.md); see README.md beside this file.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.histories.record import LARGER, LIMIT, recorded, unpack
from tests.property.test_determinism import OLD

from accord_agents.evidence.export import export
from accord_agents.evidence.verdict import verify
from accord_scenarios.replay import replay
from accord_schemas.canonical import canonical_json

ACCORD = Path(sys.executable).with_name("accord")


@pytest.mark.parametrize("name", recorded())
def test_every_bundled_scenario_and_every_job_has_a_history_that_replays(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = unpack(name, tmp_path)
    assert (Path(__file__).parent / f"{name}.tar.xz").stat().st_size <= LARGER.get(name, LIMIT)
    assert replay(folder, full=False, as_json=True) == 0
    said = json.loads(capsys.readouterr().out)
    parties = {path.parent.name for path in folder.glob("*/party.yaml")}
    assert said["verdict"] == "identical" and set(said["parties"]) == parties
    for party in said["parties"].values():
        assert [c["state"] for c in party["collaborations"].values()] == ["COMPLETED"]
        assert party["rows"] > 15 and party["frames"] > 10 and party["journal_version"] != "unknown"
        assert 0 < sum(party["jobs"]["executed_again"].values()) < party["jobs"]["finished"]
    proves(folder / min(parties), tmp_path / "evidence.json")


def proves(party: Path, file: Path) -> None:
    """A party's evidence holds, and one time in it that somebody changed is found: of whatever job it is."""
    export(party, file)
    value = json.loads(file.read_bytes())
    assert all(finding.warning for finding in verify(canonical_json(value)).findings)
    own = (event["header"] for event in value["events"] if event["header"].get("instance", "session") != "session")
    next(own)["time"] = "2026-01-01T00:00:00.001Z"
    assert "forged" in {finding.kind for finding in verify(canonical_json(value)).findings}


@pytest.mark.sweep
def test_another_kind_of_processor_gives_the_same_in_every_job(tmp_path: Path) -> None:
    command = [str(ACCORD), "replay", str(unpack("wine", tmp_path)), "--full", "--json"]
    done = subprocess.run(command, env=os.environ | OLD, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    for party in json.loads(done.stdout)["parties"].values():
        jobs = party["jobs"]
        assert sum(jobs["executed_again"].values()) == jobs["finished"]
        assert {"keys.paillier.make", "prepare.refit", "pads.multiply"} <= set(jobs["executed_again"])
