"""What a party's bins say of the label, see `accord_protocols.evaluation.evidence`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from accord_protocols.evaluation.evidence import Bin, information, joined, mixed, monotone, weights
from accord_protocols.tasks.registry import Context, Result
from accord_schemas.errors import ProtocolError

UNFIT = "labels of a bin are more than its rows, or not those of the other columns"


def weighed(context: Context) -> Result:
    """Weights of evidence of a party's bins.

    Inputs: train ``(n, m)``, and ones ``(m, W)``, how many labels of each bin are 1; at the label holder y ``(n,)``
    instead.

    Fields: bins ``(k, 5)``, a row for each bin that is left: its column, its first bin (0 that of missing values), its
    rows, its ones, and whether a bin of the monotone proposal begins there; woe ``(k,)``; values and proposed ``(m,)``,
    information values of each column, as it is and as proposed.

    Raises:
        ProtocolError: The label holder told what cannot be.
    """
    inputs = context.inputs
    bins, woe, values, proposed, sums = [], [], [], [], set()
    for column, own in enumerate(inputs["train"].T):
        rows, ones = _counted(inputs, column, own)
        if (ones > rows).any() or (ones < 0).any():
            raise ProtocolError(UNFIT)
        sums.add(int(ones.sum()))
        missing = [Bin(int(rows[0]), int(ones[0]))] if rows[0] else []
        first = [int(number) for number in np.flatnonzero(rows[1:]) + 1]
        parts = [Bin(int(rows[number]), int(ones[number])) for number in first]
        starts = mixed(parts)
        whole = joined(parts, starts)
        better = monotone(whole)
        for number, one in enumerate([*missing, *whole]):
            at = number - len(missing)
            head = (column, 0 if at < 0 else first[starts[at]], one.rows, one.ones)
            bins.append((*head, int(at < 0 or at in better)))
        woe += weights([*missing, *whole])
        values.append(information([*missing, *whole]))
        proposed.append(information([*missing, *joined(whole, better)]))
    if len(sums) > 1:
        raise ProtocolError(UNFIT)
    return Result(
        {
            "bins": np.array(bins, np.int64).reshape(-1, 5),
            "woe": np.array(woe, np.float64),
            "values": np.array(values, np.float64),
            "proposed": np.array(proposed, np.float64),
        }
    )


def _counted(inputs: Mapping[str, Any], column: int, own: Any) -> tuple[Any, Any]:
    """Rows and ones of each bin."""
    if "y" in inputs:
        rows = np.bincount(own)
        return rows, np.bincount(own, inputs["y"][: len(own)]).astype(np.int64)
    ones = inputs["ones"][column].view(np.int64)
    return np.bincount(own, minlength=len(ones)), ones
