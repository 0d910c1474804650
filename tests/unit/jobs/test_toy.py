"""A job of tomorrow in whole parties: journals of two versions of its machine, and states that come again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.recorded import audited
from tests.support.simulated import SimulatedNetwork, identities
from tests.support.toy import QUESTIONS, TOY, known, tossing
from tests.support.world import tables

from accord_agents.config.policy import Policy
from accord_agents.evidence.export import held_frames, make
from accord_agents.evidence.verdict import verify
from accord_agents.results.files import Findings, result_fields
from accord_agents.results.summary import RunSummary
from accord_broker.port import Record
from accord_schemas.errors import UsageError
from accord_schemas.events import State, Tags
from accord_schemas.frame import Frame

DATA = tables(3, n=20, columns=1)


@pytest.fixture(autouse=True)
def toy() -> Iterator[None]:
    with known():
        yield


def frames(network: SimulatedNetwork) -> list[Frame]:
    return [frame for _, data in network.log if (frame := Frame.decode(data)).header.number]


@pytest.mark.parametrize("version", [1, 2])
def test_journals_of_both_versions_are_folded_side_by_side(tmp_path: Path, version: int) -> None:
    network = SimulatedNetwork(tmp_path, tossing(3, version), DATA, order=version).run()
    assert {c.state for h in network.members.values() for c in h.dispatcher.collaborations.values()} == {"COMPLETED"}
    heard = {p: member.notes["heard"] for p, member in network.members.items()}
    assert len(heard["bank"]) == 3 * QUESTIONS and {len(one) for one in heard["bank"]} == {64 * version}
    said = network.said()
    for member in network.members.values():
        member.restart()  # folds its journal, frame by frame
    assert network.said() == said and heard == {p: member.notes["heard"] for p, member in network.members.items()}
    network.close()


def test_a_state_that_comes_again_is_announced_at_an_address_of_its_own(tmp_path: Path) -> None:
    network = SimulatedNetwork(tmp_path, tossing(3, 2), DATA).run()
    (cid,) = network.members["bank"].dispatcher.collaborations
    steps = [f.header.step for f in frames(network) if f.header.event_class is State and f.header.source == "bank"]
    again = [name if n == 1 else f"{name}.{n}" for n in range(1, QUESTIONS + 1) for name in ("answering", "agreed")]
    want = {"agreed", *again, f"agreed.{QUESTIONS + 1}", "completed"}
    assert {step.removeprefix("state.") for step in steps} == want and len(steps) == len(set(steps)) == len(want)
    (report,) = audited(Record(family, cid, frame) for family, frame in network.log)
    assert (report.findings, report.witnessed, set(report.states.values())) == ([], True, {"COMPLETED"})
    data, warning = make(cid, identities(tuple(DATA))["shop"], list(held_frames(network.members["shop"].journal, cid)))
    verdict = verify(data)
    assert (warning, verdict.verdict, verdict.findings) == ("", "consistent", [])
    assert ("bank completed with 9 numbers.", "the signed complete event of bank") in verdict.proven
    assert verdict.facts["leader"] == "shop" and {c["phase"] for c in verdict.facts["checkpoints"]} == {"COMPLETED"}
    network.close()


def test_its_results_are_what_the_descriptor_says(tmp_path: Path) -> None:
    network = SimulatedNetwork(tmp_path, tossing(3, 1), DATA).run()
    member = network.members["telco"]
    (cid,) = member.dispatcher.collaborations
    ledger = RunSummary()
    for _, outcome in member.dispatcher.fold(cid, member.journal.rows(cid), member.journal.outgoing(cid)):
        ledger.take(member.dispatcher.collaborations[cid], outcome)
    collaboration = member.dispatcher.collaborations[cid]
    assert set(Findings.of(collaboration, ledger, {}).documents(None)) == {"heard.json"}
    result = result_fields(collaboration, ledger)
    assert (result["job"], result["leader"], result["status"]) == ("toy", "shop", "COMPLETED")
    assert "coefficients" not in result and set(result["seconds"]) == {"toss", "answer"}
    network.close()


def test_a_version_that_is_not_there_is_refused_and_never_run(tmp_path: Path) -> None:
    terms = tossing(3, 3)
    assert (
        Policy(proposals="accept", min_key_bits=2048)
        .judge(terms, "bank")[1]
        .endswith("does not have the agreed version of toss")
    )
    network = SimulatedNetwork(tmp_path, terms, DATA).run()  # these accept whatever comes
    assert {c.state for h in network.members.values() for c in h.dispatcher.collaborations.values()} == {"FAILED"}
    assert not any(f.header.event_class is Tags for f in frames(network))
    network.close()


def test_nobody_proposes_what_is_not_of_its_job(tmp_path: Path) -> None:
    network = SimulatedNetwork(tmp_path, tossing(3, 1), DATA)
    bank = network.members["bank"]
    roles = {p: m.model_copy(update={"role": "feature_holder"}) for p, m in bank.terms.parties.items()}
    with pytest.raises(UsageError, match="a toy job has"):
        bank.dispatcher.propose(bank.terms.model_copy(update={"parties": roles}), "ab" * 32, "2026-01-01T00:00:00.000Z")
    assert not bank.dispatcher.collaborations and not TOY.objection(bank.terms)
    network.close()
