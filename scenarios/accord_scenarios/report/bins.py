"""Bins in the report: what each column says of the label, and the weight of evidence of each of its bins."""

from __future__ import annotations

from accord_scenarios.jobs.binning_words import values
from accord_scenarios.report.sections import section, table
from accord_scenarios.wording import Result


def information(result: Result) -> str:
    """Information values, the highest first."""
    rows = [(party, column, (f"{value:.4f}",)) for value, party, column in values(result)]
    return section("Information value", table(("party", "column", ("information value",)), rows))


def weights(result: Result) -> str:
    """Weights of evidence, by column and bin."""
    found = result.get("woe") or {}
    rows = [
        (party, column if number == 0 else "", bin_, (f"{weight:+.4f}",))
        for party, own in found.items()
        for column, bins in own.items()
        for number, (bin_, weight) in enumerate(bins)
    ]
    return section("Weight of evidence", table(("party", "column", "bin", ("weight",)), rows))
