"""What a witness accepts of a label holder's word, and how long it is waited for."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from tests.support.simulated import NOW, SimulatedNetwork, identities
from tests.support.world import agreement, alignment, tables

from accord_agents.collaboration.checkpoints import History, Witness, checkpoint_address, leaves_between
from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.collaboration.sequences import Chain
from accord_agents.service.witness_wait import PATIENCE, WitnessWait
from accord_protocols.jobs.registry import JOBS
from accord_schemas.address import Address
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Checkpoint, State
from accord_schemas.frame import Frame
from accord_schemas.header import Header, content_type, event_id

KEYS = identities(("bank", "shop", "telco"))
TERMS = agreement(3)
CUT = {"bank": 3, "shop": 2, "telco": 1}


def frame(party: str, number: int, previous: bytes) -> Frame:
    payload = State(state="KEYED", round=number).encode()
    attributes = {
        "specversion": "1.0",
        "type": State.type,
        "source": party,
        "subject": "00" * 16,
        "time": NOW,
        "agreement": "0a" * 32,
        "payloadhash": hashlib.sha256(payload).hexdigest(),
        "datacontenttype": content_type(State),
        "id": event_id("00" * 16, str(number), ""),
        "eventnumber": str(number),
        "previoushash": previous.hex(),
        "instance": "session",
        "step": f"state.{number}",
    }
    return Frame.make(Header.of(attributes), payload, KEYS[party].sign)


def frames(party: str, count: int) -> list[Frame]:
    found: list[Frame] = []
    for number in range(1, count + 1):
        found.append(frame(party, number, found[-1].digest if found else bytes(32)))
    return found


def heard(chain: Chain, party: str, count: int) -> None:
    for f in frames(party, count)[chain.seen.get(party, 0) :]:
        chain.heard(party, f.header.number, f.digest, bytes.fromhex(f.header.previoushash))


def view(me: str = "shop", **counts: int) -> Chain:
    chain = Chain()
    for party, count in counts.items():
        if party != me:
            heard(chain, party, count)
        else:
            for f in frames(party, count):
                chain.said(f)
    return chain


def checkpoint(phase: str = "KEYED", cuts: tuple[dict[str, int], ...] = (CUT,), **changes: Any) -> Checkpoint:
    """The honest one after these cuts, but for `changes`."""
    whole = view("", **dict.fromkeys(CUT, 9))
    history = History(CUT, "bank", whole.known, JOBS["train"].checkpoints)
    roots = [history.extend(cut) for cut in cuts]
    fields = {"phase": phase, "cut": cuts[-1], "size": history.tree.size, "root": roots[-1].hex()}
    return Checkpoint.model_validate(fields | changes)


class Ear:
    """The shop's witness, and what it says."""

    def __init__(self, me: str = "shop", **counts: int) -> None:
        self.chain = view(me, **(CUT | {"bank": 4} | counts))
        self.witness = Witness(me, TERMS, self.chain)
        self.said: list[Checkpoint] = []
        self.earlier: dict[str, Checkpoint] = {}

    def hear(self, event: Checkpoint, number: int = 4, at: Address | None = None, sender: str = "bank") -> bool:
        self.witness.heard(number, at or checkpoint_address(event.phase, sender), event)
        return self.advance()

    def advance(self) -> bool:
        return self.witness.advance(self.earlier.get, self.said.append)


def test_leaves_go_by_sender_then_sequence() -> None:
    cut = {"telco": 1, "bank": 2}
    assert list(leaves_between({}, cut)) == [("bank", 1), ("bank", 2), ("telco", 1)]
    assert list(leaves_between(cut, {"telco": 3, "bank": 2})) == [("telco", 2), ("telco", 3)]


def test_a_checkpoint_is_repeated_once_the_own_view_covers_it() -> None:
    ear = Ear(telco=0)
    assert ear.hear(checkpoint()) and ear.said == [] and ear.witness.last is None
    assert not ear.advance()
    heard(ear.chain, "telco", 1)
    assert ear.advance() and ear.said == [checkpoint()] and ear.witness.last == checkpoint()
    assert ear.witness.summary() == {
        "phase": "KEYED",
        "size": 6,
        "root": checkpoint().root,
        "witnessed_by": ["shop"],
    }
    assert ear.hear(checkpoint(), 2, sender="telco") and ear.witness.witnesses == ["shop", "telco"]


def test_checkpoints_are_taken_in_the_order_in_which_they_were_said() -> None:
    cuts = (CUT, {"bank": 4, "shop": 2, "telco": 3})
    ear, late = Ear(telco=3), checkpoint("GATED", cuts)
    ear.witness.heard(5, checkpoint_address("GATED", "bank"), late)
    ear.witness.heard(4, checkpoint_address("KEYED", "bank"), checkpoint())
    assert ear.advance() and ear.said == [checkpoint(), late]


MALFORMED: list[tuple[str, dict[str, Any]]] = [
    ("names no phase", {"event": checkpoint("AGREED")}),
    ("names no phase", {"event": checkpoint("TRAINING")}),
    ("does not name each party once", {"event": checkpoint(cut={"bank": 3, "shop": 3})}),
    ("does not name each party once", {"event": checkpoint(cut=CUT | {"clinic": 0})}),
    ("does not reach up to the event before it", {"event": checkpoint(), "number": 5}),
    ("does not reach up to the event before it", {"event": checkpoint(cut=CUT | {"bank": 4}, size=7)}),
    ("has a wrong size", {"event": checkpoint(size=7)}),
    ("stands at another address", {"event": checkpoint(), "at": checkpoint_address("GATED", "bank")}),
    ("stands at another address", {"event": checkpoint(), "at": Address("train", "checkpoint.keyed", "bank")}),
]


@pytest.mark.parametrize(("reason", "given"), MALFORMED)
def test_a_malformed_checkpoint_is_the_label_holders_fault(reason: str, given: dict[str, Any]) -> None:
    ear = Ear()
    with pytest.raises(ProtocolError, match=reason) as caught:
        ear.hear(**given)
    assert caught.value.whose == "bank" and reason in ear.witness.refuted
    assert not ear.hear(checkpoint()) and ear.said == [], "nothing is followed or said any more"


def test_a_cut_goes_forwards() -> None:
    cuts = (CUT, {"bank": 4, "shop": 2, "telco": 3})
    ear = Ear(telco=3)
    ear.hear(checkpoint())
    back = cuts[1] | {"shop": 1}
    with pytest.raises(ProtocolError, match="goes backwards") as caught:
        ear.hear(checkpoint("GATED", cuts, cut=back, size=8), 5)
    assert caught.value.whose == "bank"


def test_nobody_says_a_phase_twice() -> None:
    for sender in ("bank", "telco"):
        ear = Ear()
        ear.hear(checkpoint(), sender=sender)
        with pytest.raises(ProtocolError, match="used twice") as caught:
            ear.hear(checkpoint(), sender=sender)
        assert caught.value.whose == sender


def test_a_cut_that_was_never_reached_is_never_signed() -> None:
    """Nor is it held against anybody: a party that was put back to an earlier state cannot tell."""
    for cut in (CUT | {"shop": 9}, CUT | {"telco": 1 << 39}):
        ear = Ear()
        assert ear.hear(checkpoint(cut=cut, size=sum(cut.values()))) and not ear.advance()
        assert ear.said == [] and not ear.witness.refuted


@pytest.mark.parametrize("field", ["root", "witness"])
def test_other_histories_are_no_single_partys_fault_where_there_are_three(field: str) -> None:
    ear = Ear()
    other = checkpoint(root="ee" * 32)
    with pytest.raises(ProtocolError, match="two histories were shown: checkpoint KEYED of bank") as caught:
        if field == "witness":
            ear.hear(checkpoint())
        ear.hear(other, sender="bank" if field == "root" else "telco")
    assert caught.value.whose == "" and ear.witness.refuted


def test_a_label_holder_says_what_it_has_seen_and_waits_for_gaps_at_the_end_alone() -> None:
    ear = Ear("bank", bank=3, telco=0)
    late = frames("telco", 2)
    ear.chain.heard("telco", 2, late[1].digest, late[0].digest)
    ear.witness.reached("AGREED")
    ear.witness.reached("TRAINING")
    assert not ear.advance()
    ear.witness.reached("KEYED")
    assert ear.advance() and ear.said[0].cut == {"bank": 3, "shop": 2, "telco": 0}
    ear.witness.reached("COMPLETED")
    assert not ear.advance()
    ear.chain.heard("telco", 1, late[0].digest, bytes(32))
    assert ear.advance() and ear.said[1].cut == {"bank": 3, "shop": 2, "telco": 2}
    assert ear.witness.missing == ["shop", "telco"]


def test_what_was_said_in_an_earlier_life_is_not_said_anew() -> None:
    """The label holder's covers what it had heard by then, and is confirmed when that was heard again."""
    ear = Ear("bank", bank=5, telco=0)
    ear.earlier = {"KEYED": checkpoint()}
    for phase in ("KEYED", "GATED"):
        ear.witness.reached(phase)
    assert ear.advance() and ear.witness.last is None and ear.said == []
    heard(ear.chain, "telco", 2)
    assert ear.advance() and [e.phase for e in ear.said] == ["GATED"]
    assert ear.said[0].cut == {"bank": 5, "shop": 2, "telco": 2}
    other = Ear("bank", bank=5)
    other.earlier = {"KEYED": checkpoint(root="ee" * 32)}
    other.witness.reached("KEYED")
    with pytest.raises(ProtocolError, match="two histories"):
        other.advance()


def test_a_completed_collaboration_is_waited_for_a_minute(tmp_path: Path) -> None:
    network = SimulatedNetwork(tmp_path, alignment(2), tables(2, n=60, columns=2))
    bank, shop = network.members.values()
    bank.propose()
    (waiting,) = bank.dispatcher.collaborations.values()
    while not waiting.ended:
        for member in (bank, shop):
            for index in set(range(len(network.log))) - member.read:
                member.deliver(index)
            for key in list(member.jobs):
                member.work(key)
            member.publish()
    assert waiting.state == "COMPLETED" and not waiting.witnessed
    now, warned = [0.0], list[tuple[Collaboration, str]]()
    sealing = WitnessWait(lambda c, problem: warned.append((c, problem)), lambda: now[0])
    for now[0] in (0.0, PATIENCE - 1):
        assert sealing.waits(waiting)
    for now[0] in (PATIENCE, PATIENCE + 1):
        assert not sealing.waits(waiting)
    assert warned == [(waiting, "the end of the log was not signed by shop")]
    network.run()
    assert waiting.witnessed and not WitnessWait(lambda *_: None, lambda: 0.0).waits(waiting)
    network.close()
