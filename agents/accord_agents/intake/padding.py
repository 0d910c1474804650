"""Ids that nobody has beside a party's own, so that what it announces tells the size of its set in steps alone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from accord_agents.intake.kept import Kept
from accord_protocols.primitives.xof import Xof

_BLOCK, _BYTES = 4096, 16
_MARK = " "  # what a normalised id cannot begin with


@dataclass(frozen=True, slots=True)
class Padding:
    """How a set is filled up.

    Args:
        multiple: Of this many ids.
        key: 32 bytes that nobody else knows: who could make these ids would count them.
    """

    multiple: int
    key: bytes = field(repr=False)


def padded(kept: Kept, padding: Padding) -> Kept:
    """The rows, and behind them as many whose ids are nobody's as make a multiple; no number of theirs is ever used."""
    missing, stage, xof = -len(kept) % padding.multiple, kept.stage, Xof(padding.key, "accord padding")
    for start in range(0, missing, _BLOCK):
        count = min(_BLOCK, missing - start)
        text = xof.bytes(_BYTES * count).hex()
        ids = [_MARK + text[at : at + 2 * _BYTES] for at in range(0, len(text), 2 * _BYTES)]
        values = np.full((count, stage.columns), np.nan)
        values[:, stage.columns - len(kept.others) :] = 1.0  # a label, a weight or an exposure is never null
        stage.add(ids, ids, values)
    if not missing:
        return kept
    stage.repeats()  # their hashes are in order with the others
    rows = np.append(kept.rows, np.ones(missing, np.bool))
    return replace(kept, rows=rows, report=replace(kept.report, padded=missing))
