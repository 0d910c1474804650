"""The profiles sm and pq from the command line: whole runs, and identities by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from tests.integration.command import Command, frames
from tests.integration.test_runs import agrees
from tests.support.files import job, people
from tests.support.oracle import central

from accord_scenarios.cli import main
from accord_schemas.frame import Frame


@pytest.mark.sweep
def test_a_run_with_national_algorithms(accord: Command) -> None:
    parties = people(accord.folder, 2, 200, seed=3)
    run = accord.run(job(parties, security={"profile": "sm"}, seed=5))
    result = run.completed()
    agrees(result, central(parties))
    assert result["profile"] == "sm"
    said = [Frame.decode(frame) for _, frame in frames(run.out / "broker.db")]
    assert said and {frame.header.suite for frame in said} == {"sm"}
    assert {len(frame.signature) for frame in said} == {64}


@pytest.mark.sweep
def test_a_run_beyond_quantum_computers_is_replayed_proven_audited_and_restored(
    accord: Command, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alignment alone: trainings in this profile are in `tests/unit/agents/test_profile_network.py`."""
    parties = {name: {"data": {"csv": str(accord.folder / f"{name}.csv"), "id": "id"}} for name in ("bank", "shop")}
    for name, numbers in (("bank", range(60)), ("shop", range(20, 80))):
        (accord.folder / f"{name}.csv").write_text("id\n" + "".join(f"u{i}\n" for i in numbers))
    security = {"profile": "pq"}
    run = accord.run({"name": "pq", "job": "psi", "parties": parties, "keys": {"bits": 2048}, "security": security})
    assert (run.completed()["profile"], run.result["intersection_size"]) == ("pq", 40)
    said = [Frame.decode(frame) for _, frame in frames(run.out / "broker.db")]
    assert {(frame.header.suite, len(frame.signature)) for frame in said} == {("pq", 3373)}

    def do(*arguments: object) -> str:  # in this process: starting one for each takes longer than all they do
        capsys.readouterr()
        assert main([str(argument) for argument in arguments]) == 0, arguments
        return capsys.readouterr().out

    config, evidence, known, again = run.out / "shop" / "party.yaml", *map(accord.folder.joinpath, ("e", "k", "again"))
    do("replay", run.out)
    known.write_text(do("keys", "known", "--config", config))
    do("evidence", "export", run.out / "shop", evidence)
    verdict = json.loads(do("evidence", "verify", evidence, "--identities", known, "--json"))
    assert (verdict["verdict"], verdict["algorithms"]) == ("proven", ["ml-dsa-65+ed25519"])
    assert "ml-dsa-65+ed25519 signatures over each header" in do("evidence", "verify", evidence)
    do("audit", "--broker", f"embedded:{run.out / 'broker.db'}")
    shown = do("keys", "show", "--config", config)
    do("backup", accord.folder / "backup", "--config", config)
    monkeypatch.setenv("ACCORD_PASSPHRASE", (run.out / "shop" / "keystore.key").read_text().strip())
    do("restore", accord.folder / "backup", "--out", again)
    assert do("keys", "show", "--config", again / "party.yaml") == shown
    assert "profile pq" in shown


def test_identities_by_hand_are_of_one_profile(accord: Command) -> None:
    accord.env["ACCORD_PASSPHRASE"] = "correct horse battery staple"  # noqa: S105
    parties = people(accord.folder, 2, 60, seed=4, nasty=False)

    def do(party: str, *arguments: object, code: int = 0) -> str:
        done = accord(*arguments, "--config", accord.folder / f"{party}.yaml")
        assert done.returncode == code and "Traceback" not in done.stderr, done.stderr
        return done.stdout if code == 0 else done.stderr

    for party, profile in (("bank", "sm"), ("shop", "default")):
        config = {
            "party": party,
            "broker": f"embedded:{accord.folder / 'log.db'}",
            "data": parties[party]["data"],
            "keystore": f"{party}.keystore",
            "identities": f"{party}.identities.json",
            "out": party,
        }
        Path(accord.folder / f"{party}.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
        said = do(party, "keys", "init", "--profile", profile)
        assert said.split()[2:] == (["profile", "sm"] if profile == "sm" else [])
        assert do(party, "keys", "export", f"{accord.folder / party}.json").startswith(said.strip())
        assert said.split()[1] in do(party, "keys", "show")
    assert "profile sm" in do("shop", "keys", "trust", f"{accord.folder / 'bank'}.json")
    do("bank", "keys", "trust", f"{accord.folder / 'shop'}.json")
    scenario = accord.scenario(job(parties, security={"profile": "sm"}))
    refused = do("bank", "propose", scenario, code=2)
    assert "the identity of shop is of the profile default, the scenario's is sm" in refused
    assert "--profile sm" in refused
