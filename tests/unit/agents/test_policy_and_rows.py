"""The policy's rules."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.models import parts, prediction
from tests.support.world import agreement, alignment, boosted, tables

from accord_agents.config.policy import Policy
from accord_agents.security.keystore import Keystore
from accord_agents.service.budget import Budget
from accord_agents.service.rerun_guard import Reruns, objections
from accord_protocols.jobs.registry import JOBS
from accord_schemas.agreement import Agreement, Align
from accord_schemas.parts import Trees

TERMS = agreement(3, 3072, gate=0.9, max_rounds=50)
SCORE = agreement(3, 3072, gate=0.9, protection="score")
UNGATED = agreement(3, 3072)
PAIR = agreement(2, 3072)
TRAIN = JOBS["train"]
NATIONAL = TERMS.model_copy(update={"profile": "sm"})
QUANTUM = TERMS.model_copy(update={"profile": "pq"})


@pytest.mark.parametrize(
    ("policy", "terms", "verdict", "word"),
    [
        (Policy(), TERMS, "ask", ""),
        (Policy(proposals="accept"), TERMS, "accept", ""),
        (Policy(proposals="refuse"), TERMS, "refuse", "no proposals"),
        (Policy(proposals="accept", proposers=["shop"]), TERMS, "refuse", "bank may not propose"),
        (Policy(proposals="accept"), SCORE, "refuse", "score is not allowed"),
        (Policy(proposals="accept", protection=["shared", "score"]), SCORE, "accept", ""),
        (Policy(proposals="accept"), NATIONAL, "accept", ""),
        (Policy(proposals="accept", profiles=["default"]), NATIONAL, "refuse", "profile sm is not allowed"),
        (Policy(proposals="accept", profiles=["sm"]), TERMS, "refuse", "profile default is not allowed"),
        (Policy(proposals="accept"), QUANTUM, "accept", ""),
        (Policy(proposals="accept", profiles=["pq"]), QUANTUM, "accept", ""),
        (Policy(proposals="accept", profiles=["pq"]), TERMS, "refuse", "profile default is not allowed"),
        (Policy(proposals="accept", profiles=["default", "sm"]), QUANTUM, "refuse", "profile pq is not allowed"),
        (Policy(proposals="accept"), agreement(3, 2048), "refuse", "2048 bits"),
        (Policy(proposals="accept", min_key_bits=2048), agreement(3, 2048), "accept", ""),
        (Policy(proposals="accept"), PAIR, "refuse", "scores of TEST rows of a single party"),
        (Policy(proposals="accept", score_alone=True), PAIR, "accept", ""),
        (Policy(proposals="accept"), TRAIN.told(PAIR.model_copy(update={"test_rows": None})), "accept", ""),
        (Policy(proposals="accept", require_gate=True), UNGATED, "refuse", "gate is off"),
        (Policy(proposals="accept", max_rounds=49), TERMS, "refuse", "too many rounds"),
        (
            Policy(proposals="accept"),
            TERMS.model_copy(update={"versions": TERMS.versions | {"train": 99}}),
            "refuse",
            "does not have the agreed version of train",
        ),
        (
            Policy(proposals="accept"),
            TERMS.model_copy(update={"versions": TERMS.versions | {"pir": 1}}),
            "refuse",
            "version of pir",
        ),
        (
            Policy(proposals="accept"),
            TERMS.model_copy(update={"versions": {k: v for k, v in TERMS.versions.items() if k != "pads"}}),
            "refuse",
            "version of pads",
        ),
        (
            Policy(proposals="accept"),
            TERMS.model_copy(update={"job": "dreams"}),
            "refuse",
            "does not know the job dreams",
        ),
    ],
)
def test_a_proposal_meets_the_policy(policy: Policy, terms: object, verdict: str, word: str) -> None:
    said, reason = policy.judge(terms, "bank")  # type: ignore[arg-type]
    assert said == verdict and word in reason and (said != "refuse" or reason.startswith("policy: "))


@pytest.mark.parametrize(
    ("carry", "me", "word"),
    [
        ([], "shop", "column x is told to nobody"),
        (["y"], "shop", "column x is told to nobody"),
        (["x", "y"], "shop", ""),
        ("any", "shop", ""),
        ([], "telco", ""),
    ],
)
def test_columns_are_told_that_the_policy_names(carry: Any, me: str, word: str) -> None:
    align = Align(carry={"shop": ("x",)})
    terms = JOBS["psi"].told(alignment(3, 3072).model_copy(update={"align": align}))
    verdict, reason = Policy(proposals="accept", carry=carry).judge(terms, "bank", me)
    assert (verdict, word in reason) == ("refuse" if word else "accept", True)


def test_who_learns_the_scores_need_not_refuse_them() -> None:
    assert Policy(proposals="accept").judge(PAIR, "shop", "bank") == ("accept", "")


SOFTER: dict[str, tuple[Agreement, dict[str, str], str]] = {
    "nothing is said": (TERMS, {}, "it does not say that bank learns the common ids"),
    "a party is left out": (
        TERMS,
        {"bank": TERMS.learns["bank"], "shop": TERMS.learns["shop"]},
        "it does not say that telco learns which of its ids are common to all",
    ),
    "a sentence is left out": (
        SCORE,
        SCORE.learns | {"bank": TERMS.learns["bank"].replace("50", "60")},
        "it does not say that bank learns every row's score in each of up to 60 rounds",
    ),
    "a sentence is softer": (
        TERMS,
        TERMS.learns | {"bank": TERMS.learns["bank"].replace("up to 50", "up to 5")},
        "it does not say that bank learns its own coefficients",
    ),
    "more is said": (TERMS, TERMS.learns | {"shop": TERMS.learns["shop"] + "; nothing else"}, "says that shop learns"),
    "somebody is said to learn": (TERMS, TERMS.learns | {"zoe": "all"}, "says that zoe learns 'all'"),
}


@pytest.mark.parametrize("case", SOFTER)
def test_every_peer_refuses_sentences_that_its_terms_do_not_mean(case: str) -> None:
    """The proposer writes them, every party derives them: what is left out or softened is named."""
    terms, learns, word = SOFTER[case]
    told = terms.model_copy(update={"learns": learns})
    policy = Policy(proposals="accept", protection=["shared", "score"])
    for me in ("shop", "telco"):
        assert policy.judge(terms, "bank", me) == ("accept", "")
        verdict, reason = policy.judge(told, "bank", me)
        assert verdict == "refuse" and word in reason


def test_sentences_say_what_the_terms_mean() -> None:
    assert "sample" in TERMS.learns["bank"] and "sample" not in UNGATED.learns["bank"]
    assert "TEST" in TERMS.learns["bank"] and "the other party's own" in PAIR.learns["bank"]
    assert "yes/no column" in SCORE.learns["bank"] and "yes/no" not in TERMS.learns["bank"]
    assert "with bank's it gives every row's score" in TERMS.learns["shop"] and "score" not in TERMS.learns["telco"]


def test_who_accepts_scores_has_not_accepted_paths() -> None:
    terms = boosted(2)
    open_to_all: list[Any] = ["score", "express", "shared", "closed"]
    for policy in (Policy(), Policy(protection=open_to_all, score_alone=True, min_key_bits=2048)):
        verdict, reason = policy.judge(terms, "bank", "shop")
        assert verdict == "refuse" and ("level paths" in reason or "bits" in reason)
    named = Policy(proposals="accept", protection=["paths"], min_key_bits=2048)
    assert named.judge(terms, "bank", "shop") == ("accept", "")
    hidden = terms.model_copy(update={"trees": Trees(), "learns": {}})
    assert "protection: paths" in Policy(min_key_bits=2048).judge(hidden, "bank", "shop")[1], "what is left is named"
    softer = terms.model_copy(update={"learns": terms.learns | {"bank": terms.learns["bank"].partition("; ")[0]}})
    assert "it does not say that bank learns" in named.judge(softer, "bank", "shop")[1]
    assert "whole binned tables" in terms.learns["bank"] and "few dozen labels" in terms.learns["shop"]


def test_a_policy_may_demand_to_compute() -> None:
    """Who is neither CP0 nor CP1 has to trust that the two do not work together."""
    mine, named = Policy(proposals="accept", computing="me"), TERMS.model_copy(update={"computing": ("bank", "telco")})
    named = TRAIN.told(named)
    for terms, accepting in ((TERMS, {"bank", "shop"}), (named, {"bank", "telco"})):
        assert {me for me in terms.parties if mine.judge(terms, "bank", me)[0] == "accept"} == accepting
    assert "telco is none of the two that compute" in mine.judge(TERMS, "bank", "telco")[1]
    assert "with bank's it gives every row's score" in named.learns["telco"]


def test_whoever_announces_too_many_ids_gets_no_answer(tmp_path: Path) -> None:
    """The note comes with the keys, before gate and alignment; a state in which a policy may still refuse."""
    assert TRAIN.table["AGREED", "refused"] == "REFUSED" == JOBS["psi"].table["AGREED", "refused"]
    collaboration: Any = SimpleNamespace(me="shop", agreement=TERMS)
    note = {"sizes": {"bank": 101, "shop": 10_000, "telco": 100}}
    found = [*objections(Policy(max_peer_rows=100), Reruns(tmp_path, bytes(32)), collaboration, note, lambda _: None)]
    assert found == [("bank announced too many ids", "101 ids of bank, of at most 100")]
    assert not [*objections(Policy(), Reruns(tmp_path, bytes(32)), collaboration, note, lambda _: None)]


def test_a_day_has_a_number_of_collaborations_with_a_peer(tmp_path: Path) -> None:
    """Counted in the keystore: a restored party, or one that was started again, goes on counting."""
    now = [1e9]
    store = Keystore.create(tmp_path / "keystore", b"a passphrase", cost=2)
    budget = Budget(store, 2, lambda: now[0])
    for cid, peers in (("1", ["shop"]), ("1", ["shop"]), ("2", ["shop", "zoe"])):
        assert not budget.spent(cid, peers)
        budget.spend(cid, peers)
    again = Budget(Keystore.open(tmp_path / "keystore", b"a passphrase"), 2, lambda: now[0])
    assert again.spent("3", ["zoe", "shop"]) == "shop" and not again.spent("3", ["zoe"])
    assert not again.spent("2", ["shop"]), "one that was counted goes on"
    assert not Budget(store, None).spent("3", ["shop"])
    now[0] += 24 * 3600
    assert not again.spent("3", ["shop"])


PREDICTED = {count: prediction(parts(tables(count, n=8)), bits=3072) for count in (2, 3)}


@pytest.mark.parametrize(
    ("policy", "parties", "me", "word"),
    [
        (Policy(proposals="accept"), 3, "shop", ""),
        (Policy(proposals="accept"), 2, "shop", "the requester would learn the scores of a single party"),
        (Policy(proposals="accept"), 2, "bank", ""),
        (Policy(proposals="accept", score_alone=True), 2, "shop", ""),
        (Policy(proposals="accept", require_gate=True), 3, "shop", "gate is off"),
    ],
)
def test_a_proposal_to_predict_meets_the_policy(policy: Policy, parties: int, me: str, word: str) -> None:
    verdict, reason = policy.judge(PREDICTED[parties], "bank", me)
    assert verdict == ("refuse" if word else "accept") and word in reason


def test_sentences_of_a_prediction_cannot_be_softened() -> None:
    terms = PREDICTED[3]
    softer = terms.learns | {"bank": terms.learns["bank"].rpartition("; ")[0]}
    verdict, reason = Policy(proposals="accept").judge(terms.model_copy(update={"learns": softer}), "bank", "shop")
    assert verdict == "refuse" and "these sums add up" in reason
