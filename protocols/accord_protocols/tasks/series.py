"""Tasks of a link at `shared`: tables that are multiplied row by row, and a dealer's correlated randomness.

All name the series by model and period; see `accord_protocols.primitives.fourier`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_protocols.links.series import LOST_BITS, loss_of, low, masks, series_of, table_bits
from accord_protocols.primitives.fourier import Series, table
from accord_protocols.primitives.ring import Ring
from accord_protocols.primitives.sharing import elements, multiplied
from accord_protocols.primitives.xof import Xof
from accord_protocols.tasks import lattice
from accord_protocols.tasks.registry import Context, Result

RING = Ring(128)
Words = NDArray[np.uint64]


def encrypt(context: Context) -> Result:
    """Second holder: its waves, encrypted. Inputs: shares ``(n, 2)``, and sizes as those of `lattice.terms_encrypt`."""
    series = _series(context)
    waves = series.spokes(series.phases(context.inputs["shares"]))
    return lattice.encrypted_terms(context, _table(context, waves))


def multiply(context: Context) -> Result:
    """First holder: these times coefficients and waves of its shares.

    Inputs: shares ``(n, 2)``, weights ``(n,)``, what `lattice.terms_multiply` has besides b; loss: whether the loss's
    series follows that of the expected label.
    """
    inputs, weights = context.inputs, context.inputs["weights"][:, None]
    phases = _series(context).phases(inputs["shares"])
    each = [table(s.factors(phases) * weights, bits) for s, bits in _wanted(context)]
    return lattice.multiplied_terms(context, np.stack(each))


def deal(context: Context) -> Result:
    """Dealer: the waves of the sum of two masks, less what the first seed gives. Inputs: rows, first, second."""
    series, rows = _series(context), context.inputs["rows"]
    first, second = context.inputs["first"], context.inputs["second"]
    phases = masks(first, series, rows) + masks(second, series, rows)
    waves = _table(context, series.spokes(phases & low(series)))
    return Result({"waves": RING.sub(elements(waves), _waves(first, series, rows)).reshape(-1, 2)})


def fold(context: Context) -> Result:
    """Holder: its share of the series.

    Inputs: opened ``(n,) uint64``, seed, waves ``(n · 2J, 2)``, or of no row; loss, as for `multiply`. Shares are
    ``(c, n, 2)``.
    """
    series, inputs = _series(context), context.inputs
    opened, given = inputs["opened"], inputs["waves"]
    rows = len(opened)
    waves = given.reshape(rows, -1, 2) if len(given) else _waves(inputs["seed"], series, rows)
    totals = []
    for wanted, bits in _wanted(context):
        known = elements(table(wanted.factors(opened), bits))
        total = np.zeros((rows, 2), np.uint64)
        for term in range(waves.shape[1]):
            total = RING.add(total, multiplied(known[:, term], waves[:, term]))
        totals.append(total)
    return Result({"shares": np.stack(totals)})


def _waves(seed: bytes, series: Series, rows: int) -> Words:
    return RING.random(Xof(seed, "waves"), rows, 2 * series.terms)


def _table(context: Context, values: NDArray[np.float64]) -> NDArray[np.int64]:
    return table(values, table_bits(context.inputs["model"]))


def _wanted(context: Context) -> list[tuple[Series, int]]:
    """Series that are opened in shares, with the fraction bits of their factors: of the expected label, of the loss."""
    model, period = context.inputs["model"], context.inputs["period"]
    loss = loss_of(model, period) if context.inputs["loss"] else None
    return [(_series(context), table_bits(model)), *([(loss, LOST_BITS)] if loss else [])]


def _series(context: Context) -> Series:
    fields: dict[str, Any] = {name: context.inputs[name] for name in ("model", "period")}
    return series_of(**fields)
