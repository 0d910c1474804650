"""The policy's rules."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.world import agreement

from accord_agents.config.policy import Policy
from accord_agents.security.keystore import Keystore
from accord_agents.service.budget import Budget

TERMS = agreement(3, 3072, gate=0.9, max_rounds=50)
SCORE = agreement(3, 3072, gate=0.9, protection="score")
UNGATED = agreement(3, 3072)
PAIR = agreement(2, 3072)
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
        (Policy(proposals="accept", max_peer_rows=19_999_999), TERMS, "refuse", "too many ids"),
        (Policy(proposals="accept"), PAIR, "refuse", "scores of TEST rows of a single party"),
        (Policy(proposals="accept", score_alone=True), PAIR, "accept", ""),
        (Policy(proposals="accept"), PAIR.model_copy(update={"test_rows": None}), "accept", ""),
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


def test_who_learns_the_scores_need_not_refuse_them() -> None:
    assert Policy(proposals="accept").judge(PAIR, "shop", "bank") == ("accept", "")


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
