"""`accord replay --commitments`: a party's folder, held against what the party had committed to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from accord_agents.replay.commitments import MADE, sentence
from accord_scenarios.cli import main


def test_what_was_computed_is_made_of_the_committed_data_and_peers_signed_for_it(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(run), "--commitments", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    for party, peer in (("cellar", "spectrum"), ("spectrum", "cellar")):
        ((_, one),) = said["parties"][party]["collaborations"].items()
        found = one["commitments"]
        assert {*found["checked"]} >= {MADE[task] for task in ("ids.commit", "prepare.refit", "pads.multiply")}
        assert {"keys/ids", "prepare/prepared"} <= set(found["events"])
        assert all(event["signed_for_by"] == [peer] for event in found["events"].values())


def test_without_being_asked_nothing_is_said_of_them(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(run / "cellar"), "--json"]) == 0
    ((_, one),) = json.loads(capsys.readouterr().out)["parties"]["cellar"]["collaborations"].items()
    assert one["commitments"] is None


def test_events_that_no_peer_signed_for_are_told() -> None:
    def told(*signers: list[str]) -> str:
        events = {str(n): {"event": n, "digest": "ab", "signed_for_by": who} for n, who in enumerate(signers)}
        return sentence({"checked": ["a", "b"], "events": events})

    assert told(["bank", "shop"], ["shop"]) == "made of the committed data: a, b; signed for by shop"
    assert told(["bank"], []).endswith("no peer's checkpoint covers all of it")
    assert told() == "nothing was committed to"
