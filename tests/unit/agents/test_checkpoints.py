"""Checkpoints: the same history for everybody, found out where it is not; told apart from what only looks like it."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
from tests.support.street import NOW, Street, identities
from tests.support.world import agreement, alignment, tables

from accord_agents.collaboration.checkpoints import leaves_between
from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.results.files import summary
from accord_agents.results.summary import Ledger
from accord_schemas.events import Checkpoint, Complete, Fail, State
from accord_schemas.frame import Frame
from accord_schemas.header import Header
from accord_schemas.merkle import Tree

DATA = tables(3, n=60, columns=2)
TERMS = agreement(3, max_rounds=1)
ALIGNMENT = alignment(3)
KEYS = identities(tuple(DATA))


def collaborations(street: Street) -> dict[str, Collaboration]:
    return {p: c for p, house in street.houses.items() for c in house.desk.collaborations.values()}


def frames(street: Street) -> dict[tuple[str, int], Frame]:
    """Every numbered frame on the log, by sender and sequence."""
    found = [Frame.decode(data) for _, data in street.log]
    return {(f.header.source, f.header.number): f for f in found if f.header.number}


def said(street: Street) -> dict[str, dict[str, tuple[int, Checkpoint]]]:
    """By phase and party: the checkpoint, and as which event it was said."""
    phases: dict[str, dict[str, tuple[int, Checkpoint]]] = defaultdict(dict)
    for (party, number), frame in frames(street).items():
        if frame.header.event_class is Checkpoint:
            event = Checkpoint.decode(frame.payload)
            assert frame.header.step == f"checkpoint.{event.phase.lower()}" and party not in phases[event.phase]
            phases[event.phase][party] = number, event
    return phases


@pytest.mark.parametrize("order", range(4))
def test_all_sign_the_same_log_at_the_end_of_each_phase(tmp_path: Path, order: int) -> None:
    street = Street(tmp_path, TERMS, DATA, order=order, lose=0.1 * (order == 3)).run(quiet=60)
    phases, log = said(street), frames(street)
    assert list(phases) and set(phases) == {"KEYED", "GATED", "ALIGNED", "PREPARED", "CONVERGED", "COMPLETED"}
    before: dict[str, int] = {}
    tree = Tree()
    for phase, voices in sorted(phases.items(), key=lambda item: item[1]["bank"][0]):
        number, event = voices["bank"]
        assert {e.model_dump_json() for _, e in voices.values()} == {event.model_dump_json()}
        assert set(voices) == set(DATA) and event.cut["bank"] == number - 1
        for leaf in leaves_between(before, event.cut):
            tree.append(log[leaf].digest)
        assert (event.size, event.root) == (tree.size, tree.root().hex()), phase
        before = event.cut
    late = {f.header.event_class for (party, number), f in log.items() if number > before[party]}
    assert late <= {Checkpoint, State}, "the last one covers everybody's complete"
    assert sum(f.header.event_class is Complete for f in log.values()) == len(DATA)
    for party, collaboration in collaborations(street).items():
        assert collaboration.sealed
        want = {"phase": "COMPLETED", "size": tree.size, "root": tree.root().hex(), "witnessed_by": ["shop", "telco"]}
        assert summary(collaboration, Ledger())["checkpoint"] == want, party
        house = street.houses[party]
        house.restart()
        assert collaborations(street)[party].sealed, "and a fold knows it again"
    street.close()


def test_a_refusal_is_signed_too(tmp_path: Path) -> None:
    street = Street(tmp_path, TERMS, DATA)
    bank, shop = street.houses["bank"], street.houses["shop"]
    bank.propose()
    bank.publish()
    shop.take(lambda: shop.desk.deliver(*street.log[0], NOW))
    (cid,) = shop.desk.collaborations
    shop.take(lambda: shop.desk.word(cid, "refused", {"reason": "no"}, NOW))
    street.run()
    assert {c.state for c in collaborations(street).values()} == {"REFUSED"}
    assert set(said(street)) == {"REFUSED"} and said(street)["REFUSED"]["bank"][1].cut["bank"] >= 1
    street.close()


class Forger:
    """A party that signs two histories: another of its peers is shown the other one, whole and well chained."""

    def __init__(self, street: Street, forger: str, victim: str, step: str) -> None:
        self.step, self.forger, self.house = step, forger, street.houses[forger]
        self.first, self.forged = 0, dict[int, Frame]()
        desk = street.houses[victim].desk
        deliver = desk.deliver
        desk.deliver = lambda family, data, now: deliver(family, self.shown(data), now)  # type: ignore[method-assign]

    def shown(self, data: bytes) -> bytes:
        header = Frame.decode(data).header
        if header.source != self.forger or not header.number:
            return data
        for out in self.house.journal.outgoing(header.subject, max([*self.forged, self.first - 1, 0])):
            frame = Frame.restore(out.head, out.payload)
            number, changes = frame.header.number, {}
            if frame.header.step == self.step:
                self.first, changes = number, {"time": "2026-01-01T00:00:00.001Z"}
            elif number - 1 in self.forged:
                changes = {"previoushash": self.forged[number - 1].digest.hex()}
            if changes:
                forged = Header.of(frame.header.attributes() | changes)
                self.forged[number] = Frame.make(forged, frame.payload, KEYS[self.forger].sign)
        return self.forged[header.number].encode() if header.number in self.forged else data


@pytest.mark.parametrize(
    ("parties", "forger", "victim", "whose"),
    [(3, "telco", "shop", ""), (3, "telco", "bank", ""), (3, "bank", "telco", ""), (2, "bank", "shop", "bank")],
)
@pytest.mark.parametrize("step", ["state.keyed", "state.aligned"])
def test_another_history_is_found_at_the_next_checkpoint(
    tmp_path: Path, parties: int, forger: str, victim: str, whose: str, step: str
) -> None:
    data = dict(list(DATA.items())[:parties])
    street = Street(tmp_path, agreement(parties, max_rounds=1), data)
    lie = Forger(street, forger, victim, step)
    street.run()
    for party, collaboration in collaborations(street).items():
        assert collaboration.state == "FAILED" and collaboration.reason.startswith("two histories were shown"), party
        assert collaboration.witness is not None
        last, differs = collaboration.witness.last, (party != "bank") if victim == "bank" else (party == victim)
        assert not differs or last is None or last.cut[forger] < lie.first
    fails = [Fail.decode(f.payload) for f in frames(street).values() if f.header.event_class is Fail]
    assert fails and {fail.whose for fail in fails} == {whose}
    street.close()


def test_the_last_checkpoint_too_is_compared_although_all_is_over(tmp_path: Path) -> None:
    street = Street(tmp_path, ALIGNMENT, DATA)
    Forger(street, "telco", "shop", "complete")
    street.run()
    found = collaborations(street)
    assert {c.state for c in found.values()} == {"COMPLETED"} and not any(c.sealed for c in found.values())
    assert "shop" not in said(street)["COMPLETED"]
    assert any("two histories" in warning for warning in street.houses["shop"].notes["warnings"])
    street.close()


def test_an_agreement_without_checkpoints_is_folded_as_it_was(tmp_path: Path) -> None:
    versions = {name: version for name, version in ALIGNMENT.versions.items() if name != "witness"}
    street = Street(tmp_path, ALIGNMENT.model_copy(update={"versions": versions}), DATA).run()
    assert {c.state for c in collaborations(street).values()} == {"COMPLETED"} and not said(street)
    assert all(c.sealed and summary(c, Ledger())["checkpoint"] is None for c in collaborations(street).values())
    street.close()


def test_control_travels_whole_however_small_a_chunk_is(tmp_path: Path) -> None:
    limits = ALIGNMENT.limits.model_copy(update={"chunk_bytes": 1024})
    terms = ALIGNMENT.model_copy(update={"limits": limits, "learns": {"bank": "much " * 300}})
    street = Street(tmp_path, terms, DATA).run()
    assert {c.state for c in collaborations(street).values()} == {"COMPLETED"}
    assert {f.header.chunk for f in frames(street).values() if f.header.event_class.family == "control"} == {""}
    assert any(f.header.chunk for f in frames(street).values())
    street.close()
