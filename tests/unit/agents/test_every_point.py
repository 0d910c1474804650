"""Every party dies at every point of every commit; one fault of ours leaves other collaborations alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support import exact
from tests.support.deaths import Deaths
from tests.support.models import brought, online, parts, prediction
from tests.support.real import every
from tests.support.simulated import NOW, SimulatedNetwork, SimulatedParty, identities
from tests.support.walked import brought as walks
from tests.support.walked import grown
from tests.support.walked import online as walked_online
from tests.support.walked import terms as walked
from tests.support.world import Rows, agreement, alignment, binned, boosted, tables

from accord_agents.collaboration.channel_key import channel_key
from accord_agents.collaboration.channel_keys import info
from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.security.channels.registry import channel_of
from accord_protocols.kernel.engine import Engine
from accord_protocols.phases.alignment.gate import Gate
from accord_schemas.address import Content
from accord_schemas.agreement import Agreement
from accord_schemas.canonical import digest
from accord_schemas.events import Checkpoint, Sample
from accord_schemas.frame import Frame

pytestmark = pytest.mark.variants

channel = channel_of("default")
DATA = tables(3, n=60, columns=2)
SOME = tables(3, n=150, columns=1)
"""For trees and bins, which need 20 rows on each side."""
GROWN = ("paths", "hidden", "bins")

WALKED = ("climbed", "descended", "asked")
"""Predictions by trees: of a file at both levels, and of rows that are asked for."""

PARTS = parts(DATA)
LATTICE: dict[str, Any] = {"engine": "lattice", "l2": 0.1}
CLOSED = {"protection": "closed", "optimiser": "newton", "max_rounds": 2, **LATTICE}


def terms(parties: int, kind: str) -> Agreement:
    """Of a level of training, or of a job."""
    of = {name: PARTS[name] for name in list(DATA)[:parties]}
    match kind:
        case "psi":
            return alignment(parties)
        case "transfer":
            return over_transfer(parties)
        case "predict":
            return prediction(of)
        case "online":
            return online(of, queries=20)
        case "climbed":
            return walked(grown(parties=parties, trees=2, depth=2))
        case "descended":
            return walked(grown(parties=parties, trees=2, depth=2), protection="paths")
        case "asked":
            return walked_online(grown(parties=parties, trees=2, depth=2), queries=20)
        case "closed":
            return agreement(parties, **CLOSED)
        case "paths":
            return boosted(parties, trees=1, depth=2, bins=4)
        case "hidden":
            return boosted(parties, trees=1, depth=1, bins=4, protection="shared", stop_after=None)
        case "bins":
            return binned(parties, bins=3)
        case "express":
            return agreement(parties, protection="express", folds=2, **LATTICE)
        case _:
            return agreement(parties, max_rounds=1, protection=kind)


def over_transfer(parties: int) -> Agreement:
    """An alignment by OT extension."""
    plain = alignment(parties)
    return plain.model_copy(update={"align": plain.align.model_copy(update={"protocol": "ot"})})


def yes_and_no(data: dict[str, Rows]) -> dict[str, Rows]:
    """The same, with labels of 0 and 1."""
    labels = data["bank"].labels
    assert labels is not None
    return {**data, "bank": replace(data["bank"], labels=(labels > np.median(labels)).astype(float))}


def network_of(folder: Path, parties: int, kind: str, point: Callable[[str, str], None]) -> SimulatedNetwork:
    """Parties with their parts of a model, and what the leader's people ask for."""
    data = dict(list(DATA.items())[:parties])
    if kind in GROWN:
        data = yes_and_no({name: SOME[name] for name in data})
    network = SimulatedNetwork(folder, terms(parties, kind), data, order=3, point=point)
    if kind in ("predict", "online"):
        for party, said in brought({name: PARTS[name] for name in data}).items():
            network.members[party].brought = said
    if kind in WALKED:
        for party, said in walks(grown(parties=parties, trees=2, depth=2)).items():
            network.members[party].brought = said
    if kind in ("online", "asked"):
        ids = data["bank"].ids
        network.members["bank"].wanted = (ids[:3], ["nobody"], ids[2:4])
    return network


def said(network: SimulatedNetwork) -> dict[tuple[str, ...], str]:
    """What was said, by address and chunk, apart from envelopes and wraps; nothing twice under other numbers.

    What a checkpoint covers is what had arrived by then, and differs with the order.
    """
    found: dict[tuple[str, ...], str] = {}
    for frame in {data: Frame.decode(data) for _, data in network.log}.values():
        header, body = frame.header, frame.payload
        if not header.number:
            continue
        if header.event_class is Checkpoint:
            body = b""
        elif header.salt:
            body = channel.unpack(body, len(header.to))[1]
        place = (*header.address, header.chunk)
        assert place not in found, f"{place} was said twice"
        found[place] = digest(header.type, header.recipients, header.salt, body).hex()
    return found


@pytest.mark.parametrize(
    ("parties", "kind"),
    [
        pytest.param(3, "psi", marks=pytest.mark.sweep),
        (2, "transfer"),
        pytest.param(3, "transfer", marks=pytest.mark.sweep),
        (2, "shared"),
        (2, "score"),
        (2, "predict"),
        (2, "online"),
        pytest.param(3, "online", marks=pytest.mark.sweep),
        pytest.param(3, "predict", marks=pytest.mark.sweep),
        *(pytest.param(2, kind, marks=pytest.mark.sweep) for kind in GROWN),
        pytest.param(3, "hidden", marks=pytest.mark.sweep),
        *(pytest.param(2, kind, marks=pytest.mark.sweep) for kind in WALKED),
        pytest.param(2, "closed", marks=pytest.mark.sweep),
        pytest.param(3, "closed", marks=pytest.mark.sweep),
        pytest.param(2, "express", marks=pytest.mark.sweep),
        pytest.param(3, "express", marks=pytest.mark.sweep),
    ],
)
def test_every_party_dies_at_every_point_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parties: int, kind: str
) -> None:
    """At `closed` and `express` products are in the clear: what is looked at is events, commits and lives."""
    if kind in ("closed", "express"):
        exact.put_in(monkeypatch)
    monkeypatch.setattr("accord_protocols.primitives.psi.ot.code.BUCKET", 8)  # more than are worked on at once
    stride = every(9)
    if kind in ("closed", "express"):
        stride = every(9) * (13 if parties == 2 else 61)  # some hundred commits, and a life folds all before it
    if kind in (*GROWN, *WALKED):
        stride = every(9) * (4 if kind in GROWN else 8)  # likewise
    deaths, streets = Deaths(stride), []
    for name, dies in (("calm", Deaths()), ("wild", deaths)):
        (tmp_path / name).mkdir()
        streets.append(network_of(tmp_path / name, parties, kind, dies).run())
    calm, wild = streets
    assert wild.ended and wild.models() == calm.models()
    states = {c.state for h in wild.members.values() for c in h.dispatcher.collaborations.values()}
    assert states == {"COMPLETED"}
    for name, member in wild.members.items():
        assert np.array_equal(*(m.notes.get("predictions", ()) for m in (member, calm.members[name])))
    assert said(wild) == said(calm)
    assert deaths.every and len(deaths.commits) == parties and min(deaths.commits.values()) > 15
    for network in streets:
        network.close()


@pytest.fixture
def agreed(tmp_path: Path) -> SimulatedNetwork:
    network = SimulatedNetwork(tmp_path, terms(3, "shared"), DATA)
    bank = network.members["bank"]
    bank.propose()
    bank.publish()
    for member in network.members.values():
        member.deliver(0)
        member.publish()
    return network


def found(network: SimulatedNetwork, party: str) -> dict[str, Collaboration]:
    return {c.agreement.name: c for c in network.members[party].dispatcher.collaborations.values() if c.agreement}


@pytest.mark.parametrize("kind", ["job", "event"])
def test_a_fault_of_ours_fails_one_collaboration_while_another_completes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Only the collaboration that has a gate meets the fault, at the shop alone, on a row of that kind."""
    network = SimulatedNetwork(tmp_path, agreement(3, gate=0.95), DATA)
    row, heard = Gate.table["start"], Engine.content
    start = row.fire

    def broken_start(machine: Gate, *rest: Any) -> Any:
        if machine.me == "shop":
            raise ZeroDivisionError
        return start(machine, *rest)

    def broken_ear(engine: Engine, content: Content) -> Any:
        if engine.setup.me == "shop" and isinstance(content.event, Sample):
            raise ZeroDivisionError
        return heard(engine, content)

    if kind == "job":
        monkeypatch.setattr(row, "fire", broken_start)
    else:
        monkeypatch.setattr(Engine, "content", broken_ear)
    bank = network.members["bank"]
    other = alignment(len(bank.terms.parties)).model_copy(update={"name": "another", "parties": bank.terms.parties})
    bank.take(lambda: bank.dispatcher.propose(other, digest(b"another").hex(), NOW))
    bank.publish()
    for member in network.members.values():
        member.deliver(0)
        member.publish()
    for _ in ("consent", "nonces"):
        for member in network.members.values():
            for index in range(len(network.log)):
                member.deliver(index)
        for member in network.members.values():
            member.publish()
    begun = {party: dict(member.jobs) for party, member in network.members.items()}
    assert all(begun.values())
    for member in network.members.values():  # its jobs take long, and meanwhile the fault is met
        member.jobs.clear()
    bank.propose()
    network.run()
    for party in DATA:
        assert {name: c.state for name, c in found(network, party).items()} == {"another": "AGREED", "test": "FAILED"}
        network.members[party].jobs |= begun[party]
    network.run()
    for party in DATA:
        states = {name: c.state for name, c in found(network, party).items()}
        assert states == {"test": "FAILED", "another": "COMPLETED"}, party
        assert "(shop)" in found(network, party)["test"].reason
    shop = network.members["shop"]
    reason = found(network, "shop")["test"].reason
    monkeypatch.undo()
    shop.restart()  # the fault was mended since, and yet the fold arrives at what was said then
    again = found(network, "shop")
    assert again["test"].state == "FAILED" and again["test"].reason == reason
    assert again["another"].state == "COMPLETED"
    network.close()


def sealed(network: SimulatedNetwork, sender: str, to: str) -> tuple[int, Frame]:
    """The first sealed event of one party to another, before the other has read it."""
    for _ in range(2000):
        for index, (_, data) in enumerate(network.log):
            frame = Frame.decode(data)
            if frame.header.source == sender and frame.header.to == (to,) and frame.header.salt:
                return index, frame
        member = network.members[network.rng.choice([h for h in DATA if h != to])]
        step(member, network)
        step(network.members[to], network, but=sender)
    raise AssertionError("nothing sealed was said")


def step(member: SimulatedParty, network: SimulatedNetwork, but: str = "") -> None:
    for index in range(len(network.log)):
        header = Frame.decode(network.log[index][1]).header
        if index not in member.read and not (header.source == but and header.salt):
            member.deliver(index)
            return
    for key in list(member.jobs):
        member.work(key)
    for collaboration in member.unaccepted():
        member.take(lambda c=collaboration: member.accept(c))  # type: ignore[misc]
    member.publish()


@pytest.mark.parametrize("damage", ["body", "wrap", "foreign"])
def test_an_event_that_its_recipient_cannot_open_fails_it_naming_the_sender(
    agreed: SimulatedNetwork, damage: str
) -> None:
    """Well signed and in sequence, and still not readable: the sender's doing, told with one reason for all."""
    index, frame = sealed(agreed, "bank", "shop")
    keys, payload = identities(tuple(DATA)), frame.payload
    if damage == "foreign":  # wrapped by the bank for somebody else
        suite, cid = frame.header.algorithms, frame.header.subject
        secret = channel_key(suite, digest(b"seed", "bank", cid), "bank", ("shop",))
        wrap = channel.wrap(keys["bank"], keys["telco"].public, secret, info(suite, cid, "bank", ("shop",)))
        payload = wrap + payload[channel.wrap_bytes :]
    else:
        at = 40 if damage == "wrap" else len(payload) - 1
        payload = payload[:at] + bytes([payload[at] ^ 1]) + payload[at + 1 :]
    attributes = frame.header.attributes() | {"payloadhash": hashlib.sha256(payload).hexdigest()}
    forged = Frame.make(type(frame.header).of(attributes), payload, keys["bank"].sign)
    shop = agreed.members["shop"]
    shop.take(lambda: shop.dispatcher.deliver("psi", forged.encode(), NOW))
    (collaboration,) = shop.dispatcher.collaborations.values()
    assert (collaboration.state, collaboration.reason) == ("FAILED", "the event cannot be opened (bank)")
    shop.deliver(index)  # the real one comes too late, and is a second version that quarantine keeps
    assert [(r.source, r.reason) for r in shop.journal.quarantine()] == [
        ("bank", f"a second version of event {frame.header.number}")
    ]
    agreed.close()


def test_the_parties_hold_different_rows() -> None:
    rows: dict[str, Rows] = DATA
    assert len({frozenset(r.ids) for r in rows.values()}) == len(rows)
