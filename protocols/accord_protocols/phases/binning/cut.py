"""Cutting: each party bins its own columns, with enough TRAIN rows in every bin, and commits to what came of it."""

from __future__ import annotations

from accord_protocols.kernel.effects import Fields
from accord_protocols.phases.boosting.prepare import Bin


class Cut(Bin):
    """One instance, at everybody."""

    kind = "cut"
    task = "bins.cut"

    def cuts(self) -> Fields:
        """At quantiles; the label is 0 or 1. Before a training, those columns that become weights of evidence."""
        terms, woe = self.agreement.binning, self.agreement.prepare.woe
        assert terms is not None
        fields = {"bins": terms.bins + 1, "least": terms.min_rows, "objective": "logistic"}
        return fields | ({"only": list(woe)} if woe else {})

    def lacks(self, columns: int) -> bool:
        """Before a training, other columns than these may be all that a party has."""
        return not self.agreement.prepare.woe and super().lacks(columns)
