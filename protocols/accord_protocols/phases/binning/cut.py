"""Cutting: each party bins its own columns, with enough TRAIN rows in every bin, and commits to what came of it."""

from __future__ import annotations

from accord_protocols.kernel.effects import Fields
from accord_protocols.phases.boosting.prepare import Bin


class Cut(Bin):
    """One instance, at everybody."""

    kind = "cut"
    task = "bins.cut"

    def cuts(self) -> Fields:
        """At quantiles; the label is 0 or 1."""
        terms = self.agreement.bins
        assert terms is not None
        return {"bins": terms.bins + 1, "least": terms.min_rows, "objective": "logistic"}
