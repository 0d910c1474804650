"""Consent: nonces are committed to in `accept` and opened when all have accepted."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest
from tests.support.simulated import SimulatedNetwork
from tests.support.world import agreement, alignment, tables

from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.collaboration.consent import Consent, commitment
from accord_agents.evidence.export import held_frames, make
from accord_agents.evidence.verdict import verify
from accord_agents.operator.collaborations import _proposal
from accord_schemas.canonical import digest
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Accept, Event, IdSet, Nonce, State
from accord_schemas.frame import Frame

CID = "c1" * 16
NONCES = {p: digest(p).hex() for p in ("bank", "shop", "telco")}
ANOTHER = digest("chosen by what the others have opened").hex()


def given() -> Consent:
    consent = Consent(CID, NONCES)
    for party, nonce in NONCES.items():
        consent.accept(party, commitment(CID, party, nonce))
    return consent


def test_in_whichever_order_they_come() -> None:
    sessions = set()
    for order in permutations(NONCES):
        consent = Consent(CID, NONCES)
        for party in order:  # who is behind hears a nonce before it hears of all consents
            assert not consent.opened and party in consent.missing
            consent.open(party, NONCES[party])
            consent.accept(party, commitment(CID, party, NONCES[party]))
        assert consent.given and consent.opened and not consent.missing
        sessions.add(consent.session(b"terms"))
    assert len(sessions) == 1


def test_whose_word_is_missing() -> None:
    consent = Consent(CID, NONCES)
    consent.accept("bank", commitment(CID, "bank", NONCES["bank"]))
    assert "bank" in consent and "shop" not in consent and consent.missing == ["shop", "telco"]
    consent = given()
    consent.open("shop", NONCES["shop"])
    assert consent.given and not consent.opened and consent.missing == ["bank", "telco"]


def test_the_last_to_open_cannot_choose() -> None:
    consent = given()
    consent.open("bank", NONCES["bank"])
    with pytest.raises(ProtocolError, match="had committed to") as error:
        consent.open("telco", ANOTHER)
    assert error.value.whose == "telco"


@pytest.mark.parametrize(
    "copied", [commitment(CID, "bank", NONCES["bank"]), commitment("c2" * 16, "telco", NONCES["bank"])]
)
def test_nobody_can_repeat_a_commitment_of_another_party_or_collaboration(copied: str) -> None:
    consent = Consent(CID, NONCES)
    consent.accept("telco", copied)
    with pytest.raises(ProtocolError, match="had committed to"):
        consent.open("telco", NONCES["bank"])


def test_nobody_consents_or_opens_twice() -> None:
    consent = given()
    consent.open("shop", NONCES["shop"])
    with pytest.raises(ProtocolError, match="accepted twice"):
        consent.accept("shop", commitment(CID, "shop", ANOTHER))
    with pytest.raises(ProtocolError, match="opened two nonces"):
        consent.open("shop", ANOTHER)


def test_a_party_that_opens_another_nonce_is_named_by_every_peer_and_by_evidence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for the nonces of all others before it tells its own, which is not the one that it has to say."""
    say = Collaboration._say

    def cheating(self: Collaboration, step: str, event: Event) -> None:
        say(self, step, Nonce(nonce=ANOTHER) if self.me == "telco" and isinstance(event, Nonce) else event)

    monkeypatch.setattr(Collaboration, "_say", cheating)
    network = SimulatedNetwork(tmp_path, alignment(3), tables(3, n=10, columns=1)).run()
    (cid,) = network.members["bank"].dispatcher.collaborations
    for party in ("bank", "shop"):
        collaboration = network.members[party].dispatcher.collaborations[cid]
        reason = "a nonce is not the one that its party had committed to (telco)"
        assert (collaboration.state, collaboration.reason) == ("FAILED", reason)
    frames = [frame for _, data in network.log if (frame := Frame.decode(data)).header.number]
    assert not any(f.header.event_class is IdSet for f in frames if f.header.source != "telco"), (
        "nothing follows from it"
    )
    accepts = {f.header.source: f for f in frames if f.header.event_class is Accept}
    for frame in (f for f in frames if f.header.event_class is Nonce):
        for other in set(NONCES) - {frame.header.source}:
            assert frame.header.seen[other] >= accepts[other].header.number, "opened when all had accepted"
    bank = network.members["bank"]
    data, _ = make(cid, bank.keys["bank"], list(held_frames(bank.journal, cid)))
    (found,) = verify(data).findings
    assert (found.kind, found.whose) == ("nonce", "telco")
    network.close()


def test_the_inbox_shows_every_term_and_every_sentence() -> None:
    terms = agreement(3, 3072, gate=0.9, max_rounds=50)
    told = {"collaboration": CID, "name": terms.name, "proposer": "bank", "since": "2026-11-29T01:00:00Z"}
    shown = _proposal(told | {"agreement": terms.model_dump(mode="json")}, "ids alone", " --config shop.yaml")
    assert "yours goes in: ids alone" in shown and f"accord accept {CID[:12]} --config shop.yaml" in shown
    assert all(f"{party} is {member.role.replace('_', ' ')}" in shown for party, member in terms.parties.items())
    for term in ("hash modulus 5, equals 0", "max rounds 50", "optimiser lbfgs", "max overlap 0.9", "key bits 3072"):
        assert term in shown
    assert "retain days 365" in shown and "protection shared" in shown
    assert all(f"{party} learns: {sentence}" in shown for party, sentence in terms.learns.items())


def said_by_telco(network: SimulatedNetwork) -> set[str]:
    """Whom evidence of the bank names, after a run in which telco alone cheats."""
    bank = network.members["bank"]
    (cid,) = bank.dispatcher.collaborations
    data, _ = make(cid, bank.keys["bank"], list(held_frames(bank.journal, cid)))
    return {finding.whose for finding in verify(data).findings}


@pytest.mark.parametrize("kind", [Accept, Nonce])
def test_who_consents_where_evidence_looks_for_nothing_has_nobody_accused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[Event]
) -> None:
    """All others would act upon a consent that nobody finds later."""
    say = Collaboration._say

    def cheating(self: Collaboration, step: str, event: Event) -> None:
        say(self, "elsewhere" if self.me == "telco" and isinstance(event, kind) else step, event)

    monkeypatch.setattr(Collaboration, "_say", cheating)
    network = SimulatedNetwork(tmp_path, alignment(3), tables(3, n=10, columns=1)).run()
    (cid,) = network.members["bank"].dispatcher.collaborations
    for party in ("bank", "shop"):
        ending = network.members[party].dispatcher.collaborations[cid].ending
        assert ending is not None and (ending.trigger, ending.whose) == ("failed", "telco")
    assert said_by_telco(network) <= {"", "telco"}
    network.close()


@pytest.mark.parametrize("seed", range(2))
def test_who_keeps_back_what_it_said_before_its_consent_has_nobody_accused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """The watermarks of those who acted upon it would not cover it."""
    say = Collaboration._say

    def cheating(self: Collaboration, step: str, event: Event) -> None:
        if self.me == "telco" and isinstance(event, Accept):
            say(self, "before", State(state="AGREED", round=0))
        say(self, step, event)

    monkeypatch.setattr(Collaboration, "_say", cheating)
    network = SimulatedNetwork(tmp_path, alignment(3), tables(3, n=10, columns=1), seed).run()
    assert not said_by_telco(network) & {"bank", "shop"}
    network.close()
