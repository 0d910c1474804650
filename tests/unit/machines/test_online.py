"""Online prediction: what is asked for is answered, request by request; what somebody lacks, and what it tells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from tests.support.models import Parts, asking, brought, online, parts, scores
from tests.support.world import Tamper, World, tables
from tests.unit.machines.test_tampered_peers import tampering

from accord_protocols.jobs.registry import JOBS
from accord_schemas.address import Address, Content
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Answered, Ask, Last

BITS = 512
DATA = {count: tables(count, n=40, columns=3, keep=0.7) for count in (2, 3, 4)}
Requests = Sequence[Sequence[str]]


def world(
    of: Parts, requests: Requests, queries: int = 50, order: int = 0, tamper: Tamper | None = None, **more: Any
) -> World:
    found = World(online(of, queries, bits=BITS), DATA[len(of)], order, tamper=tamper, brought=brought(of))
    return asking(found, requests, **more).run()


def split(count: int) -> tuple[list[str], list[str], list[str]]:
    """Ids of the bank's that all have, that somebody lacks, and ids that the bank lacks."""
    every = [set(rows.ids) for rows in DATA[count].values()]
    common = set.intersection(*every)
    return sorted(common), sorted(every[0] - common), sorted(every[1] - every[0])


@pytest.mark.parametrize("count", [2, 3, 4])
def test_every_request_is_answered_and_the_rest_is_nobodys(count: int) -> None:
    of, rows = parts(DATA[count]), DATA[count]
    common, lacking, strange = split(count)
    requests = [common[:3], [strange[0]], [lacking[0], common[3], "nobody"], [common[0]]]
    found = world(of, requests)
    assert all(party.states[-1] == "completed" for party in found.parties.values())
    notes = found.parties["bank"].notes
    want = {i: math.fsum(scores(of, rows, i).values()) for i in (*common[:4],)}
    answered = dict(zip(notes["answered"], notes["predictions"].tolist(), strict=True))
    assert answered == pytest.approx(want, abs=1e-7)
    assert notes["answer"] == {"number": 3, "values": [pytest.approx(want[common[0]], abs=1e-7)]}
    assert (notes["predicted"], notes["unmatched"]) == (5, 3)
    for other in set(rows) - {"bank"}:
        assert "predictions" not in found.parties[other].notes
    said = [c.event for _, c in sorted(found.log.items()) if isinstance(c.event, Ask)]
    assert {i for event in said for i in event.ids} <= set(rows["bank"].ids), "what it lacks it does not ask for"


def test_the_order_of_arrival_changes_nothing() -> None:
    of = parts(DATA[3])
    common, lacking, _ = split(3)
    requests = [common[:2], [lacking[0]], common[2:5]]
    assert len({world(of, requests, order=order).fingerprint() for order in range(5)}) == 1


def test_what_one_party_lacks_is_hidden_at_all_others() -> None:
    """Among four: the masks with whoever lacks a row do not cancel, so that the parts of that row stay hidden."""
    of, rows = parts(DATA[4]), DATA[4]
    shop, telco, insurer = (set(rows[p].ids) for p in ("shop", "telco", "insurer"))
    asked = sorted((set(rows["bank"].ids) & shop & insurer) - telco)
    found = world(of, [asked])
    told = {a.sender: c.event for a, c in found.log.items() if isinstance(c.event, Answered)}
    assert not any(told["telco"].known) and all(told["shop"].known) and all(told["insurer"].known)
    assert not told["telco"].shares.any()
    opened = (told["shop"].shares + told["insurer"].shares)[:, 0].view(np.int64) * 2.0 ** (of["bank"].shift - 30)
    parts_of = [
        scores({p: of[p] for p in ("shop", "insurer")}, {p: rows[p] for p in ("shop", "insurer")}, i) for i in asked
    ]
    assert len(asked) > 2 and not np.isclose(opened, [sum(one.values()) for one in parts_of], rtol=1e-3).any()


def test_a_party_waits_without_anybody_being_silent() -> None:
    of = parts(DATA[2])
    found = world(of, [split(2)[0][:1]], last=False)
    assert all(not party.engine.missing() for party in found.parties.values())
    assert found.parties["bank"].notes["answer"]["number"] == 0


def test_nobody_answers_more_ids_than_were_agreed() -> None:
    of = parts(DATA[2])
    common, _, _ = split(2)
    own = world(of, [common[:2], common[2:4]], queries=3).parties["bank"].aborted
    assert own is not None and (own.reason, own.whose) == ("more ids were asked for than was agreed", "bank")
    more = tampering(Ask, "bank", "shop", lambda event: {"ids": [*event.ids, *common[2:4]]})
    ended = world(of, [common[:2]], queries=3, tamper=more).parties["shop"].aborted
    assert ended is not None and (ended.reason, ended.whose) == ("more ids were asked for than was agreed", "bank")


def test_requests_and_the_last_word_of_one_number_are_one_too_many() -> None:
    of = parts(DATA[2])
    found = world(of, [split(2)[0][:1]], last=False)
    shop = found.parties["shop"].engine
    list(shop.content(Content(Address("online", "ask.1", "bank"), ("shop",), Ask(ids=["x"]))))
    with pytest.raises(ProtocolError, match="used twice"):
        list(shop.content(Content(Address("online", "last.1", "bank"), ("shop",), Last(ids=1))))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda event: {"known": event.known[:-1]}, "an answer is not of the agreed shape"),
        (lambda event: {"known": bytes([2] * len(event.known))}, "an answer is not of the agreed shape"),
        (lambda event: {"shares": event.shares[:-1]}, "scores are not of the agreed shape"),
    ],
)
def test_an_answer_of_another_shape_names_its_sender(change: Any, reason: str) -> None:
    of = parts(DATA[3])
    ended = world(of, [split(3)[0][:3]], tamper=tampering(Answered, "telco", "bank", change)).parties["bank"].aborted
    assert ended is not None and (ended.reason, ended.whose) == (reason, "telco")


def test_consent_says_that_ids_are_told_and_how_many() -> None:
    learns = online(parts(DATA[2]), 70).learns
    assert learns["shop"] == "which ids bank asks for, up to 70, and when"
    assert "up to 70" in learns["bank"] and "the other party's own" in learns["bank"] and "add up" in learns["bank"]


def test_queries_belong_to_one_of_the_two_jobs() -> None:
    of = parts(DATA[2])
    assert not JOBS["online"].objection(online(of, 1)) and not online(of, 1).aligns
    assert "queries is missing" in JOBS["online"].objection(online(of, 0))
    batch = online(of, 1).model_copy(update={"job": "predict"})
    assert "queries is for the job online" in JOBS["predict"].objection(batch)
