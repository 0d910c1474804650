"""`job: psi` for people: a scenario without sections of its own, and the words for its results."""

from __future__ import annotations

from typing import Any, Literal

from accord_protocols.jobs import psi
from accord_scenarios.jobs.base import Played, Result
from accord_scenarios.model import Member, Scenario
from accord_scenarios.report import sections
from accord_scenarios.wording import leader, listed, number
from accord_schemas.parts import Party


class Aligner(Member):
    """A party of an alignment; a role of a training may stand there, and says no more than who leads."""

    role: Literal["member", "label_holder", "feature_holder"] = "member"


class Alignment(Scenario):
    """Finding the users that all parties have."""

    job: Literal["psi"] = "psi"
    parties: dict[Party, Aligner]


def _terms(_scenario: Alignment) -> dict[str, Any]:
    return {}


def _verdict(result: Result) -> str:
    return f"{listed(result.get('parties') or [])} have {number(result.get('intersection_size'))} users in common."


def _learned(result: Result) -> list[str]:
    first = leader(result)
    others = sorted(party for party in result.get("parties") or {} if party != first)
    sampled = ", and how many of a sample it shares with each" if (result.get("gate") or {}).get("pairs") else ""
    told = [party for party in others if party in (result.get("told") or others)]
    untold = [party for party in others if party not in told]
    said = [f"{first} learns which users all parties share{sampled}."]
    users = f"the number of {first}'s users" + (f" in steps of {number(pad)}" if (pad := result.get("pad")) else "")
    if told:
        said.append(f"{_learn(told)} {users}, and which of the own users all parties share.")
    if untold:
        said.append(f"{_learn(untold)} {users}, and of those that all parties share.")
    for owner, columns in (result.get("carried") or {}).items():
        if knowing := sorted({first, *told} - {owner}):
            said.append(f"{_learn(knowing)} what {owner} has in {listed(columns)} of every common id.")
    return said


def _learn(parties: list[str]) -> str:
    return f"{listed(parties)} {'learns' if len(parties) == 1 else 'learn'}"


def _common(result: Result) -> str | None:
    size = result.get("intersection_size")
    return None if size is None else number(size)


PLAYED = Played(
    job=psi.JOB,
    scenario=Alignment,
    terms=_terms,
    verdict=_verdict,
    learned=_learned,
    lines=(("users in common", _common),),
    sections=(
        sections.gate,
        sections.alignment,
    ),
)
