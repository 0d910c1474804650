"""What information values mean in words."""

from __future__ import annotations

from accord_scenarios.wording import Result, leader, listed


def values(result: Result) -> list[tuple[float, str, str]]:
    """Information values with party and column, the highest first."""
    found = result.get("information_value") or {}
    return sorted(((v, party, c) for party, own in found.items() for c, v in own.items()), reverse=True)


def highest(result: Result) -> str | None:
    """The three highest; nothing where no column was weighed."""
    return ", ".join(f"{party} {column} {value:.3f}" for value, party, column in values(result)[:3]) or None


def learned(result: Result) -> list[str]:
    """Who learns what of bins that were weighed; nothing where none were."""
    if not values(result):
        return []
    first = leader(result)
    others = listed(sorted(party for party in result.get("parties") or {} if party != first))
    return [
        f"{first} learns the information value of each of {others}'s columns that were binned, without their names.",
        f"{others} {'learn' if ' and ' in others else 'learns'} how many of the label are 1, in all and in each bin of the own columns.",
        "Nobody else learns how many rows or labels a bin has.",
    ]
