"""The policy's rules."""

from __future__ import annotations

import pytest
from tests.support.world import agreement

from accord_agents.config.policy import Policy

TERMS = agreement(3, gate=0.9, max_rounds=50)
SCORE = agreement(3, gate=0.9, protection="score")
UNGATED = agreement(3)
NATIONAL = TERMS.model_copy(update={"profile": "sm"})


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
        (Policy(proposals="accept", min_key_bits=3072), TERMS, "refuse", "2048 bits"),
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
