"""Joint prediction: the sum of the parts and nothing else, whoever asks, by parts of one model."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from tests.support.models import Parts, brought, parts, prediction, scores
from tests.support.world import Rows, Tamper, World, tables
from tests.unit.machines.test_tampered_peers import tampering

from accord_protocols.jobs.registry import JOBS
from accord_schemas.events import Scores

BITS = 512


@cache
def data(count: int) -> dict[str, Rows]:
    """With nulls and cells far beyond what the model has seen."""
    found = tables(count, n=60, columns=3, keep=0.8)
    for rows in found.values():
        rows.values[::7, 0], rows.values[3::7, 2] = np.nan, 1e6
    return found


def world(of: Parts, requester: str = "bank", order: int = 0, tamper: Tamper | None = None, **changes: Any) -> World:
    terms = prediction(of, requester, BITS).model_copy(update=changes)
    return World(terms, data(len(of)), order, tamper=tamper, brought=brought(of)).run()


def predicted(found: World, requester: str = "bank") -> dict[str, float]:
    party = found.parties[requester]
    ids = [party.rows.ids[row] for row in party.notes["rows"]]
    return dict(zip(ids, party.notes["predictions"].tolist(), strict=True))


INVERSE = {"linear": lambda u: u, "logistic": lambda u: 1 / (1 + math.exp(-u)), "poisson": math.exp}


@pytest.mark.parametrize(
    ("count", "model", "requester"),
    [(2, "linear", "bank"), (3, "linear", "shop"), (3, "logistic", "bank"), (4, "poisson", "bank")],
)
def test_the_requester_gets_the_predictions_of_the_common_rows(count: int, model: Any, requester: str) -> None:
    of, rows = parts(data(count), model), data(count)
    found = world(of, requester)
    common = set.intersection(*(set(one.ids) for one in rows.values()))
    want = {i: INVERSE[model](math.fsum(scores(of, rows, i).values())) for i in common}
    assert predicted(found, requester) == pytest.approx(want, rel=1e-6, abs=1e-7)
    notes = found.parties[requester].notes
    assert (notes["predicted"], notes["unmatched"]) == (len(common), len(rows[requester].ids) - len(common))
    assert all(party.states[-1] == "completed" for party in found.parties.values())
    for other in set(rows) - {requester}:
        assert "predictions" not in found.parties[other].notes


def test_among_three_what_one_party_sends_is_no_score_and_between_two_it_is() -> None:
    for count, hidden in ((3, True), (2, False)):
        of, rows = parts(data(count)), data(count)
        found = world(of)
        (said,) = (c.event for a, c in found.log.items() if isinstance(c.event, Scores) and a.sender == "shop")
        opened = said.shares[:, 0].view(np.int64) * 2.0**-30 * 2.0 ** of["shop"].shift
        party = found.parties["bank"]
        own = [scores(of, rows, party.rows.ids[row])["shop"] for row in party.notes["rows"]]
        assert np.allclose(opened, own, atol=1e-6) != hidden


def test_the_order_of_arrival_changes_nothing_and_another_session_has_other_masks() -> None:
    of = parts(data(3))
    one = world(of)
    assert {world(of, order=order).fingerprint() for order in range(1, 5)} == {one.fingerprint()}
    other = World(one.terms, data(3), seed=b"t", brought=brought(of)).run()
    assert predicted(other) == predicted(one)
    (a, b) = (next(c.event for c in w.log.values() if isinstance(c.event, Scores)) for w in (one, other))
    assert not np.isin(a.shares, b.shares).any()


@pytest.mark.parametrize("which", ["another part", "another party's", "no model"])
def test_a_party_whose_part_is_not_the_agreed_one_says_nothing(which: str) -> None:
    of = parts(data(3))
    wrong = {
        "another part": of["shop"].model_copy(update={"salt": "11" * 32}).encode(),
        "another party's": of["telco"].encode(),
        "no model": b"{}",
    }[which]
    found = World(prediction(of, bits=BITS), data(3), brought=brought(of) | {"shop": {"model": wrong}}).run()
    ended = found.parties["shop"].aborted
    assert ended is not None and ended.whose == "shop" and ended.reason.startswith("a model is not")
    assert not [a for a, c in found.log.items() if isinstance(c.event, Scores) and a.sender == "shop"]
    assert "predictions" not in found.parties["bank"].notes


def test_a_peer_that_sends_another_number_of_scores_is_named() -> None:
    of = parts(data(3))
    shorter = tampering(Scores, "telco", "bank", lambda event: {"shares": event.shares[:-1]})
    ended = world(of, tamper=shorter).parties["bank"].aborted
    assert ended is not None and (ended.reason, ended.whose) == ("scores are not of the agreed shape", "telco")


def test_a_score_that_does_not_fit_is_not_sent() -> None:
    of = parts(data(2))
    of["shop"] = of["shop"].model_copy(update={"coefficients": dict.fromkeys(of["shop"].coefficients, 1e12)})
    ended = world(of).parties["shop"].aborted
    assert ended is not None and (ended.reason, ended.whose) == ("a prediction is out of range", "shop")


def test_a_label_holder_that_asks_may_have_any_intercept() -> None:
    """Its own score never travels: labels far from 0 with a small spread cost no precision."""
    of = parts(data(2))
    of["bank"] = of["bank"].model_copy(update={"intercept": 1e15, "shift": -20})
    of["shop"] = of["shop"].model_copy(update={"shift": -20})
    values = predicted(world(of)).values()
    assert values and all(abs(value - 1e15) < 1e3 for value in values)


def test_exposures_count_at_whoever_trained_with_them() -> None:
    of, rows = parts(data(2), "poisson"), dict(data(2))
    of["bank"] = of["bank"].model_copy(update={"exposure": "days"})
    rows["bank"] = replace(rows["bank"], exposure=np.linspace(0.5, 4.0, len(rows["bank"].ids)))
    found = World(prediction(of, bits=BITS), rows, brought=brought(of)).run()
    for identifier, value in predicted(found).items():
        days = rows["bank"].exposure[rows["bank"].ids.index(identifier)]  # type: ignore[index]
        assert value == pytest.approx(days * math.exp(math.fsum(scores(of, rows, identifier).values())), rel=1e-6)


@pytest.mark.parametrize("lost", ["shop", "telco"])
def test_everybodys_part_is_named_or_there_is_no_agreement(lost: str) -> None:
    terms = prediction(parts(data(3)))
    assert not JOBS["predict"].objection(terms)
    assert terms.predict is not None
    fewer = {party: digest for party, digest in terms.predict.models.items() if party != lost}
    other = terms.model_copy(update={"predict": terms.predict.model_copy(update={"models": fewer})})
    assert "where the parties are others" in JOBS["predict"].objection(other)


def test_consent_says_who_learns_what() -> None:
    pair, three = (prediction(parts(data(count))).learns for count in (2, 3))
    assert "of two parties, each such sum is the other party's own" in pair["bank"]
    assert "of two parties" not in three["bank"] and "add up" in three["bank"]
    assert pair["shop"] == "which of its ids are common to all"
