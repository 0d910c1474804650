"""Predictions by boosted trees: those of the trees, in shares but for the last bits, or with paths in the open."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Literal

import numpy as np
import pytest
from tests.support.models import asking
from tests.support.trees import Watched
from tests.support.walked import Objective, Parts, brought, grown, online, plain, rows, terms
from tests.support.world import Tamper, World

from accord_agents.config.policy import Policy
from accord_protocols.jobs.registry import JOBS
from accord_protocols.model.any import read
from accord_protocols.model.trees import TreesPart, sides
from accord_protocols.phases.boosting.edge import UNFIT as CELLS
from accord_protocols.phases.prediction.branch import UNFIT, fits
from accord_protocols.phases.prediction.online import AGAIN
from accord_protocols.primitives.onehot.ledger import REPEATED
from accord_protocols.primitives.onehot.seeds import INCONSISTENT
from accord_protocols.tasks.paths import UNFIT as SIDES
from accord_schemas.address import Content
from accord_schemas.agreement import Member
from accord_schemas.errors import UsageError
from accord_schemas.events import (
    Answered,
    Ask,
    BitChoices,
    BitProducts,
    Branches,
    CellChoices,
    Event,
    Levels,
    Scores,
    Sides,
)

pytestmark = pytest.mark.variants


def world(
    of: Parts, requester: str = "bank", protection: Literal["shared", "paths"] = "shared", **more: Any
) -> Watched:
    made = Watched(terms(of, requester, protection), rows(len(of)), brought=brought(of), **more)
    made.run()
    return made


@cache
def shared(parties: int) -> Watched:
    return world(grown(parties=parties))


@cache
def shown(parties: int) -> Watched:
    return world(grown(parties=parties), protection="paths")


def wanted_of(of: Parts, made: World) -> np.ndarray:
    """Scores of the common rows, by walking down."""
    return plain(of, made.parties, {me: party.notes["rows"] for me, party in made.parties.items()})


@pytest.mark.parametrize(
    ("objective", "unit", "inverse"),
    [
        ("squared", 3, lambda u: u),
        pytest.param("logistic", 0, lambda u: 1 / (1 + np.exp(-u)), marks=pytest.mark.sweep),
        pytest.param("poisson", 0, np.exp, marks=pytest.mark.sweep),
    ],
)
def test_predictions_are_those_of_the_trees(
    objective: Objective, unit: int, inverse: Callable[[np.ndarray], np.ndarray]
) -> None:
    of = grown(objective, unit=unit)
    made = world(of)
    assert not [party.aborted for party in made.parties.values() if party.aborted]
    notes, wanted = made.parties["bank"].notes, wanted_of(of, made)
    assert len(np.unique(wanted)) > 20 and notes["predicted"] == len(wanted) and notes["unmatched"] > 0
    slack = 2.0 ** (unit - 6)
    low, high = inverse(wanted - slack), inverse(wanted + slack)
    assert ((low <= notes["predictions"]) & (notes["predictions"] <= high)).all()
    assert (notes["predictions"] != inverse(wanted)).any(), "the last bits are nobody's"
    assert "predictions" not in made.parties["shop"].notes
    assert all(party.notes["asked"].shape == wanted.shape for party in made.parties.values())


@pytest.mark.parametrize("parties", [3, pytest.param(4, marks=pytest.mark.sweep)])
def test_more_parties_predict_in_shares_too(parties: int) -> None:
    of, made = grown(parties=parties), shared(parties)
    notes, wanted = made.parties["bank"].notes, wanted_of(of, made)
    assert all(len(part.splits) > 1 for part in of.values()) and notes["predicted"] == len(wanted) > 20
    assert (abs(notes["predictions"] - wanted) <= 2.0 ** (2 - 6)).all()
    assert (notes["predictions"] != wanted).any(), "the last bits are nobody's"


@pytest.mark.parametrize("parties", [2, 3])
def test_no_side_of_a_split_is_told_and_all_numbers_are_in_shares(parties: int) -> None:
    """Without any one party's share those of all others together are random numbers."""
    made = shared(parties)
    for other in made.parties:
        bits = made.of(other, "climb", "sided")["bits"]
        heard = [c.event for c in made.log.values() if c.address.sender == other]
        kinds = {type(event).__name__ for event in heard}
        assert "Sides" not in kinds and kinds & {"BitChoices", "BitProducts"}
        packed = np.packbits(bits == 1, bitorder="little").tobytes()
        assert not any(packed[:8] in bytes(e.choices.tobytes()) for e in heard if isinstance(e, BitChoices))
    values = {me: made.of(me, "climb", "lifted.0")["values"] for me in made.parties}
    for missing in made.parties:
        others = sum(own for me, own in values.items() if me != missing)
        assert len(np.unique(others)) == others.size
    whole = sum(values.values())
    assert len(np.unique(whole)) < whole.size / 2, "together they are the trees' few values"


def test_every_direction_of_every_two_has_a_delta_of_its_own() -> None:
    made = shared(3)
    pairs = [f"pair.{a}.{b}" for a in made.parties for b in made.parties if a != b]
    deltas = {made.of(pair.rpartition(".")[2], pair, "learned")["delta"].tobytes() for pair in pairs}
    nonces = [c.event.nonce for c in made.log.values() if isinstance(c.event, BitChoices | BitProducts)]
    assert len(deltas) == 6 and len(set(nonces)) == len(nonces) > 6


@pytest.mark.parametrize("parties", [2, 3])
def test_with_paths_in_the_open_predictions_are_exact(parties: int) -> None:
    of, made = grown(parties=parties), shown(parties)
    notes, wanted = made.parties["bank"].notes, wanted_of(of, made)
    assert notes["predicted"] == len(wanted) > 20
    assert np.allclose(notes["predictions"], wanted, rtol=0, atol=2.0**-24)
    assert not any(isinstance(c.event, CellChoices | Levels | BitChoices) for c in made.log.values())


def test_only_sides_of_splits_that_rows_pass_are_told_and_those_above_leaves_to_the_requester() -> None:
    """What consent says of level `paths`, by what was said: no more, and not a bit of a split that a row passes by."""
    of, made = grown(parties=3), shown(3)
    trees = of["bank"].trees or []
    order = {me: party.notes["rows"] for me, party in made.parties.items()}
    left = {me: sides(of[me], p.rows.columns, p.rows.values[order[me]]) for me, p in made.parties.items()}
    told = [(a, c.to, c.event) for a, c in made.log.items() if isinstance(c.event, Sides)]
    assert {address.step.partition(".")[0] for address, _, _ in told} == {"sides", "last"}
    for address, to, event in told:
        name, level = address.step.split(".")
        assert (to == ("bank",)) if name == "last" else len(to) == 2
        bits = np.unpackbits(event.bits, bitorder="little")[: len(order["bank"]) * len(trees)].reshape(-1, len(trees))
        for number, tree in enumerate(trees):
            nodes = {one.node: one for one in tree.nodes}
            for row in range(len(bits)):
                node = 1
                while node in nodes and node.bit_length() - 1 < int(level):
                    node = 2 * node + 1 - int(left[nodes[node].party][nodes[node].split, row])
                mine = node in nodes and nodes[node].party == address.sender and node.bit_length() - 1 == int(level)
                above = mine and (2 * node in nodes or 2 * node + 1 in nodes) == (name == "sides")
                assert bits[row, number] == (above and left[address.sender][nodes[node].split, row])


@pytest.mark.parametrize("protection", ["shared", "paths"])
def test_the_same_bytes_in_any_order(protection: Literal["shared", "paths"]) -> None:
    known = shared(3) if protection == "shared" else shown(3)
    assert world(grown(parties=3), protection=protection, order=4).fingerprint() == known.fingerprint()


def flipped(event: BitChoices) -> dict[str, Any]:
    choices = event.choices.copy()
    choices[7] ^= 1
    return {"choices": choices}


def twice(event: Branches) -> dict[str, Any]:
    nodes = event.nodes.copy()
    nodes[nodes[:, 1] == 2, 2] = 0
    return {"nodes": nodes}


def all_left(event: Sides) -> dict[str, Any]:
    return {"bits": np.full_like(event.bits, 255)}


def shorter(name: str) -> Callable[[Any], dict[str, Any]]:
    return lambda event: {name: getattr(event, name)[:-1]}


Case = tuple[type[Event], str, str, Callable[[Any], dict[str, Any]]]
CASES: dict[str, Case] = {
    "a flipped bit": (BitChoices, "shop", INCONSISTENT, flipped),
    "bits of fewer rows": (BitChoices, "shop", UNFIT, shorter("choices")),
    "cells of another number": (CellChoices, "shop", CELLS, shorter("choices")),
    "a split that is asked for twice": (Branches, "bank", UNFIT, twice),
    "splits of fewer columns": (Branches, "bank", UNFIT, lambda event: {"nodes": event.nodes[:, :2]}),
    "scores of fewer rows": (Scores, "shop", UNFIT, shorter("shares")),
    "products of fewer rows": (BitProducts, "bank", UNFIT, shorter("words")),
}
OPEN: dict[str, Case] = {
    "sides of rows that are elsewhere": (Sides, "shop", SIDES, all_left),
    "sides of fewer rows": (Sides, "shop", SIDES, shorter("bits")),
    "a split that is asked for twice": (Branches, "bank", UNFIT, twice),
}


def tampering(kind: type[Event], sender: str, change: Callable[[Any], dict[str, Any]]) -> Tamper:
    def tamper(to: str, content: Content) -> Event:
        meant = type(content.event) is kind and content.address.sender == sender and to != sender
        return content.event.model_copy(update=change(content.event)) if meant else content.event

    return tamper


@pytest.mark.parametrize(
    ("case", "protection"), [*((case, "shared") for case in CASES), *((case, "paths") for case in OPEN)]
)
def test_who_breaks_the_protocol_is_named(case: str, protection: Literal["shared", "paths"]) -> None:
    kind, sender, reason, change = (CASES if protection == "shared" else OPEN)[case]
    made = world(grown(), protection=protection, tamper=tampering(kind, sender, change))
    victim = "shop" if sender == "bank" else "bank"
    aborted = made.parties[victim].aborted
    assert aborted is not None and (aborted.reason, aborted.whose) == (reason, sender)
    if reason == INCONSISTENT:  # nothing that depends on these choices is said
        assert not any(isinstance(c.event, BitProducts) and a.sender == "bank" for a, c in made.log.items())


def test_choices_whose_nonce_came_before_end_it() -> None:
    first: list[bytes] = []

    def again(to: str, content: Content) -> Event:
        if isinstance(content.event, BitChoices) and (content.address.sender, to) == ("shop", "bank"):
            first.append(content.event.nonce)
            return content.event.model_copy(update={"nonce": first[0]})
        return content.event

    aborted = world(grown(), tamper=again).parties["bank"].aborted
    assert len(first) > 1 and aborted is not None and aborted.whose == "shop"
    assert aborted.reason in (REPEATED, INCONSISTENT)


# ---- row by row


@cache
def served(parties: int) -> tuple[World, list[list[str]]]:
    """Rows that all have, that somebody lacks, and that nobody has; and some again."""
    of, data = grown(parties=parties), rows(parties)
    every = [set(own.ids) for own in data.values()]
    common, lacking = sorted(set.intersection(*every)), sorted((every[0] & every[-1]) - every[1] or every[0] - every[1])
    requests = [common[:3], ["nobody"], [lacking[0], common[3], "nobody", common[1]], [common[0], lacking[0]]]
    made = World(online(of, 20), data, brought=brought(of))
    return asking(made, requests).run(), requests


@pytest.mark.parametrize("parties", [2, pytest.param(3, marks=pytest.mark.sweep)])
def test_rows_are_predicted_one_request_after_another(parties: int) -> None:
    (made, requests), of, data = served(parties), grown(parties=parties), rows(parties)
    assert all(party.states[-1] == "completed" for party in made.parties.values())
    ids = [*requests[0], requests[2][1], requests[2][3], requests[3][0]]
    wanted = plain(of, made.parties, {me: [own.ids.index(i) for i in ids] for me, own in data.items()})
    notes = made.parties["bank"].notes
    assert notes["answered"] == ids and (abs(notes["predictions"] - wanted) <= 2.0 ** (2 - 6)).all()
    assert (notes["predicted"], notes["unmatched"]) == (6, 4) and notes["answer"]["values"][1] is None
    asked = [i for c in made.log.values() if isinstance(c.event, Ask) for i in c.event.ids]
    assert sorted(asked) == sorted([*requests[0], requests[2][0], requests[2][1]]), "its own rows, and each once"
    assert sum(isinstance(c.event, Branches) for c in made.log.values()) == 1, "transfers are prepared once"


def test_a_score_is_opened_once_as_each_time_would_tell_more_of_its_last_bits() -> None:
    of, data, first = grown(), rows(), list[str]()
    common = sorted(set.intersection(*(set(own.ids) for own in data.values())))

    def again(_to: str, content: Content) -> Event:
        if isinstance(content.event, Ask):
            first.extend(content.event.ids)
            return content.event.model_copy(update={"ids": [first[0]]})
        return content.event

    made = asking(World(online(of, 20), data, brought=brought(of), tamper=again), [[common[0]], [common[1]]]).run()
    aborted = made.parties["shop"].aborted
    assert aborted is not None and (aborted.reason, aborted.whose) == (AGAIN, "bank")
    assert sum(isinstance(c.event, Answered) for c in made.log.values()) == 1


@pytest.mark.sweep
def test_of_a_row_that_one_party_lacks_its_share_stays_at_home_and_the_others_are_random() -> None:
    told = {}
    for seed in (b"one", b"another"):
        (_, requests), data = served(3), rows(3)
        made = World(online(grown(parties=3), 20), data, brought=brought(grown(parties=3)), seed=seed)
        log = asking(made, requests).run().log
        answers = {
            a.sender: c.event for a, c in log.items() if isinstance(c.event, Answered) and a.step == "answered.1"
        }
        assert set(answers) == {"shop", "telco"} and answers["shop"].known == b"\x00\x01"
        assert not answers["shop"].shares[0].any() and answers["shop"].shares[1].any()
        assert answers["telco"].known == b"\x01\x01"
        told[seed] = int(answers["telco"].shares[0, 0])
    assert len(set(told.values())) == 2, "the same row of the same trees, and another number"


def test_trees_hang_together() -> None:
    def table(*rows_: tuple[int, int, int]) -> np.ndarray:
        return np.array(rows_, np.uint64).reshape(-1, 3)

    assert fits(2, table((2, 1, 0), (3, 2, 0), (7, 2, 1)), 2, 2, 2) and fits(1, table(), 2, 0, 2)
    assert not fits(2, table((2, 1, 0), (7, 2, 0)), 2, 1, 2), "a node without its parent"
    assert not fits(3, table((7, 1, 0)), 2, 0, 2), "more trees than were said"
    assert not fits(2, table((2, 2, 0), (2, 2, 1)), 2, 2, 2), "a node twice"
    assert not fits(2, table((2, 3, 0)), 2, 0, 2), "a party that is none"
    assert fits(2, table((2, 3, 0)), 3, 1, 3) and not fits(2, table((2, 2, 0)), 3, 1, 3), "another's split for the own"
    deep = [(1 << k, 1, k) for k in range(8)]
    assert fits(1, table(*deep[:7]), 2, 0, 2) and not fits(1, table(*deep), 2, 0, 2)


def test_paths_are_an_agreement_of_their_own_that_every_policy_has_to_name() -> None:
    for parties in (2, 3):
        agreed, hidden = (terms(grown(parties=parties), protection=level) for level in ("paths", "shared"))
        levels: Any = ["score", "express", "shared", "closed"]
        open_to_all = Policy(proposals="accept", score_alone=True, min_key_bits=2048, protection=levels)
        named = open_to_all.model_copy(update={"protection": ["paths"]})
        assert open_to_all.judge(agreed, "bank", "shop") == ("refuse", "policy: level paths is not allowed")
        assert named.judge(agreed, "bank", "shop")[0] == named.judge(hidden, "bank", "shop")[0] == "accept"
        assert open_to_all.judge(hidden, "bank", "shop")[0] == "accept", "what hides more is no level to be named"
        assert "protection" not in hidden.terms()["predict"] and agreed.terms()["predict"]["protection"] == "paths"
        for party, word in (("bank", "of every split that it passes"), ("bank", "if it cheats"), ("shop", "few dozen")):
            assert word in agreed.learns[party] and "every split" not in hidden.learns.get("shop", "")
        soft = agreed.model_copy(update={"learns": hidden.learns})
        assert "does not say that" in named.judge(soft, "bank", "shop")[1]


def test_levels_that_a_prediction_does_not_have_are_refused_with_the_reason() -> None:
    agreed = terms(grown(parties=3), protection="paths")
    assert not JOBS["predict"].objection(agreed) and agreed.predict is not None
    linear = agreed.predict.model_copy(update={"model": "linear"})
    assert "is for predict.model: boosted_trees" in JOBS["predict"].objection(
        agreed.model_copy(update={"predict": linear})
    )
    rowwise = online(grown(), 5)
    assert not JOBS["online"].objection(rowwise) and rowwise.predict is not None
    assert "which sides of up to 40 splits" in rowwise.learns["bank"] and "asks for" in rowwise.learns["shop"]
    shown_ = rowwise.predict.model_copy(update={"protection": "paths"})
    assert "paths is for the job predict" in JOBS["online"].objection(rowwise.model_copy(update={"predict": shown_}))
    less = {p: m for p, m in agreed.parties.items() if p != "telco"}
    assert "models names" in JOBS["predict"].objection(agreed.model_copy(update={"parties": less}))
    more = {**agreed.parties, "clinic": Member(role="scorer", identity="c")}
    assert "models names" in JOBS["predict"].objection(agreed.model_copy(update={"parties": more}))


def test_a_part_is_read_as_what_it_is() -> None:
    part = grown()["bank"]
    assert read(part.encode()) == part and TreesPart.read(part.encode()).digest == part.digest
    with pytest.raises(UsageError, match="saved again"):
        read(part.encode() + b"\n")
    with pytest.raises(UsageError, match="format 1"):
        read(part.encode().replace(b'"format":1', b'"format":2'))
