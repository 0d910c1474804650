"""Questions about what one has said oneself: who answers, what counts as an answer, and how it ends without one."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.simulated import NOW, SimulatedNetwork, SimulatedParty, identities
from tests.support.world import agreement, tables

from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.collaboration.composer import aside
from accord_agents.loop import recovery_answers as resend
from accord_agents.loop.recovery import GIVE_UP, Recovery
from accord_schemas.events import Asked, Event, Held, Resend, State
from accord_schemas.frame import Frame
from accord_schemas.header import Header, content_type, event_id
from accord_schemas.suites import DEFAULT, SUITES

pytestmark = pytest.mark.variants

DATA = tables(3, n=60, columns=2)
KEYS = identities(tuple(DATA))
NONCE = "00" * 32
BEGUN = ("KEYED", "GATED", "ALIGNED", "PREPARED", "TRAINING")


@pytest.fixture
def network(tmp_path: Path) -> Iterator[SimulatedNetwork]:
    """Everybody has agreed, and the shop has been started again."""
    built = SimulatedNetwork(tmp_path, agreement(3, max_rounds=1), DATA)
    built.members["bank"].propose()
    built.members["bank"].publish()
    for _ in range(2):
        for member in built.members.values():
            for index in range(len(built.log)):
                member.deliver(index)
            member.publish()
    built.members["shop"].restart()
    yield built
    built.close()


def cid(network: SimulatedNetwork) -> str:
    (found,) = network.members["bank"].dispatcher.collaborations
    return found


def of(member: SimulatedParty) -> Collaboration:
    (found,) = member.dispatcher.collaborations.values()
    return found


def asides(network: SimulatedNetwork, kind: type[Event], sender: str = "") -> list[Frame]:
    frames = [Frame.decode(data) for _, data in network.log]
    return [f for f in frames if f.header.event_class is kind and sender in ("", f.header.source)]


def say(network: SimulatedNetwork, sender: str, to: str, event: Event, signer: str = "") -> None:
    terms = of(network.members["bank"]).digest.hex()
    frame = aside(SUITES[DEFAULT], event, cid(network), terms, sender, NOW, KEYS[signer or sender].sign, to=(to,))
    member = network.members[to]
    member.take(lambda: member.dispatcher.deliver("control", frame.encode(), NOW))


def strict(member: SimulatedParty) -> None:
    """As after a restore."""
    member.journal.set_meta("restored", b"yes")
    member.restart()


def harmless(last: Frame, number: int) -> Frame:
    """What its sender may say next at any time."""
    payload, sequence = State(state="KEYED", round=number).encode(), str(last.header.number + 1)
    attributes = {n: v for n, v in last.header.attributes().items() if n not in ("salt", "epoch", "chunk")} | {
        "type": State.type,
        "datacontenttype": content_type(State),
        "step": f"state.{number}",
        "eventnumber": sequence,
        "previoushash": last.digest.hex(),
        "payloadhash": hashlib.sha256(payload).hexdigest(),
        "id": event_id(last.header.subject, sequence, ""),
    }
    return Frame.make(Header.of(attributes), payload, KEYS[last.header.source].sign)


def last_of(network: SimulatedNetwork, sender: str) -> Frame:
    frames = [Frame.decode(d) for _, d in network.log]
    return max((f for f in frames if f.header.source == sender), key=lambda f: f.header.number)


def test_nothing_is_said_before_the_answers(network: SimulatedNetwork) -> None:
    shop = network.members["shop"]
    strict(shop)
    said = len(of(shop).chain.own)
    for _ in range(20):
        shop.time_passes(1.0)
        shop.publish()
    assert list(shop.dispatcher.suspended) == [cid(network)]
    assert shop.recovery.silent(cid(network)) == ["bank", "telco"]
    assert len(of(shop).chain.own) == said and not shop.due()
    assert 2 <= len(asides(network, Asked, "shop")) <= 4, "it asks again, ever more rarely"
    network.run()
    assert {of(h).state for h in network.members.values()} == {"COMPLETED"}
    assert not shop.dispatcher.suspended and not shop.journal.meta("restored")


def test_without_a_sign_that_something_was_forgotten_the_wait_is_short(network: SimulatedNetwork) -> None:
    shop = network.members["shop"]
    shop.time_passes(1.0)
    assert shop.dispatcher.suspended
    shop.time_passes(6.0)
    assert not shop.dispatcher.suspended


def keyed(network: SimulatedNetwork) -> SimulatedParty:
    """The shop, started again without any mark after everybody had its keys."""
    shop = network.members["shop"]
    for _ in range(40):
        for member in network.members.values():
            member.time_passes(1.0)
            for index in range(len(network.log)):
                if index not in member.read:
                    member.deliver(index)
            for key in list(member.jobs):
                member.work(key)
            member.publish()
        if of(shop).state in BEGUN:
            break
    assert of(shop).state in BEGUN
    shop.restart()
    return shop


def test_where_pads_may_be_in_use_every_answer_is_waited_for(network: SimulatedNetwork) -> None:
    """A machine was put back to an old state, which nothing shows; peers are silent for a while, and may lie then."""
    shop = keyed(network)
    said = len(of(shop).chain.own)
    for _ in range(20):
        shop.time_passes(6.0)
        shop.publish()
    assert shop.recovery.silent(cid(network)) == ["bank", "telco"] and len(of(shop).chain.own) == said
    network.run()
    assert {of(h).state for h in network.members.values()} == {"COMPLETED"}


def test_a_peer_that_ended_it_and_left_holds_nobody_up(network: SimulatedNetwork) -> None:
    shop, bank = keyed(network), network.members["bank"]
    said, fields = len(of(shop).chain.own), {"reason": "enough", "whose": "bank"}
    bank.take(lambda: bank.dispatcher.command(cid(network), "failed", fields, NOW))
    bank.publish()
    for index in range(len(network.log)):
        shop.deliver(index)
    for _ in range(4):
        shop.time_passes(6.0)
        shop.publish()
    assert of(shop).ended and len(of(shop).chain.own) == said


def test_what_waits_is_done_afterwards(network: SimulatedNetwork) -> None:
    shop = network.members["shop"]
    key = next(iter(shop.jobs))
    rows = len(list(shop.journal.rows(cid(network))))
    shop.work(key)
    assert len(list(shop.journal.rows(cid(network)))) == rows, "it was folded"
    shop.time_passes(0.0)
    shop.time_passes(6.0)
    assert len(list(shop.journal.rows(cid(network)))) == rows + 1


@pytest.mark.parametrize("claim", ["made up", "forged", "another's", "no frame", "cut"])
def test_who_claims_what_was_never_said_has_not_answered(network: SimulatedNetwork, claim: str) -> None:
    shop = network.members["shop"]
    strict(shop)
    shop.time_passes(0.0)
    nonce = Asked.decode(asides(network, Asked, "shop")[-1].payload).nonce
    real = next(f for _, d in network.log if (f := Frame.decode(d)).header.source == "shop" and f.header.number)
    other = next(f for _, d in network.log if (f := Frame.decode(d)).header.source == "telco" and f.header.number)
    last = {
        "made up": Frame(real.header, b"", KEYS["bank"].sign(b"x"), real.head).bare(),
        "forged": real.bare().replace(b'"eventnumber":"1"', b'"eventnumber":"9"'),
        "another's": other.bare(),
        "no frame": b"abc",
        "cut": real.bare()[:-1],
    }[claim].hex()
    say(network, "bank", "shop", Held(nonce=nonce, last=last, said=1))
    assert shop.recovery.silent(cid(network)) == ["bank", "telco"]
    say(network, "bank", "shop", Held(nonce=NONCE, last=real.bare().hex(), said=1))
    assert shop.recovery.silent(cid(network)) == ["bank", "telco"], "the answer to another question"
    say(network, "bank", "shop", Held(nonce=nonce, last=real.bare().hex(), said=1), signer="telco")
    assert shop.recovery.silent(cid(network)) == ["bank", "telco"], "not signed by who says it"
    say(network, "bank", "shop", Held(nonce=nonce, last=real.bare().hex(), said=1))
    assert shop.recovery.silent(cid(network)) == ["telco"]


def test_a_peer_that_never_answers_is_named_and_nothing_is_published(network: SimulatedNetwork) -> None:
    shop = network.members["shop"]
    strict(shop)
    shop.time_passes(0.0)
    nonce = Asked.decode(asides(network, Asked, "shop")[-1].payload).nonce
    say(network, "bank", "shop", Held(nonce=nonce, last="", said=1))
    before = len(network.log)
    shop.recovery.expire(cid(network))
    shop.publish()
    assert (of(shop).state, of(shop).reason) == ("EXPIRED", "no word of telco")
    assert not [f for _, d in network.log[before:] if (f := Frame.decode(d)).header.number > of(shop).chain.sequence]
    assert max(of(shop).chain.own) == of(shop).chain.sequence
    shop.restart()
    assert of(shop).state == "EXPIRED" and not shop.dispatcher.suspended


@pytest.mark.parametrize(
    ("command", "fields", "end"),
    [
        ("cancelled", {"reason": "bank calls it off"}, ("CANCELLED", "bank calls it off", "")),
        ("failed", {"reason": "r", "whose": "telco", "code": "behind"}, ("FAILED", "r (telco)", "behind")),
        ("expired", {"missing": ["telco"]}, ("EXPIRED", "no word of telco", "")),
    ],
)
def test_a_restored_party_says_why_its_peers_have_ended(
    network: SimulatedNetwork, command: str, fields: dict[str, Any], end: tuple[str, str, str]
) -> None:
    """The others have left, and one of their ends is on the log: that is the reason, not their silence."""
    shop, bank = network.members["shop"], network.members["bank"]
    strict(shop)
    shop.time_passes(0.0)
    length = len(network.log)
    bank.take(lambda: bank.dispatcher.command(cid(network), command, fields, NOW))
    bank.publish()
    for index in range(length, len(network.log)):
        shop.deliver(index)
    before = len(network.log)
    shop.time_passes(GIVE_UP + 1)
    shop.publish()
    for _ in range(2):
        assert (of(shop).state, of(shop).reason, of(shop).ending.code) == end  # type: ignore[union-attr]
        assert of(shop).ending.by == "bank", "what follows from it for that party does not follow here"  # type: ignore[union-attr]
        assert not [d for _, d in network.log[before:] if Frame.decode(d).header.number], "nothing is said"
        shop.restart()


def test_what_peers_prove_and_nobody_can_give_ends_it(network: SimulatedNetwork) -> None:
    """The shop has said two events more than it knows; the bank holds their headers, and nobody the events."""
    shop, bank = network.members["shop"], network.members["bank"]
    strict(shop)
    shop.time_passes(0.0)
    nonce = Asked.decode(asides(network, Asked, "shop")[-1].payload).nonce
    one = harmless(last_of(network, "shop"), 1)
    two = harmless(one, 2)
    say(network, "bank", "shop", Held(nonce=nonce, last=two.bare().hex(), said=1))
    say(network, "telco", "shop", Held(nonce=nonce, last="", said=1))
    length = len(network.log)
    for _ in range(8):
        shop.time_passes(GIVE_UP / 8)
    wanted = asides(network, Resend, "shop")
    assert shop.dispatcher.suspended and {Resend.decode(f.payload).after for f in wanted} == {one.header.number - 1}
    shop.time_passes(GIVE_UP)
    assert of(shop).state == "FAILED" and of(shop).reason.startswith("shop went back to a backup")
    shop.publish()
    said = [f for _, d in network.log[length:] if (f := Frame.decode(d)).header.source == "shop" and f.header.number]
    assert [f.header.number for f in said] == [two.header.number + 1, two.header.number + 2], "a second version"
    assert said[0].header.previoushash == two.digest.hex()
    for index in range(len(network.log)):
        bank.deliver(index)
    assert of(bank).reason == of(shop).reason
    shop.restart()
    assert of(shop).state == "FAILED" and {o.sequence for o in shop.due()} == {f.header.number for f in said}


@pytest.mark.parametrize("second", [False, True])
def test_what_peers_give_is_adopted(network: SimulatedNetwork, second: bool) -> None:
    """Unless another event stands under that number already: then nothing is said any more but that it is over."""
    shop = network.members["shop"]
    one = harmless(last_of(network, "shop"), 1)
    if second:
        shop.time_passes(0.0)
        shop.time_passes(6.0)
        of(shop).chain.said(harmless(last_of(network, "shop"), 9))
        shop.recovery.doubt(cid(network))
    else:
        strict(shop)
    shop.time_passes(0.0)
    nonce = Asked.decode(asides(network, Asked, "shop")[-1].payload).nonce
    for peer in ("bank", "telco"):
        say(network, peer, "shop", Held(nonce=nonce, last=one.bare().hex(), said=1))
    shop.time_passes(1.0)
    if not second:
        assert shop.dispatcher.suspended
        shop.take(lambda: shop.dispatcher.deliver("results", one.encode(), NOW))
        shop.time_passes(1.0)
    assert not shop.dispatcher.suspended
    assert of(shop).state == ("FAILED" if second else "AGREED")


def test_answers_are_few(network: SimulatedNetwork) -> None:
    bank = network.members["bank"]
    for _ in range(5):
        say(network, "shop", "bank", Asked(nonce=os.urandom(32).hex()))
        say(network, "telco", "bank", Asked(nonce=os.urandom(32).hex()))
    assert [f.header.to for f in asides(network, Held, "bank")] == [("shop",), ("telco",)]
    bank.now += 1.0
    say(network, "shop", "bank", Asked(nonce=NONCE))
    held = Held.decode(asides(network, Held, "bank")[-1].payload)
    assert held.nonce == NONCE and held.said == of(bank).chain.sequence
    last = resend.proof(held.last, "shop", cid(network))
    assert last and last.header.number == of(bank).chain.seen["shop"]


def test_a_question_to_somebody_else_is_not_answered(network: SimulatedNetwork) -> None:
    terms = of(network.members["bank"]).digest.hex()
    frame = aside(
        SUITES[DEFAULT], Asked(nonce=NONCE), cid(network), terms, "shop", NOW, KEYS["shop"].sign, to=("telco",)
    )
    bank = network.members["bank"]
    bank.take(lambda: bank.dispatcher.deliver("control", frame.encode(), NOW))
    assert not asides(network, Held)


def test_events_are_published_again_as_they_were_and_within_bounds(
    network: SimulatedNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    network.run()
    bank, length = network.members["bank"], len(network.log)
    whole = {d for _, d in network.log if Frame.decode(d).header.source == "shop"}
    bank.now += 10
    say(network, "telco", "bank", Resend(nonce=NONCE, sender="shop", after=2))
    again = [Frame.decode(d) for _, d in network.log[length:]]
    assert {f.encode() for f in again} <= whole
    assert [f.header.number for f in again] == sorted(f.header.number for f in again) and again[0].header.number == 3
    assert all("bank" in f.header.to for f in again), "what it cannot read it has not got"
    monkeypatch.setattr(resend, "MOST_EVENTS", 2)
    for sender, source in (("shop", "shop"), ("bank", "bank"), ("nobody", "")):
        bank.now += 10
        length = len(network.log)
        say(network, "telco", "bank", Resend(nonce=NONCE, sender=sender, after=0))
        assert [Frame.decode(d).header.source for _, d in network.log[length:]] == [source] * (2 if source else 0)
    monkeypatch.setattr(resend, "MOST_BYTES", 1)
    bank.now += 10
    assert len(resend.frames(bank.journal, cid(network), "shop", 0, bank.dispatcher.payload)) == 1


def test_closed_collaborations_still_have_answers(network: SimulatedNetwork) -> None:
    network.run()
    bank = network.members["bank"]
    heard = [Frame.decode(data).header for index, (_, data) in enumerate(network.log) if index in bank.read]
    number, terms = max(h.number for h in heard if h.source == "shop"), of(bank).digest.hex()
    closed = cid(network)
    bank.take(lambda: bank.dispatcher.close(closed))
    for agreed, count in (("00" * 32, 0), (terms, 1)):
        bank.now += 10
        length = len(network.log)
        frame = aside(SUITES[DEFAULT], Asked(nonce=NONCE), closed, agreed, "shop", NOW, KEYS["shop"].sign, to=("bank",))
        bank.take(lambda: bank.dispatcher.deliver("control", frame.encode(), NOW))  # noqa: B023
        assert len(network.log) - length == count
    last = Held.decode(Frame.decode(network.log[-1][1]).payload).last
    proven = resend.proof(last, "shop", closed)
    assert proven is not None and proven.header.number == number


def test_a_gap_is_asked_for_at_its_sender_and_then_at_everybody(network: SimulatedNetwork) -> None:
    telco = network.members["telco"]
    telco.recovery = Recovery(telco.dispatcher, telco.journal, telco.recovery._links, history=False)
    frames = [harmless(last_of(network, "bank"), 1)]
    frames.append(harmless(frames[0], 2))
    telco.take(lambda: telco.dispatcher.deliver("results", frames[1].encode(), NOW))
    telco.time_passes(0.1)
    assert not asides(network, Resend), "it may close by itself"
    telco.time_passes(4.0)
    telco.time_passes(0.1)
    telco.time_passes(2.0)
    asked = asides(network, Resend, "telco")
    assert [f.header.to for f in asked] == [("bank",), ("bank", "shop")]
    event = Resend.decode(asked[0].payload)
    assert (event.sender, event.after) == ("bank", of(telco).chain.seen["bank"])
    telco.take(lambda: telco.dispatcher.deliver("results", frames[0].encode(), NOW))
    telco.time_passes(20.0)
    assert len(asides(network, Resend, "telco")) == 2


@pytest.mark.parametrize("verb", ["cancelled", "failed"])
def test_the_last_word_of_an_earlier_life_holds(network: SimulatedNetwork, verb: str) -> None:
    """Said by hand, or by a timer: nothing that is folded again would lead to it."""
    shop = network.members["shop"]
    shop.time_passes(0.0)
    shop.time_passes(6.0)
    shop.journal.copy(shop.folder / "old")
    shop.take(lambda: shop.dispatcher.command(cid(network), verb, {"reason": "shop: enough", "whose": "shop"}, NOW))
    shop.publish()
    said = {d for _, d in network.log}
    shop.journal.close()
    for path in shop.folder.glob("shop.db*"):
        path.unlink()
    (shop.folder / "old").rename(shop.folder / "shop.db")
    shop.start()
    strict(shop)
    network.run()
    expected = {("CANCELLED" if verb == "cancelled" else "FAILED", "shop: enough")}
    assert {(of(h).state, of(h).reason) for h in network.members.values()} == expected
    new = [Frame.decode(d).header for _, d in network.log if d not in said]
    assert not [h for h in new if h.source == "shop" and h.number]
