"""Boosted trees in the report: how much each party's columns did, and the first trees."""

from __future__ import annotations

from accord_scenarios.report.sections import section, table
from accord_scenarios.wording import Result, number


def importance(result: Result) -> str:
    """Splits and gain by party, and how often each column was split on."""
    found = result.get("importance") or {}
    gains = {party: one for own in found.values() for party, one in (own.get("parties") or {}).items()}
    parties = [(party, number(one["splits"]), number(one["gain"])) for party, one in gains.items()]
    counted = [(p, c, n) for p, own in found.items() for c, n in (own.get("splits") or {}).items() if n]
    columns = [(party, column, number(count)) for party, column, count in sorted(counted, key=lambda row: -row[2])]
    body = table(("party", "splits", "gain"), parties) + table(("party", "column", "splits"), columns)
    return section("Importance", body)


def trees(result: Result) -> str:
    """The first trees: the label holder's own splits readable, others' by party and number of the column."""
    drawn = []
    for number_, tree in enumerate(result.get("drawn") or [], 1):
        rows = [("  " * line["depth"] + line["side"], line["says"]) for line in tree]
        drawn.append(f"<h3>Tree {number_}</h3>" + table(("side", "split or weight"), rows))
    return section("The first trees", "\n".join(drawn))
