"""What is no acceptable event goes to quarantine with a reason, or fails its collaboration naming its sender."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.simulated import NOW, SimulatedNetwork, SimulatedParty, identities
from tests.support.world import agreement, tables

from accord_agents.collaboration.early_events import MAX_EVENTS
from accord_agents.security.identity import Identity
from accord_agents.security.trust import Identities
from accord_protocols.phases.alignment.gate import Gate
from accord_schemas.agreement import Member
from accord_schemas.canonical import digest
from accord_schemas.frame import MAX_PAYLOAD, Frame
from accord_schemas.header import Header, event_id

pytestmark = pytest.mark.variants

DATA = tables(3, n=60, columns=2)
KEYS = identities(tuple(DATA))


@pytest.fixture
def network(tmp_path: Path) -> Iterator[SimulatedNetwork]:
    """A collaboration that has been agreed, and not a step further."""
    built = SimulatedNetwork(tmp_path, agreement(3, gate=0.95, max_rounds=2), DATA)
    bank = built.members["bank"]
    bank.propose()
    bank.publish()
    for member in built.members.values():
        member.deliver(0)
        member.publish()
    yield built
    built.close()


def quarantined(member: SimulatedParty) -> list[tuple[str, str]]:
    return [(refused.source, refused.reason) for refused in member.journal.quarantine()]


def last_of(network: SimulatedNetwork, sender: str) -> Frame:
    frames = [Frame.decode(data) for _, data in network.log]
    return next(f for f in reversed(frames) if f.header.source == sender and f.header.number)


def altered(frame: Frame, signer: str | None = None, payload: bytes | None = None, **changes: str) -> bytes:
    """A frame with other attributes, signed by somebody."""
    attributes = frame.header.attributes() | changes
    body = frame.payload if payload is None else payload
    attributes["payloadhash"] = hashlib.sha256(body).hexdigest()
    attributes["id"] = event_id(
        attributes["subject"], attributes.get("eventnumber", ""), attributes.get("watermarks", "")
    )
    return Frame.make(Header.of(attributes), body, KEYS[signer or frame.header.source].sign).encode()


def give(member: SimulatedParty, data: bytes, family: str = "control") -> None:
    member.take(lambda: member.dispatcher.deliver(family, data, NOW))


def test_a_flipped_bit_anywhere_is_no_event(network: SimulatedNetwork) -> None:
    good = last_of(network, "shop").encode()
    telco, before = network.members["telco"], len(quarantined(network.members["telco"]))
    for at in range(0, len(good), 7):
        give(telco, good[:at] + bytes([good[at] ^ 4]) + good[at + 1 :])
    assert len(quarantined(telco)) == before + len(range(0, len(good), 7))
    assert network.run().ended and {c.state for c in telco.dispatcher.collaborations.values()} == {"COMPLETED"}


@pytest.mark.parametrize("cut", [0, 3, 13, 100, -1])
def test_a_truncated_or_padded_event(network: SimulatedNetwork, cut: int) -> None:
    good = last_of(network, "shop").encode()
    telco = network.members["telco"]
    give(telco, good[:cut] if cut >= 0 else good + b"x")
    assert quarantined(telco)


def test_an_oversized_event_is_refused_before_it_is_read(network: SimulatedNetwork) -> None:
    good = last_of(network, "shop").encode()
    telco = network.members["telco"]
    give(telco, good[:8] + (MAX_PAYLOAD + 1).to_bytes(4, "big") + good[12:])
    assert quarantined(telco)[-1][1] == "a part of the frame exceeds its bound"


def test_a_wrong_signature_an_unknown_sender_and_another_topic(network: SimulatedNetwork) -> None:
    telco, frame = network.members["telco"], last_of(network, "shop")
    give(telco, altered(frame, signer="bank"))
    give(telco, altered(frame, source="stranger", signer="bank"))
    give(telco, frame.encode(), family="psi")
    reasons = [reason for _, reason in quarantined(telco)]
    assert reasons == [
        "the signature is wrong",
        "the sender is not pinned",
        "the event came on another family's topic",
    ]


def test_an_event_of_another_agreement(network: SimulatedNetwork) -> None:
    telco, frame = network.members["telco"], last_of(network, "shop")
    give(telco, altered(frame, agreement="ab" * 32))
    assert quarantined(telco)[-1] == ("shop", "the event is for another agreement")


def test_a_sequence_far_ahead(network: SimulatedNetwork) -> None:
    telco, frame = network.members["telco"], last_of(network, "shop")
    give(telco, altered(frame, eventnumber="999999"))
    assert quarantined(telco)[-1] == ("shop", "the sequence is far ahead of what was heard")


def test_an_event_before_its_proposal_waits_for_it(tmp_path: Path, network: SimulatedNetwork) -> None:
    folder = tmp_path / "late"
    folder.mkdir()
    log = [(family, data) for family, data in network.log if Frame.decode(data).header.source != "telco"]
    late = SimulatedParty("telco", folder, network.terms, DATA["telco"], KEYS, log)
    for index in reversed(range(len(log))):
        late.deliver(index)
    (collaboration,) = late.dispatcher.collaborations.values()
    assert collaboration.state == "AGREED" and not quarantined(late)
    late.journal.close()


def test_an_event_of_somebody_elses_collaboration_is_forgotten(network: SimulatedNetwork) -> None:
    telco, frame = network.members["telco"], last_of(network, "shop")
    for number in range(300):
        give(telco, altered(frame, subject=f"{number:032x}"))
    assert len(telco.dispatcher._early) == MAX_EVENTS
    assert len(telco.dispatcher.collaborations) == 1


def test_a_proposal_with_a_foreign_fingerprint_or_id(network: SimulatedNetwork) -> None:
    telco = network.members["telco"]
    for change in ("identity", "nonce"):
        terms = network.terms
        nonce = digest(b"other").hex()
        if change == "identity":
            members = terms.parties | {"telco": Member(role="feature_holder", identity="somebody-else")}
            terms = terms.model_copy(update={"parties": members})
        bank = network.members["bank"]
        cid = bank.dispatcher.propose(terms, nonce, NOW)
        bank._commit()
        out = next(iter(bank.journal.outgoing(cid)))
        frame = Frame.restore(out.head, out.payload)
        if change == "nonce":
            give(telco, altered(frame, subject="cd" * 16))
            assert quarantined(telco)[-1][1] == "the proposal does not give this collaboration's id"
        else:
            give(telco, frame.encode())
            assert "is not the pinned one" in quarantined(telco)[-1][1]


def states(network: SimulatedNetwork, party: str) -> set[tuple[str, str]]:
    return {(c.state, c.reason) for c in network.members[party].dispatcher.collaborations.values()}


def test_two_versions_of_one_event_fail_it_naming_the_sender(network: SimulatedNetwork) -> None:
    telco, frame = network.members["telco"], last_of(network, "shop")
    for index in range(len(network.log)):
        telco.deliver(index)
    give(telco, altered(frame, time="2030-01-01T00:00:00.000Z"))
    ((state, reason),) = states(network, "telco")
    assert state == "FAILED" and "shop" in reason
    assert quarantined(telco)[-1][1].startswith("a second version")


def test_one_address_used_twice_fails_it_naming_the_sender(network: SimulatedNetwork) -> None:
    network.run()
    before = last_of(network, "shop")
    telco = network.members["telco"]
    assert states(network, "telco") == {("COMPLETED", "")}
    give(telco, altered(before, eventnumber=str(before.header.number + 1), previoushash=before.digest.hex()))
    assert states(network, "telco") == {("COMPLETED", "")}, "after the end nothing counts"


def test_a_chain_that_does_not_link(network: SimulatedNetwork) -> None:
    telco, frame = network.members["telco"], last_of(network, "shop")
    state = next(f for f in map(Frame.decode, (d for _, d in network.log)) if f.header.source == "bank")
    assert state.header.number == 1
    number = str(frame.header.number + 1)
    payload = b'{"reason":"no"}'
    forged = altered(
        frame,
        payload=payload,
        type="org.accord.control.cancel.v1",
        step="cancel",
        eventnumber=number,
        previoushash="ee" * 32,
    )
    give(telco, forged)
    ((ended, _),) = states(network, "telco")
    assert ended in ("CANCELLED", "FAILED")


def test_an_event_where_the_protocol_has_none(network: SimulatedNetwork) -> None:
    telco, frame = network.members["telco"], last_of(network, "shop")
    payload = b'{"converged":true,"model":"","rounds":0,"rows":0}'
    number = str(frame.header.number + 1)
    odd = altered(
        frame,
        payload=payload,
        type="org.accord.control.complete.v1",
        step="surprise",
        eventnumber=number,
        previoushash=frame.digest.hex(),
    )
    for index in range(len(network.log)):
        telco.deliver(index)
    give(telco, odd)
    ((state, reason),) = states(network, "telco")
    assert state == "FAILED" and "shop" in reason


def test_a_second_proposal_of_one_collaboration(network: SimulatedNetwork) -> None:
    telco = network.members["telco"]
    proposal = Frame.decode(network.log[0][1])
    last = last_of(network, "bank")
    again = altered(proposal, eventnumber=str(last.header.number + 1), previoushash=last.digest.hex())
    for index in range(len(network.log)):
        telco.deliver(index)
    give(telco, again)
    ((state, reason),) = states(network, "telco")
    assert state == "FAILED" and "bank" in reason


def test_a_fault_of_ours_fails_one_collaboration_and_a_fold_agrees(
    network: SimulatedNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Gate.table["start"], "fire", broken)
    network.run()
    for party in DATA:
        ((state, _),) = states(network, party)
        assert state == "FAILED"
    network.members["bank"].restart()
    ((state, _),) = states(network, "bank")
    assert state == "FAILED"


def test_bystanders_keep_heads_only(network: SimulatedNetwork) -> None:
    network.run()
    (cid,) = network.members["telco"].dispatcher.collaborations
    rows = [r for r in network.members["telco"].journal.rows(cid) if r.kind == "event"]
    sealed = [(Frame.restore(r.head, None).header.to, r.payload) for r in rows if b'"salt"' in r.head]
    assert {"telco" in to for to, _ in sealed} == {True, False}
    assert all(("telco" in to) == (payload is not None) for to, payload in sealed)


def test_what_is_open_with_a_revoked_identity_ends_naming_it(network: SimulatedNetwork) -> None:
    telco = network.members["telco"]
    pinned = Identities([key.public for key in KEYS.values()])
    pinned.revoke("shop", "stolen")
    telco.take(lambda: telco.dispatcher.pinned(pinned, NOW))
    (collaboration,) = telco.dispatcher.collaborations.values()
    assert (collaboration.state, collaboration.reason) == ("FAILED", "the identity of shop was revoked")
    give(telco, last_of(network, "shop").encode())
    assert quarantined(telco)[-1][1] == "the sender is not pinned"
    telco.publish()
    network.run()
    assert {c.state for h in network.members.values() for c in h.dispatcher.collaborations.values()} == {"FAILED"}


def test_other_identities_change_nothing_for_what_was_agreed(network: SimulatedNetwork) -> None:
    """A party that is pinned anew goes on under the identity that the agreement names."""
    telco = network.members["telco"]
    pinned = Identities()
    for key in KEYS.values():
        pinned.trust(key.export(), "before")
    pinned.trust(KEYS["shop"].succeeded(Identity("shop", bytes(64))), "after")
    telco.take(lambda: telco.dispatcher.pinned(pinned, NOW))
    network.run()
    assert {c.state for h in network.members.values() for c in h.dispatcher.collaborations.values()} == {"COMPLETED"}
