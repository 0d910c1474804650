"""Attempts to make a party that came back say something twice, stop, or shout: by peers, strangers and chance."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.simulated import NOW, SimulatedNetwork, SimulatedParty, identities
from tests.support.world import agreement, tables

from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.collaboration.composer import aside
from accord_agents.journal.journal import Journal
from accord_agents.journal.rows import Row
from accord_agents.loop import outbox as publisher
from accord_agents.loop.outbox import Publisher
from accord_agents.loop.recovery import ANSWER_EVERY, GIVE_UP, WAIT
from accord_broker.embedded import EmbeddedBroker
from accord_schemas.codes import Code
from accord_schemas.events import Accept, Ack, Asked, Checkpoint, Event, Held, Propose, Resend
from accord_schemas.frame import Frame
from accord_schemas.suites import DEFAULT, SUITES

DATA = tables(3, n=60, columns=2)
KEYS = identities(tuple(DATA))
PEERS = ("bank", "telco")


@pytest.fixture
def network(tmp_path: Path) -> Iterator[SimulatedNetwork]:
    """The bank has proposed, and nobody has read that yet."""
    built = SimulatedNetwork(tmp_path, agreement(3, max_rounds=1), DATA)
    built.members["bank"].propose()
    built.members["bank"].publish()
    yield built
    built.close()


def agreed(network: SimulatedNetwork) -> None:
    """All have accepted."""
    for _ in range(2):
        for member in network.members.values():
            for index in range(len(network.log)):
                member.deliver(index)
            member.publish()


def cid(network: SimulatedNetwork) -> str:
    (found,) = network.members["bank"].dispatcher.collaborations
    return found


def of(member: SimulatedParty) -> Collaboration:
    (found,) = member.dispatcher.collaborations.values()
    return found


def frames(network: SimulatedNetwork, kind: type[Event], sender: str) -> list[Frame]:
    found = [Frame.decode(data) for _, data in network.log]
    return [f for f in found if f.header.event_class is kind and f.header.source == sender]


def last_of(network: SimulatedNetwork, sender: str) -> Frame:
    found = [Frame.decode(d) for _, d in network.log]
    return max((f for f in found if f.header.source == sender), key=lambda f: f.header.number)


def give(member: SimulatedParty, *given: Frame) -> None:
    """On a broker without history: these, and nothing else."""
    for frame in given:
        member.take(lambda f=frame: member.dispatcher.deliver(f.header.event_class.family, f.encode(), NOW))  # type: ignore[misc]


def say(network: SimulatedNetwork, sender: str, to: str, event: Event, seen: str = "") -> Frame:
    terms = of(network.members["bank"]).digest.hex()
    to_whom = () if isinstance(event, Ack) else (to,)
    sign = KEYS[sender].sign
    frame = aside(SUITES[DEFAULT], event, cid(network), terms, sender, NOW, sign, seen=seen, to=to_whom)
    give(network.members[to], frame)
    return frame


def answer(network: SimulatedNetwork, peer: str, last: Frame | None) -> None:
    """A peer answers the shop's last question."""
    nonce = Asked.decode(frames(network, Asked, "shop")[-1].payload).nonce
    said = last_of(network, peer).header.number
    say(network, peer, "shop", Held(nonce=nonce, last=last.bare().hex() if last else "", said=said))


def forget(network: SimulatedNetwork, journal: Path | None = None, *, marked: bool = True) -> SimulatedParty:
    """The shop's folder is lost; an old journal, or none, is put back, and the log holds nothing."""
    shop = network.members["shop"]
    shop.journal.close()
    for path in shop.folder.glob("shop.db*"):
        path.unlink()
    if journal is not None:
        journal.rename(shop.folder / "shop.db")
    other = Journal(shop.folder / "shop.db")
    if marked:
        other.set_meta("restored", b"yes")
    shop.journal = other
    started(shop)
    return shop


def started(shop: SimulatedParty) -> None:
    """Again, on a broker without history."""
    log, shop.log[:] = list(shop.log), []
    shop.restart()
    shop.log[:] = log
    shop.read |= set(range(len(log)))


def new_numbers(network: SimulatedNetwork, length: int) -> list[int]:
    """Of what the shop has said since that was not on the log before."""
    before = {d for _, d in network.log[:length]}
    found = [Frame.decode(d).header for _, d in network.log[length:] if d not in before]
    return [h.number for h in found if h.source == "shop" and h.number]


# ---- proposals of an earlier incarnation


@pytest.mark.parametrize("again", [False, True])
def test_a_proposal_that_was_accepted_in_an_earlier_life_is_not_accepted_anew(
    network: SimulatedNetwork, again: bool
) -> None:
    """The mark is gone as nothing was open, and then a peer has the proposal published once more."""
    agreed(network)
    first, last = frames(network, Accept, "shop"), last_of(network, "shop")
    shop = forget(network)
    shop.time_passes(1.0)
    assert not shop.recovery.restored
    length = len(network.log)
    give(shop, *frames(network, Propose, "bank"))
    if again:
        started(shop)
    shop.time_passes(0.0)
    for _ in range(4):
        shop.publish()
        shop.time_passes(2 * WAIT)
    assert not new_numbers(network, length), "a second acceptance"
    for peer in PEERS:
        answer(network, peer, last)
    shop.time_passes(1.0)
    assert Resend.decode(frames(network, Resend, "shop")[0].payload).after == 0
    give(shop, *first)
    for _ in range(4):
        shop.publish()
        shop.time_passes(GIVE_UP)
    assert of(shop).state == "FAILED"
    assert min(new_numbers(network, length)) > last.header.number
    assert frames(network, Accept, "shop") == first


@pytest.mark.parametrize("kind", [Accept, Propose])
def test_own_events_before_their_proposal_are_no_second_agent(network: SimulatedNetwork, kind: type[Event]) -> None:
    """What peers publish again of a life that was lost arrives in any order."""
    agreed(network)
    shop = forget(network)
    shop.time_passes(1.0)
    give(shop, *frames(network, Accept, "shop"), *frames(network, Propose, "bank"))
    assert list(shop.dispatcher.suspended) == [cid(network)]
    assert of(shop).chain.sequence == frames(network, Accept, "shop")[0].header.number


def test_what_a_restored_party_proposes_itself_goes_out(network: SimulatedNetwork) -> None:
    shop = forget(network)
    length = len(network.log)
    shop.take(lambda: shop.dispatcher.propose(network.terms.model_copy(update={"name": "mine"}), "11" * 32, NOW))
    assert not shop.dispatcher.suspended
    shop.publish()
    assert new_numbers(network, length)[0] == 1


# ---- who waits for whom


def test_who_learns_on_an_ordinary_start_that_it_forgot_waits_for_every_answer(network: SimulatedNetwork) -> None:
    """A folder was put back by hand. The bank proves one event more, and the telco, which is away, may hold another."""
    shop = network.members["shop"]
    shop.accept = lambda _: None  # type: ignore[method-assign, assignment]
    shop.deliver(0)
    del shop.accept
    old = _copied(network)
    for c in shop.unaccepted():
        shop.take(lambda c=c: shop.accept(c))  # type: ignore[misc]
    agreed(network)
    lost = frames(network, Accept, "shop")[0]
    shop = forget(network, old, marked=False)
    assert of(shop).chain.sequence < lost.header.number
    length = len(network.log)
    shop.time_passes(0.0)
    answer(network, "bank", lost)
    for _ in range(2):
        shop.time_passes(2 * WAIT)
    give(shop, lost)
    for _ in range(5):
        shop.time_passes(2 * WAIT)
        shop.publish()
    assert shop.recovery.silent(cid(network)) == ["telco"] and not new_numbers(network, length)


def test_a_sign_met_later_makes_a_short_wait_a_long_one(network: SimulatedNetwork) -> None:
    agreed(network)
    shop = network.members["shop"]
    shop.restart()
    shop.recovery.doubt(cid(network))
    shop.time_passes(0.0)
    shop.time_passes(10 * WAIT)
    assert shop.dispatcher.suspended


def test_before_it_has_said_anything_a_party_asks_as_well(network: SimulatedNetwork) -> None:
    """The proposal is in the old journal, the acceptance is not."""
    shop = network.members["shop"]
    shop.accept = lambda _: None  # type: ignore[method-assign, assignment]
    shop.deliver(0)
    shop.restart()
    assert of(shop).state == "PROPOSED" and list(shop.dispatcher.suspended) == [cid(network)]


# ---- peers that lie


def test_a_false_claim_is_believed_once(network: SimulatedNetwork) -> None:
    """Else one peer has a party read the log again and again, and keep none of its positions."""
    agreed(network)
    shop = network.members["shop"]
    for number in (50, 51, 52):
        say(network, "telco", "shop", Ack(), seen=f"shop={number}")
        shop.time_passes(0.0)
        if shop.dispatcher.suspended:
            assert number == 50
            for peer in PEERS:
                answer(network, peer, last_of(network, "shop"))
            shop.time_passes(1.0)
        assert not shop.dispatcher.suspended
    say(network, "bank", "shop", Ack(), seen="shop=50")
    assert shop.dispatcher.suspended, "another peer has not lied yet"


def test_who_claims_to_have_said_more_than_it_has_is_asked_ever_more_rarely(network: SimulatedNetwork) -> None:
    agreed(network)
    shop = network.members["shop"]
    shop.restart()
    shop.time_passes(0.0)
    nonce = Asked.decode(frames(network, Asked, "shop")[-1].payload).nonce
    for peer in PEERS:
        say(network, peer, "shop", Held(nonce=nonce, last=last_of(network, "shop").bare().hex(), said=10**6))
    for _ in range(600):
        shop.time_passes(1.0)
    assert 5 < len(frames(network, Resend, "shop")) < 60


def test_without_all_answers_nothing_of_the_outbox_goes_out(network: SimulatedNetwork) -> None:
    """What was committed just before a peer's claim was met may have another version."""
    agreed(network)
    shop = network.members["shop"]
    while not shop.due():
        shop.work(next(iter(shop.jobs)))
    say(network, "telco", "shop", Ack(), seen="shop=50")
    length = len(network.log)
    shop.recovery.expire(cid(network))
    shop.publish()
    assert of(shop).state == "EXPIRED" and not new_numbers(network, length)


def test_a_fault_while_suspended_says_nothing(network: SimulatedNetwork) -> None:
    """The failure stands in the outbox under a number that peers turn out to hold."""
    agreed(network)
    shop = forget(network, _copied(network))
    length = len(network.log)
    shop.time_passes(0.0)
    own = last_of(network, "shop")
    shop.take(lambda: shop.dispatcher.poison(Row(cid(network), "own", own.bare(), own.payload, NOW), Code.BEHIND))
    assert of(shop).ended
    shop.time_passes(1.0)
    shop.publish()
    assert not new_numbers(network, length) and shop.dispatcher.suspended
    shop.time_passes(GIVE_UP)
    shop.publish()
    assert not new_numbers(network, length) and not shop.dispatcher.suspended
    shop.restart()
    shop.publish()
    assert not new_numbers(network, length) and of(shop).mute


def _copied(network: SimulatedNetwork) -> Path:
    shop = network.members["shop"]
    shop.journal.copy(shop.folder / "old")
    return shop.folder / "old"


# ---- after the end


def test_the_last_checkpoint_is_not_signed_twice(network: SimulatedNetwork) -> None:
    """It is said after the end: a backup of a completed collaboration may lack it."""
    shop = network.members["shop"]
    kept: list[Path] = []

    def point(where: str) -> None:
        c = next(iter(shop.dispatcher.collaborations.values()), None)
        ends = where == "after commit" and not kept and c is not None and c.state == "COMPLETED" and c.witnessing
        if ends and not any(b"checkpoint.completed" in out.head for out in shop.due()):
            kept.append(_copied(network))

    shop.point = point
    network.run()
    shop.point = lambda _: None
    assert network.ended and kept
    first = frames(network, Checkpoint, "shop")[-1]
    shop = forget(network, kept[0])
    assert of(shop).state == "COMPLETED" and of(shop).chain.sequence < first.header.number
    missing = [f for _, d in network.log if (f := Frame.decode(d)).header.source in PEERS and f.header.number]
    length = len(network.log)
    shop.time_passes(0.0)
    give(shop, *missing)
    shop.publish()
    assert not new_numbers(network, length), "it is signed a second time"
    for peer in PEERS:
        answer(network, peer, first)
    shop.time_passes(1.0)
    give(shop, first)
    shop.time_passes(1.0)
    assert not shop.dispatcher.suspended
    give(shop, *missing)
    shop.publish()
    assert not new_numbers(network, length) and of(shop).state == "COMPLETED" and not of(shop).witnessing


def test_the_last_checkpoint_is_given_up_where_peers_are_away(network: SimulatedNetwork) -> None:
    network.run()
    shop = network.members["shop"]
    of(shop).witness._said["COMPLETED"].pop("telco")  # type: ignore[union-attr]
    shop.recovery.doubt(cid(network))
    shop.time_passes(0.0)
    assert shop.dispatcher.suspended
    shop.time_passes(GIVE_UP + 1)
    assert not shop.dispatcher.suspended and of(shop).mute and of(shop).state == "COMPLETED"
    shop.restart()
    assert of(shop).mute and of(shop).state == "COMPLETED" and not shop.dispatcher.suspended


# ---- strangers


def test_an_old_question_is_not_answered_again(network: SimulatedNetwork) -> None:
    """Anybody who may publish can publish what a peer has signed once more, each second, for ever."""
    agreed(network)
    bank = network.members["bank"]
    asked = say(network, "shop", "bank", Resend(nonce=os.urandom(32).hex(), sender="bank", after=0))
    length = len(network.log)
    for _ in range(5):
        bank.now += 2 * ANSWER_EVERY
        give(bank, asked)
    assert len(network.log) == length
    say(network, "shop", "bank", Resend(nonce=os.urandom(32).hex(), sender="bank", after=0))
    assert len(network.log) > length


def test_who_asks_faster_than_the_broker_takes_fills_no_memory(
    network: SimulatedNetwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agreed(network)
    event, ack = (
        frames(network, Accept, "shop")[0],
        network.members["shop"].dispatcher.acknowledgement(cid(network), NOW),
    )
    monkeypatch.setattr(publisher, "MAX_BYTES", 10 * len(event.encode()))
    sender = Publisher(EmbeddedBroker(tmp_path / "log.db"), lambda *_: ())
    for _ in range(100):
        sender.aside([event, ack])
    kept = [Frame.decode(r.frame).header.event_class for r in sender._records(sender._next())]
    assert kept.count(Ack) == 100 and 1 < kept.count(Accept) <= 10
