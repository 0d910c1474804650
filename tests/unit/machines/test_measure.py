"""`job: overlap`: the leader learns how many ids it shares with each other party, and nobody learns more."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.world import NAMES, Rows, World, measuring

from accord_agents.config.policy import Policy
from accord_schemas.agreement import Agreement, Denominator
from accord_schemas.events import Answer, Blinded, Measured, OprfKey, Sample, Tags


def lists(*sets: range) -> dict[str, Rows]:
    return {
        name: Rows(tuple(f"ü{i}" for i in own), (), np.zeros((len(own), 0)), None)
        for name, own in zip(NAMES, sets, strict=False)
    }


def asked(parties: int, denominator: Denominator = "min") -> Agreement:
    terms = measuring(parties)
    return terms.model_copy(update={"align": terms.align.model_copy(update={"denominator": denominator})})


@pytest.mark.parametrize(
    ("denominator", "expected"), [("min", 0.75), ("mine", 0.3), ("yours", 0.75), ("union", round(30 / 110, 6))]
)
def test_the_leader_learns_the_share_and_the_other_nothing(denominator: Denominator, expected: float) -> None:
    played = World(asked(2, denominator), lists(range(100), range(70, 110))).run()
    said = {"overlap": expected, "denominator": denominator, "sampled": False}
    assert played.parties["bank"].notes["shared"] == said
    assert "shared" not in played.parties["shop"].notes
    assert all(party.states[-1] == "completed" for party in played.parties.values())


def test_with_more_parties_it_is_each_ones_share() -> None:
    played = World(asked(3), lists(range(100), range(70, 110), range(90, 100))).run()
    assert played.parties["bank"].notes["shared"]["overlap"] == {"shop": 0.75, "telco": 1.0}


def test_large_sets_are_sampled() -> None:
    played = World(asked(2), lists(range(3000), range(1000, 4000))).run()
    found = played.parties["bank"].notes["shared"]
    assert found["sampled"] and abs(found["overlap"] - 2 / 3) <= 0.033


def test_no_key_of_an_alignment_is_made_and_nothing_is_aligned() -> None:
    kinds = {type(content.event) for content in World(asked(3), lists(*[range(9)] * 3)).run().log.values()}
    assert {Sample, Answer, Measured} <= kinds and not kinds & {OprfKey, Blinded, Tags}


def test_a_policy_has_to_allow_it() -> None:
    terms = asked(2).model_copy(update={"key_bits": 3072})
    assert Policy().judge(terms, "bank", "shop") == ("refuse", "policy: nobody is told how many ids are shared")
    assert Policy(overlap=True, require_gate=True).judge(terms, "bank", "shop") == ("ask", "")
