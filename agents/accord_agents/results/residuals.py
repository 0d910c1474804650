"""How far labels are from what was predicted, by tenths of the TEST rows: for people, of what the label holder has.

As with `alone`, nothing of it is said to anybody, and it is no part of the record.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from accord_agents.intake.table import Table
from accord_schemas.agreement import Agreement

PARTS = 10
"""As many as calibration has."""
LOW, HIGH = 0.1, 0.9
"""Between these quantiles four in five residuals lie."""
Part = dict[str, float]


def figures(agreement: Agreement, notes: Mapping[str, Any], table: Table) -> list[Part]:
    """Tenths of the TEST rows by prediction, the lowest first; empty where there is nothing to show.

    A residual is the label less the prediction; of counts divided by the root of the prediction (Pearson's), so that
    large and small counts compare. Of labels 0 and 1 there are only two, and calibration tells more.

    Args:
        agreement: The terms.
        notes: What the party knows when it was completed.
        table: Its rows.

    Returns:
        Of each part `rows`, the mean `predicted`, and the quantiles `low`, `middle` and `high` of its residuals.
    """
    rows, predictions = notes.get("predicted_rows"), notes.get("predictions")
    family = agreement.train.model if agreement.train else agreement.trees.objective if agreement.trees else ""
    if rows is None or predictions is None or table.labels is None or family not in ("linear", "squared", "poisson"):
        return []
    labels, predicted = np.asarray(table.labels)[rows].astype(np.float64), np.asarray(predictions, np.float64)
    if len(labels) < 2 * PARTS:
        return []
    residuals = labels - predicted
    if family == "poisson":
        residuals /= np.sqrt(np.maximum(predicted, np.finfo(np.float64).tiny))
    parts = np.array_split(np.argsort(predicted, kind="stable"), PARTS)
    return [_part(predicted[part], residuals[part]) for part in parts]


def _part(predicted: Any, residuals: Any) -> Part:
    low, middle, high = (float(value) for value in np.quantile(residuals, (LOW, 0.5, HIGH)))
    return {
        "rows": len(residuals),
        "predicted": float(np.mean(predicted)),
        "low": low,
        "middle": middle,
        "high": high,
    }
