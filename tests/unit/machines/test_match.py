"""Looking for pictures in a gallery: right decisions, and views that hold no distance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support.matching import CLIENT, SERVER, embeddings, folders, looked, plain, rows, terms
from tests.support.world import Rows
from tests.unit.machines.test_tampered_peers import shorter, tampering

from accord_protocols.jobs.registry import JOBS
from accord_protocols.matching import distance
from accord_protocols.primitives.comparison.circuit import STEPS
from accord_schemas.address import Content
from accord_schemas.events import Event, Picks, Tables, Transfers
from accord_schemas.events import Gallery as Given
from accord_schemas.matching import WEIGHTS, Match

pytestmark = pytest.mark.variants


@pytest.mark.parametrize(("threshold", "gallery", "probes"), [(0.4, 9, 5), (0.505, 40, 30), (3.9, 3, 1)])
def test_decisions_are_those_of_a_plain_comparison(threshold: float, gallery: int, probes: int) -> None:
    data = folders(gallery, probes)
    world = looked(data, terms(threshold), order=gallery)
    found = world.parties[CLIENT].notes
    expected = plain(data, threshold)
    assert sorted(found["matches"]) == expected and found["matched"] == len({probe for probe, _ in expected})
    assert "matches" not in world.parties[SERVER].notes
    (output,) = JOBS["match"].outputs
    assert output.made(world.parties[SERVER].notes, data[SERVER]) is None
    made = output.made(found, data[CLIENT])
    assert made is not None
    lines = b"".join(made).decode().splitlines()
    assert lines[0] == "image,match" and {line.split(",")[0] for line in lines[1:]} == set(data[CLIENT].ids)
    assert sum(line.split(",")[1] != "" for line in lines[1:]) == len(expected)


def test_pictures_are_compared_in_bits() -> None:
    rng = np.random.default_rng(5)
    gallery = rng.integers(0, 2, (6, 64))
    probes = gallery[:4].copy()
    for row, flips in enumerate((0, 9, 10, 11)):
        probes[row, :flips] ^= 1
    data = {CLIENT: rows(probes / 8, "probe"), SERVER: rows(gallery / 8, "known")}
    world = looked(data, terms(10, kind="picture"))
    assert [pair for pair in world.parties[CLIENT].notes["matches"] if pair[1] == f"known-{pair[0]}.png"] == [
        [0, "known-0.png"],
        [1, "known-1.png"],
        [2, "known-2.png"],
    ]


def test_a_limit_is_exact() -> None:
    one = np.zeros((1, 128))
    for threshold, away in ((0.6, 0.5999999), (0.6, 0.6000001)):
        other = one.copy()
        other[0, 5] = away
        found = int(distance.squared(distance.fixed(one), distance.fixed(other))[0, 0])
        section = terms(threshold).match
        assert section is not None and (found <= distance.limit(section)) == (away <= threshold)


# ---- views


def test_the_client_is_told_nothing_that_holds_a_distance() -> None:
    """All that it gets: the encrypted gallery, names under keys, tables under pads. What it opens before is uniform."""
    data = folders(12, 8)
    world = looked(data, terms(0.4))
    got = [type(c.event) for c in world.log.values() if c.event.encrypted and c.address.sender == SERVER]
    assert got.count(Given) == 1 and got.count(Tables) == len(STEPS) and len(got) == 1 + len(STEPS)
    notes = world.parties[CLIENT].notes
    matches = notes["matches"]
    known = {"sizes", "warnings", "model_digest"}
    assert set(notes) - known == {"matches", "matched", "shown", "gallery", "probes", "near", "pairs"}
    assert all(isinstance(probe, int) and isinstance(name, str) for probe, name in matches)


def test_keys_and_names_are_those_of_matches_alone() -> None:
    """The names that do not match stay closed, to whoever has all that the client has."""
    data, agreed = folders(9, 5), terms(0.1)
    seen: list[NDArray[np.uint8]] = []

    def tamper(to: str, content: Content) -> Event:
        if isinstance(content.event, Given):
            seen.append(content.event.names)
        return content.event

    world = looked(data, agreed, tamper=tamper)
    matched = {name for _, name in world.parties[CLIENT].notes["matches"]}
    raw = b"".join(names.tobytes() for names in seen)
    assert 0 < len(matched) < 9 and not any(name.encode() in raw for name in data[SERVER].ids)


def test_the_server_sees_the_same_whatever_is_looked_for() -> None:
    """What it gets has the same sizes, and its own rounds and notes are the same."""

    def view(data: dict[str, Rows]) -> list[tuple[str, object]]:
        world = looked(data, terms(0.4))
        said = [(str(a), c.event) for a, c in world.log.items() if a.sender == CLIENT and c.event.encrypted]
        shapes = [(a, [np.shape(v) for v in dict(event).values()]) for a, event in said]
        return [*shapes, ("notes", {k: v for k, v in world.parties[SERVER].notes.items() if k != "sizes"})]

    near, far = folders(9, 5), folders(9, 5)
    far[CLIENT] = rows(embeddings(5, seed=99), "other")
    assert view(near) == view(far)


def test_a_gallery_whose_own_pictures_are_near_is_said_to_be() -> None:
    data = folders(9, 2)
    loose, tight = (looked(data, terms(threshold)).parties for threshold in (0.9, 0.1))
    for party in (CLIENT, SERVER):
        assert loose[party].notes["near"] == loose[party].notes["pairs"] == 36
        assert (
            "36 of 36 pairs within the gallery are as near as the threshold, 100.0%"
            in loose[party].notes["warnings"][0]
        )
        assert not tight[party].notes["warnings"] and tight[party].notes["near"] == 0


# ---- who cheats


def test_more_probes_than_agreed_are_not_answered() -> None:
    ended = looked(folders(4, 3), terms(0.4, max_probes=2)).parties[SERVER].aborted
    assert ended is not None and ended.whose == CLIENT and "more pictures" in ended.reason


CASES: list[tuple[type[Event], str, str, Callable[[Any], dict[str, Any]], str]] = [
    (Given, SERVER, CLIENT, shorter("numbers"), "a gallery or its transfers"),
    (Given, SERVER, CLIENT, shorter("names"), "a gallery or its transfers"),
    (Given, SERVER, CLIENT, lambda e: {"near": e.pairs + 1}, "a gallery or its transfers"),
    (Transfers, CLIENT, SERVER, shorter("corrections"), "a gallery or its transfers"),
    (Transfers, CLIENT, SERVER, lambda e: {"proofs": e.proofs ^ 1}, "an oblivious transfer is inconsistent"),
    (Picks, CLIENT, SERVER, shorter("choices"), "what was said of a comparison"),
    (Picks, CLIENT, SERVER, lambda e: {"choices": e.choices ^ 1}, "an oblivious transfer is inconsistent"),
    (Picks, CLIENT, SERVER, lambda e: {"checks": e.checks ^ 1}, "an oblivious transfer is inconsistent"),
    (Picks, CLIENT, SERVER, lambda e: {"nonces": 0 * e.nonces}, "an oblivious transfer is inconsistent"),
    (Tables, SERVER, CLIENT, shorter("tables"), "what was said of a comparison"),
]


@pytest.mark.parametrize(("kind", "sender", "victim", "change", "said"), CASES)
def test_what_is_not_of_the_one_form_ends_it(
    kind: type[Event], sender: str, victim: str, change: Callable[[Any], dict[str, Any]], said: str
) -> None:
    world = looked(folders(3, 2), terms(0.4), tamper=tampering(kind, sender, victim, change))
    ended = world.parties[victim].aborted
    assert ended is not None and ended.whose == sender and ended.reason.startswith(said)


def test_a_server_that_sends_nonsense_tables_sees_the_client_go_on() -> None:
    """Whatever stands in tables of the agreed form: no step of the client's depends on it."""
    noise = np.random.default_rng(3)
    change = tampering(Tables, SERVER, CLIENT, lambda e: {"tables": noise.integers(0, 256, e.tables.shape, np.uint8)})
    world = looked(folders(3, 2), terms(3.9), tamper=change)
    assert world.parties[CLIENT].aborted is None and world.parties[CLIENT].notes["matches"] == []


def test_each_party_consents_to_what_it_and_others_learn() -> None:
    learns = terms(0.45, max_probes=70).learns
    assert "up to 70" in learns[SERVER] and "no outcome" in learns[SERVER]
    assert "at most 0.45 in the embedding apart" in learns[CLIENT] and "no distance" in learns[CLIENT]
    assert "10 bits" in terms(10, kind="picture").learns[CLIENT]


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"threshold": 4.0, "weights": WEIGHTS}, "below 4"),
        ({"threshold": 0.5, "kind": "picture"}, "whole number of bits"),
        ({"threshold": 0.5}, "weights are of kind: face"),
        ({"threshold": 5, "kind": "picture", "weights": WEIGHTS}, "weights are of kind: face"),
    ],
)
def test_terms_that_cannot_be(section: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Match.model_validate({**section, "threshold": float(section["threshold"])})
