"""What a party's people can do about a collaboration that a gate refused, or in which nobody was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from accord_agents.intake.shape import described, evening
from accord_schemas.agreement import Agreement

_LIST = {
    "min": "the smaller of both lists",
    "mine": "{first}'s list",
    "yours": "{other}'s list",
    "union": "both lists taken together",
}


def of_gate(agreement: Agreement, gate: Mapping[str, Any]) -> list[str]:
    """Which key a refusal of the overlap gate rests on, and what another value costs.

    Args:
        agreement: What was agreed.
        gate: What the gate noted: its decision for each pair.
    """
    align, first = agreement.align, agreement.leader
    told = [*align.learns] or [*agreement.order]
    said: list[str] = []
    for other in [party for party, decision in (gate.get("pairs") or {}).items() if decision == "refuse"]:
        bound = align.max_overlap or 0.0
        of = _LIST[align.denominator].format(first=first, other=other)
        said.append(
            f"The gate's bound is align.max_overlap: {bound:g}, and {first} and {other} share more than "
            f"{100 * bound:g} % of {of}. A higher bound, or null for none, goes on and costs this: who is told the "
            f"common ids ({', '.join(told)}) then knows nearly every id of {of}. Set it only if that may be known; "
            "if lists should not be so alike, look whether a file holds more people than it should."
        )
    if not said:
        said.append(
            f"The gate's bound is align.max_feature_overlap: {align.max_feature_overlap}: the columns of two parties "
            "have largely the same names. A higher bound, or null for none, goes on; where both bring the same "
            "column, each knows of common users what the other brings, and the two share one weight. Or leave "
            "columns out with features."
        )
    return said


def of_nobody(party: str, ids: Sequence[str]) -> list[str]:
    """What the own ids look like, for people to compare, and what may be agreed on so that they meet.

    Args:
        party: Whose they are.
        ids: Normalised ids, at least one.
    """
    said = [f"{party}: it has {described(ids)}."]
    if steps := evening(ids):
        said.append(f"{party}: normalise: [{', '.join(steps)}] would even out what its ids have.")
    said.append(
        "Compare what the parties' ids look like. What is only written differently is evened out by agreement, with "
        "id: {column: …, normalise: […]}; leading zeros and a .0 at the end are mended in the files."
    )
    return said
