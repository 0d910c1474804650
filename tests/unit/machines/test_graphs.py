"""Graphs in shares: what comes out is what a plain computation finds, however many parties there are, in any order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.support.graphs import IDS, VERTICES, graphs, matrix, near, over, plain
from tests.support.world import Rows, World
from tests.unit.machines.test_tampered_peers import Change, filled, first, longer, shorter, tampering, wider

from accord_protocols.graph.edges import Edges
from accord_protocols.jobs.registry import JOBS
from accord_schemas.agreement import Agreement, Member
from accord_schemas.events import (
    Blinded,
    Choices,
    Covered,
    Entries,
    Event,
    Flagged,
    IdSet,
    Marks,
    Masked,
    Pads,
    Part,
    Products,
    Shares,
    Signed,
)

pytestmark = pytest.mark.variants

JOB = JOBS["graph"]
TASKS = ("risk", "reach", "common_neighbours", "similar")
SHAPE = "a vector is not of the agreed shape"
POINTS = "points of an exchange are not as many as agreed"
GROUP = "points of the group are not acceptable"
TABLE = "a table of neighbourhoods is not as agreed"


def found(data: dict[str, Rows], terms: Agreement, order: int = 0, party: str = "bank") -> np.ndarray:
    assert not JOB.objection(terms)
    world = World(terms, data, order).run()
    assert all(p.aborted is None and p.states[-1] == "completed" for p in world.parties.values())
    return np.asarray(world.parties[party].notes["values"])


@pytest.mark.parametrize("parties", [2, 3, 5])
def test_scores_are_those_of_a_plain_computation(parties: int) -> None:
    data, terms = graphs(parties, seed=parties), over(parties, damping=0.4)
    assert terms.graph is not None
    assert np.abs(found(data, terms) - plain(data, terms.graph)).max() < 1e-6


@pytest.mark.parametrize(("parties", "hops"), [(3, 3), (2, 1), (5, 1)])
def test_answers_are_those_of_a_plain_computation(parties: int, hops: int) -> None:
    data = graphs(parties, edges=12 // parties, flagged=1, seed=hops, asked=10)
    terms = over(parties, "reach", hops=hops)
    assert terms.graph is not None
    want = plain(data, terms.graph)
    assert 0 < want.sum() < len(want), "an example that tells near from far"
    assert (found(data, terms) == want).all()


def test_the_conventions_of_membership_parallel_edges_and_common_flags() -> None:
    """A flagged vertex reaches itself; parallel edges add up; who is flagged by two is flagged once."""
    one = Edges(_u4(0), _u4(1), np.array([2.0]), _u4(0, 5), _u4())
    two = Edges(_u4(1), _u4(0), np.array([3.0]), _u4(0), _u4())
    empty = np.zeros((VERTICES, 0))
    data = {name: Rows(IDS, (), empty, None, edges=edges) for name, edges in (("bank", one), ("shop", two))}
    scores = found(data, over(2, max_strength=10.0, rounds=1))
    assert scores[:2].tolist() == pytest.approx([1.0, 0.25], abs=1e-6) and scores[5] == pytest.approx(1.0, abs=1e-6)
    asking = replace(data["bank"], edges=replace(one, asked=_u4(5, 1, 7)))
    assert found(data | {"bank": asking}, over(2, "reach", hops=1)).tolist() == [1.0, 1.0, 0.0]


def _u4(*places: int) -> np.ndarray:
    return np.array(places, np.uint32)


@pytest.mark.parametrize("parties", [2, 3])
def test_common_neighbours_are_counted_at_each_other_party(parties: int) -> None:
    data, terms = graphs(parties, edges=25), over(parties, "common_neighbours")
    asked, own = data["bank"].edges, near(data["bank"])
    assert asked is not None
    want = [
        [number, question, place, len(own[place] & near(data[party])[place])]
        for number, party in enumerate(terms.others)
        for question, place in enumerate(asked.asked.tolist())
    ]
    assert any(row[3] for row in want), "an example with something in common"
    assert found(data, terms).tolist() == want


@pytest.mark.parametrize("parties", [2, 3])
def test_vertices_with_the_same_neighbours_are_alike_and_others_rarely(parties: int) -> None:
    """A vertex of the asker, and one of another party of another name, of which one has a neighbour more."""
    own = Edges(_u4(0, 0, 0, 0, 9), _u4(1, 2, 3, 4, 8), np.ones(5), _u4(), _u4(0, 9, 7))
    other = Edges(_u4(5, 5, 5, 5, 5, 6, 6), _u4(1, 2, 3, 4, 10, 8, 11), np.ones(7), _u4(), _u4())
    data = {name: Rows(IDS, (), np.zeros((VERTICES, 0)), None, edges=other) for name in ("bank", "shop", "telco")}
    data = {"bank": replace(data["bank"], edges=own), **dict(list(data.items())[1:parties])}
    rows = found(data, over(parties, "similar", threshold=0.7, recall=0.999))
    pairs = {(party, question, place) for party, question, place, _ in rows.tolist()}
    assert {(k, 0, 5) for k in range(parties - 1)} <= pairs, "4 of 5 neighbours: 0.8"
    assert not any(question == 2 for _, question, _ in pairs), "who has no neighbours is like nobody"


@pytest.mark.parametrize("task", TASKS)
def test_the_order_of_arrival_changes_nothing(task: str) -> None:
    data, terms = graphs(3), over(3, task, rounds=2) if task == "risk" else over(3, task)
    assert len({World(terms, data, order).run().fingerprint() for order in range(3)}) == 1


def test_several_receivers_learn_the_same_and_a_helper_may_be_one() -> None:
    data, terms = graphs(4), over(4, result_to=("bank", "telco"))
    world = World(terms, data).run()
    assert [name for name, p in world.parties.items() if "values" in p.notes] == ["bank", "telco"]
    values = [world.parties[name].notes["values"] for name in ("bank", "telco")]
    assert (values[0] == values[1]).all() and "telco" not in terms.keyholders


@pytest.mark.parametrize("task", TASKS)
def test_what_travels_grows_with_vertices_and_shows_nothing_of_edges_flags_or_questions(task: str) -> None:
    sizes = []
    for edges, flagged, asked in ((3, 1, 1), (28, 9, 8)):
        world = World(over(3, task), graphs(3, edges, flagged, asked=asked)).run()
        sizes.append({address: len(content.event.encode()) for address, content in world.log.items()})
    assert sizes[0].keys() == sizes[1].keys()
    assert {a: size for a, size in sizes[0].items() if a.instance != "session"} == {
        a: size for a, size in sizes[1].items() if a.instance != "session"
    }


def test_shares_of_one_party_are_as_good_as_uniform() -> None:
    """Whatever a party that computes is sent in a round is uniform in the ring: no bit of it leans to one side."""
    world = World(over(3, "reach", hops=3), graphs(3)).run()
    words = [c.event.values for a, c in world.log.items() if isinstance(c.event, Covered)]
    bits = np.unpackbits(np.concatenate(words).view(np.uint8))
    assert abs(bits.mean() - 0.5) < 5 * 0.5 / np.sqrt(len(bits))


def test_edges_of_one_party_show_in_the_sum_alone() -> None:
    """Moving an edge from one party to another changes no score."""
    data, terms = graphs(3), over(3)
    edges = data["shop"].edges, data["telco"].edges
    assert edges[0] is not None and edges[1] is not None
    shop = replace(edges[0], sources=edges[0].sources[1:], targets=edges[0].targets[1:], weights=edges[0].weights[1:])
    more = {name: np.append(getattr(edges[1], name), getattr(edges[0], name)[:1]) for name in _ENDS}
    moved = data | {
        "shop": replace(data["shop"], edges=shop),
        "telco": replace(data["telco"], edges=replace(edges[1], **more)),
    }
    assert np.abs(found(data, terms) - found(moved, terms)).max() < 1e-6
    assert not np.array_equal(matrix(moved["shop"]), matrix(data["shop"]))


_ENDS = ("sources", "targets", "weights")


# ---- terms


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"parties": {"x": Member(role="receiver", identity="x")}}, "result_to names other parties"),
        ({"graph": {"damping": 1.0, "rounds": 100}}, "agree on less damping"),
        ({"leads": "shop"}, "led by one of its receivers"),
        ({"graph": {"task": "similar", "threshold": 0.05, "recall": 0.99}}, "agree on a higher threshold"),
    ],
)
def test_terms_that_cannot_be_computed_are_refused_with_a_remedy(change: dict[str, Any], word: str) -> None:
    terms = over(3)
    assert terms.graph is not None
    if "parties" in change:
        change = {"parties": {**terms.parties, **change["parties"]}}
    if "graph" in change:
        change = {"graph": terms.graph.model_copy(update=change["graph"])}
    assert word in JOB.objection(terms.model_copy(update=change))


def test_consent_says_what_is_learned() -> None:
    learns = over(3, "reach", queries=70).learns
    assert "up to 70 vertices of its choice" in learns["bank"] and "not for which" in learns["telco"]
    assert "random share" in learns["shop"] and "random share" not in learns["telco"]
    learns = over(3, "similar").learns
    assert "whose neighbours these are" in learns["bank"] and "up to 8 vertices, and not for which" in learns["shop"]
    assert "tell single edges" in over(2, "common_neighbours").learns["bank"]
    learns = over(3).learns
    assert "the score of every vertex" in learns["bank"] and "scores tell edges" in learns["bank"]


# ---- peers that break the protocol


@pytest.mark.parametrize(
    ("task", "kind", "sender", "victim", "change", "reason"),
    [
        (
            "risk",
            IdSet,
            "shop",
            "bank",
            lambda event: {"ids": 29},
            "a party has another list of vertices than was agreed",
        ),
        ("risk", Pads, "bank", "telco", shorter("numbers"), "encrypted pads are not as agreed"),
        ("risk", Pads, "shop", "bank", wider("numbers"), "encrypted pads are not as agreed"),
        ("risk", Pads, "bank", "telco", first("numbers", 0), "a ciphertext is not of the agreed form"),
        ("risk", Pads, "bank", "shop", first("numbers", 255), "a ciphertext is not of the agreed form"),
        ("risk", Products, "telco", "shop", longer("numbers"), "encrypted products are not as agreed"),
        ("risk", Products, "telco", "shop", first("numbers", 0), "a ciphertext is not of the agreed form"),
        ("risk", Products, "shop", "bank", shorter("numbers"), "encrypted products are not as agreed"),
        ("risk", Products, "shop", "bank", first("numbers", 255), "a ciphertext is not of the agreed form"),
        ("risk", Flagged, "telco", "shop", shorter("shares"), "shares of flags are not as agreed"),
        ("risk", Flagged, "telco", "shop", filled("shares", 4), "shares of flags are not as agreed"),
        ("reach", Flagged, "telco", "shop", longer("shares"), "shares of flags are not as agreed"),
        ("risk", Choices, "shop", "bank", shorter("points"), "points of an exchange are not as many as agreed"),
        ("risk", Masked, "bank", "shop", shorter("table"), "a masked table is not as announced"),
        ("risk", Entries, "shop", "bank", shorter("values"), "a table of entries is not as agreed"),
        ("risk", Covered, "bank", "telco", shorter("values"), SHAPE),
        ("risk", Covered, "shop", "bank", wider("values"), SHAPE),
        ("risk", Part, "telco", "shop", longer("shares"), SHAPE),
        ("risk", Shares, "shop", "bank", shorter("values"), SHAPE),
        ("reach", Marks, "shop", "bank", shorter("tags"), "marks are not as announced"),
        ("reach", Marks, "shop", "bank", wider("tags"), "marks are not as announced"),
        ("common_neighbours", Blinded, "bank", "shop", longer("numbers"), POINTS),
        ("common_neighbours", Blinded, "bank", "telco", first("numbers", 255), GROUP),
        ("common_neighbours", Signed, "telco", "bank", shorter("numbers"), POINTS),
        ("similar", Signed, "shop", "bank", wider("numbers"), POINTS),
        ("similar", Signed, "shop", "bank", first("numbers", 0), GROUP),
        ("similar", Marks, "telco", "bank", longer("tags"), TABLE),
        ("common_neighbours", Marks, "telco", "bank", wider("tags"), TABLE),
    ],
)
def test_what_is_not_of_the_agreed_form_names_its_sender(
    task: str, kind: type[Event], sender: str, victim: str, change: Change, reason: str
) -> None:
    world = World(over(3, task), graphs(3), tamper=tampering(kind, sender, victim, change)).run()
    abort = world.parties[victim].aborted
    assert abort is not None
    assert (abort.trigger, abort.reason, abort.whose) == ("failed", reason, sender)
    assert "completed" not in world.parties[victim].states


@pytest.mark.parametrize("kind", [Covered, Part, Entries, Shares])
def test_noise_in_the_right_shape_breaks_no_machine(kind: type[Event]) -> None:
    """It spoils the scores: the threat model is semi-honest."""
    sender, victim = ("telco", "shop") if kind is Part else ("shop", "bank")
    name = next(iter(kind.model_fields))

    def change(event: Event) -> dict[str, Any]:
        return {name: np.random.default_rng(1).integers(0, 1 << 64, getattr(event, name).shape, np.uint64)}

    world = World(over(3), graphs(3), tamper=tampering(kind, sender, victim, change)).run()
    assert all(party.aborted is None for party in world.parties.values())
    assert np.abs(world.parties["bank"].notes["values"] - plain(graphs(3), over(3).graph)).max() > 1  # type: ignore[arg-type]


def test_who_asks_more_than_was_agreed_cannot() -> None:
    """The table of questions has the agreed size, whatever stands in it: a larger one is refused."""
    change = longer("table")
    world = World(over(2, "reach"), graphs(2), tamper=tampering(Masked, "bank", "shop", change)).run()
    abort = world.parties["shop"].aborted
    assert abort is not None and (abort.reason, abort.whose) == ("a masked table is not as announced", "bank")


@pytest.mark.parametrize("task", ["common_neighbours", "similar"])
def test_an_asker_gets_from_noise_nothing_but_fewer_matches(task: str) -> None:
    """A table of noise, names of vertices that are none among it, ends nothing: an error would tell what was asked."""

    def change(event: Marks) -> dict[str, Any]:
        return {"tags": np.random.default_rng(1).integers(0, 256, event.tags.shape, np.uint8)}

    world = World(over(2, task), graphs(2), tamper=tampering(Marks, "shop", "bank", change)).run()
    assert all(party.aborted is None for party in world.parties.values())
    assert not world.parties["bank"].notes["values"][:, 3].sum()
