"""`job: overlap` for people: how many users the leader shares with the others."""

from __future__ import annotations

from typing import Any, Literal

from accord_protocols.jobs import overlap
from accord_scenarios.jobs.base import Played, Result
from accord_scenarios.jobs.psi import Aligner
from accord_scenarios.model import Scenario
from accord_scenarios.report import sections
from accord_scenarios.wording import leader, listed, shares
from accord_schemas.parts import Party

_OF = {"min": "the smaller list", "mine": "its own list", "yours": "the other's list", "union": "both lists together"}


class Comparison(Scenario):
    """Asking how many users are shared."""

    job: Literal["overlap"] = "overlap"
    parties: dict[Party, Aligner]


def _terms(_scenario: Comparison) -> dict[str, Any]:
    return {}


def _others(result: Result) -> list[str]:
    return sorted(party for party in result.get("parties") or {} if party != leader(result))


def _verdict(result: Result) -> str:
    about = "about " if result.get("sampled") else ""
    parts = [f"{about}{100 * share:.1f} % with {party}" for party, share in shares(result).items()]
    base = _OF[result.get("denominator") or "min"]
    return f"{leader(result)} shares {listed(parts)}, of {base}." if parts else "Nothing was counted."


def _learned(result: Result) -> list[str]:
    first = leader(result)
    return [
        f"{first} learns how many users it shares with {listed(_others(result))}, and not which.",
        f"{listed(_others(result))} learn that it was counted.",
    ]


def _shared(result: Result) -> str | None:
    return ", ".join(f"{party} {100 * share:.1f} %" for party, share in shares(result).items()) or None


PLAYED = Played(
    job=overlap.JOB,
    scenario=Comparison,
    terms=_terms,
    verdict=_verdict,
    learned=_learned,
    lines=(("shared", _shared),),
    sections=(sections.overlap,),
)
