"""A job of tomorrow in whole parties: journals of two versions of its machine, and states that come again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.recorded import audited
from tests.support.street import Street, identities
from tests.support.toy import QUESTIONS, TOY, known, tossing
from tests.support.world import tables

from accord_agents.config.policy import Policy
from accord_agents.evidence.export import held_frames, make
from accord_agents.evidence.verdict import verify
from accord_agents.results.files import documents, summary
from accord_agents.results.summary import Ledger
from accord_broker.port import Record
from accord_schemas.errors import UsageError
from accord_schemas.events import State, Tags
from accord_schemas.frame import Frame

DATA = tables(3, n=20, columns=1)


@pytest.fixture(autouse=True)
def toy() -> Iterator[None]:
    with known():
        yield


def frames(street: Street) -> list[Frame]:
    return [frame for _, data in street.log if (frame := Frame.decode(data)).header.number]


@pytest.mark.parametrize("version", [1, 2])
def test_journals_of_both_versions_are_folded_side_by_side(tmp_path: Path, version: int) -> None:
    street = Street(tmp_path, tossing(3, version), DATA, order=version).run()
    assert {c.state for h in street.houses.values() for c in h.desk.collaborations.values()} == {"COMPLETED"}
    heard = {p: house.notes["heard"] for p, house in street.houses.items()}
    assert len(heard["bank"]) == 3 * QUESTIONS and {len(one) for one in heard["bank"]} == {64 * version}
    said = street.said()
    for house in street.houses.values():
        house.restart()  # folds its journal, frame by frame
    assert street.said() == said and heard == {p: house.notes["heard"] for p, house in street.houses.items()}
    street.close()


def test_a_state_that_comes_again_is_announced_at_an_address_of_its_own(tmp_path: Path) -> None:
    street = Street(tmp_path, tossing(3, 2), DATA).run()
    (cid,) = street.houses["bank"].desk.collaborations
    steps = [f.header.step for f in frames(street) if f.header.event_class is State and f.header.source == "bank"]
    again = [name if n == 1 else f"{name}.{n}" for n in range(1, QUESTIONS + 1) for name in ("answering", "agreed")]
    want = {"agreed", *again, f"agreed.{QUESTIONS + 1}", "completed"}
    assert {step.removeprefix("state.") for step in steps} == want and len(steps) == len(set(steps)) == len(want)
    (report,) = audited(Record(family, cid, frame) for family, frame in street.log)
    assert (report.findings, report.sealed, set(report.states.values())) == ([], True, {"COMPLETED"})
    data, warning = make(cid, identities(tuple(DATA))["shop"], list(held_frames(street.houses["shop"].journal, cid)))
    verdict = verify(data)
    assert (warning, verdict.verdict, verdict.findings) == ("", "consistent", [])
    assert ("bank completed with 9 numbers.", "the signed complete event of bank") in verdict.proven
    assert verdict.facts["leader"] == "shop" and {c["phase"] for c in verdict.facts["checkpoints"]} == {"COMPLETED"}
    street.close()


def test_its_results_are_what_the_descriptor_says(tmp_path: Path) -> None:
    street = Street(tmp_path, tossing(3, 1), DATA).run()
    house = street.houses["telco"]
    (cid,) = house.desk.collaborations
    ledger = Ledger()
    for _, outcome in house.desk.fold(cid, house.journal.rows(cid), house.journal.outgoing(cid)):
        ledger.take(house.desk.collaborations[cid], outcome)
    collaboration = house.desk.collaborations[cid]
    assert set(documents(collaboration, ledger, None)) == {"heard.json"}
    result = summary(collaboration, ledger)
    assert (result["job"], result["leader"], result["status"]) == ("toy", "shop", "COMPLETED")
    assert "coefficients" not in result and set(result["seconds"]) == {"toss", "answer"}
    street.close()


def test_a_version_that_is_not_there_is_refused_and_never_run(tmp_path: Path) -> None:
    terms = tossing(3, 3)
    assert (
        Policy(proposals="accept", min_key_bits=2048)
        .judge(terms, "bank")[1]
        .endswith("does not have the agreed version of toss")
    )
    street = Street(tmp_path, terms, DATA).run()  # these accept whatever comes
    assert {c.state for h in street.houses.values() for c in h.desk.collaborations.values()} == {"FAILED"}
    assert not any(f.header.event_class is Tags for f in frames(street))
    street.close()


def test_nobody_proposes_what_is_not_of_its_job(tmp_path: Path) -> None:
    street = Street(tmp_path, tossing(3, 1), DATA)
    bank = street.houses["bank"]
    roles = {p: m.model_copy(update={"role": "feature_holder"}) for p, m in bank.terms.parties.items()}
    with pytest.raises(UsageError, match="a toy job has"):
        bank.desk.propose(bank.terms.model_copy(update={"parties": roles}), "ab" * 32, "2026-01-01T00:00:00.000Z")
    assert not bank.desk.collaborations and not TOY.objection(bank.terms)
    street.close()
