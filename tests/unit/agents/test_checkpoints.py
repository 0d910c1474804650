"""Checkpoints: the same history for everybody, found out where it is not; told apart from what only looks like it."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
from tests.support.simulated import NOW, SimulatedNetwork, identities
from tests.support.world import agreement, alignment, tables

from accord_agents.collaboration.checkpoints import leaves_between
from accord_agents.collaboration.collaboration import Collaboration
from accord_agents.results.files import result_fields
from accord_agents.results.summary import RunSummary
from accord_schemas.events import Checkpoint, Complete, Fail, State
from accord_schemas.frame import Frame
from accord_schemas.header import Header
from accord_schemas.merkle import Tree

pytestmark = pytest.mark.variants

DATA = tables(3, n=60, columns=2)
TERMS = agreement(3, max_rounds=1)
ALIGNMENT = alignment(3)
KEYS = identities(tuple(DATA))


def collaborations(network: SimulatedNetwork) -> dict[str, Collaboration]:
    return {p: c for p, member in network.members.items() for c in member.dispatcher.collaborations.values()}


def frames(network: SimulatedNetwork) -> dict[tuple[str, int], Frame]:
    """Every numbered frame on the log, by sender and sequence."""
    found = [Frame.decode(data) for _, data in network.log]
    return {(f.header.source, f.header.number): f for f in found if f.header.number}


def said(network: SimulatedNetwork) -> dict[str, dict[str, tuple[int, Checkpoint]]]:
    """By phase and party: the checkpoint, and as which event it was said."""
    phases: dict[str, dict[str, tuple[int, Checkpoint]]] = defaultdict(dict)
    for (party, number), frame in frames(network).items():
        if frame.header.event_class is Checkpoint:
            event = Checkpoint.decode(frame.payload)
            assert frame.header.step == f"checkpoint.{event.phase.lower()}" and party not in phases[event.phase]
            phases[event.phase][party] = number, event
    return phases


@pytest.mark.parametrize("order", range(4))
def test_all_sign_the_same_log_at_the_end_of_each_phase(tmp_path: Path, order: int) -> None:
    network = SimulatedNetwork(tmp_path, TERMS, DATA, order=order, lose=0.1 * (order == 3)).run(quiet=60)
    phases, log = said(network), frames(network)
    assert list(phases) and set(phases) == {"KEYED", "GATED", "ALIGNED", "PREPARED", "CONVERGED", "COMPLETED"}
    before: dict[str, int] = {}
    tree = Tree()
    for phase, signers in sorted(phases.items(), key=lambda item: item[1]["bank"][0]):
        number, event = signers["bank"]
        assert {e.model_dump_json() for _, e in signers.values()} == {event.model_dump_json()}
        assert set(signers) == set(DATA) and event.cut["bank"] == number - 1
        for leaf in leaves_between(before, event.cut):
            tree.append(log[leaf].digest)
        assert (event.size, event.root) == (tree.size, tree.root().hex()), phase
        before = event.cut
    late = {f.header.event_class for (party, number), f in log.items() if number > before[party]}
    assert late <= {Checkpoint, State}, "the last one covers everybody's complete"
    assert sum(f.header.event_class is Complete for f in log.values()) == len(DATA)
    for party, collaboration in collaborations(network).items():
        assert collaboration.witnessed
        want = {"phase": "COMPLETED", "size": tree.size, "root": tree.root().hex(), "witnessed_by": ["shop", "telco"]}
        assert result_fields(collaboration, RunSummary())["checkpoint"] == want, party
        member = network.members[party]
        member.restart()
        assert collaborations(network)[party].witnessed, "and a fold knows it again"
    network.close()


def test_a_refusal_is_signed_too(tmp_path: Path) -> None:
    network = SimulatedNetwork(tmp_path, TERMS, DATA)
    bank, shop = network.members["bank"], network.members["shop"]
    bank.propose()
    bank.publish()
    shop.take(lambda: shop.dispatcher.deliver(*network.log[0], NOW))
    (cid,) = shop.dispatcher.collaborations
    shop.take(lambda: shop.dispatcher.command(cid, "refused", {"reason": "no"}, NOW))
    network.run()
    assert {c.state for c in collaborations(network).values()} == {"REFUSED"}
    assert set(said(network)) == {"REFUSED"} and said(network)["REFUSED"]["bank"][1].cut["bank"] >= 1
    network.close()


class Forger:
    """A party that signs two histories: another of its peers is shown the other one, whole and well chained."""

    def __init__(self, network: SimulatedNetwork, forger: str, victim: str, step: str) -> None:
        self.step, self.forger, self.member = step, forger, network.members[forger]
        self.first, self.forged = 0, dict[int, Frame]()
        dispatcher = network.members[victim].dispatcher
        deliver = dispatcher.deliver
        dispatcher.deliver = lambda family, data, now: deliver(family, self.shown(data), now)  # type: ignore[method-assign]

    def shown(self, data: bytes) -> bytes:
        header = Frame.decode(data).header
        if header.source != self.forger or not header.number:
            return data
        for out in self.member.journal.outgoing(header.subject, max([*self.forged, self.first - 1, 0])):
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
    network = SimulatedNetwork(tmp_path, agreement(parties, max_rounds=1), data)
    lie = Forger(network, forger, victim, step)
    network.run()
    for party, collaboration in collaborations(network).items():
        assert collaboration.state == "FAILED" and collaboration.reason.startswith("two histories were shown"), party
        assert collaboration.witness is not None
        last, differs = collaboration.witness.last, (party != "bank") if victim == "bank" else (party == victim)
        assert not differs or last is None or last.cut[forger] < lie.first
    fails = [Fail.decode(f.payload) for f in frames(network).values() if f.header.event_class is Fail]
    assert fails and {fail.whose for fail in fails} == {whose}
    network.close()


def test_the_last_checkpoint_too_is_compared_although_all_is_over(tmp_path: Path) -> None:
    network = SimulatedNetwork(tmp_path, ALIGNMENT, DATA)
    Forger(network, "telco", "shop", "complete")
    network.run()
    found = collaborations(network)
    assert {c.state for c in found.values()} == {"COMPLETED"} and not any(c.witnessed for c in found.values())
    assert "shop" not in said(network)["COMPLETED"]
    assert any("two histories" in warning for warning in network.members["shop"].notes["warnings"])
    network.close()


def test_an_agreement_without_checkpoints_is_folded_as_it_was(tmp_path: Path) -> None:
    versions = {name: version for name, version in ALIGNMENT.versions.items() if name != "witness"}
    network = SimulatedNetwork(tmp_path, ALIGNMENT.model_copy(update={"versions": versions}), DATA).run()
    assert {c.state for c in collaborations(network).values()} == {"COMPLETED"} and not said(network)
    assert all(
        c.witnessed and result_fields(c, RunSummary())["checkpoint"] is None for c in collaborations(network).values()
    )
    network.close()


def test_control_travels_whole_however_small_a_chunk_is(tmp_path: Path) -> None:
    limits = ALIGNMENT.limits.model_copy(update={"chunk_bytes": 1024})
    terms = ALIGNMENT.model_copy(update={"limits": limits, "name": "long " * 20})
    network = SimulatedNetwork(tmp_path, terms, DATA).run()
    assert {c.state for c in collaborations(network).values()} == {"COMPLETED"}
    control = [f for f in frames(network).values() if f.header.event_class.family == "control"]
    assert {f.header.chunk for f in control} == {""} and max(len(f.payload) for f in control) > limits.chunk_bytes
    assert any(f.header.chunk for f in frames(network).values())
    network.close()
