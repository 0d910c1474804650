"""A refusal says which key it rests on and what another value costs; who met nobody reads what to compare."""

from __future__ import annotations

import pytest
from tests.support.world import agreement

from accord_agents.intake.shape import evening
from accord_agents.results.remedies import of_gate, of_nobody


def test_the_gate_names_its_key_and_what_a_higher_bound_costs() -> None:
    terms = agreement(3, 2048, gate=0.9)
    first, *others = terms.order
    pairs = {others[0]: "refuse", others[1]: "pass"}
    (said,) = of_gate(terms, {"pairs": pairs})
    assert f"align.max_overlap: 0.9, and {first} and {others[0]} share more than 90 % of the smaller" in said
    assert "costs this" in said and f"({', '.join(terms.order)}) then knows nearly every id" in said
    told = terms.model_copy(
        update={"align": terms.align.model_copy(update={"learns": (first,), "denominator": "mine"})}
    )
    (said,) = of_gate(told, {"pairs": pairs})
    assert f"({first}) then knows nearly every id of {first}'s list" in said
    narrow = terms.model_copy(update={"align": terms.align.model_copy(update={"max_feature_overlap": 0.5})})
    (said,) = of_gate(narrow, {"pairs": dict.fromkeys(others, "pass")})
    assert "align.max_feature_overlap: 0.5" in said


@pytest.mark.parametrize(
    ("ids", "steps"),
    [
        (["Ann@x.org"], ["lower", "alphanumeric"]),
        (["ann lee"], ["spaces"]),
        (["+49 30-1"], ["digits"]),
        (["007", "12"], []),
    ],
)
def test_what_would_even_ids_out_follows_from_what_they_have(ids: list[str], steps: list[str]) -> None:
    assert evening(ids) == steps
    said = of_nobody("bank", ids)
    assert said[0].startswith("bank: it has 1 ids" if len(ids) == 1 else "bank: it has 2 ids")
    assert any(f"normalise: [{', '.join(steps)}]" in line for line in said) == bool(steps)
    assert "normalise: […]" in said[-1] and not [i for i in ids if any(i in line for line in said)]
