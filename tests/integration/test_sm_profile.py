"""The profile sm from the command line: a whole run, and identities by hand."""

from __future__ import annotations

from pathlib import Path

import yaml
from tests.integration.command import Command, frames
from tests.integration.test_runs import agrees
from tests.support.files import job, people
from tests.support.oracle import central

from accord_schemas.frame import Frame


def test_a_run_with_national_algorithms(accord: Command) -> None:
    parties = people(accord.folder, 2, 200, seed=3)
    run = accord.run(job(parties, security={"profile": "sm"}, seed=5))
    result = run.completed()
    agrees(result, central(parties))
    assert result["profile"] == "sm"
    said = [Frame.decode(frame) for _, frame in frames(run.out / "broker.db")]
    assert said and {frame.header.suite for frame in said} == {"sm"}
    assert {len(frame.signature) for frame in said} == {64}


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
