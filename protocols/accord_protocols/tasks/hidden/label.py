"""The label holder's part of a level at `shared`: counts first, then sums of enough rows, then the splits."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_protocols.boosting.caps import DEAD, fineness
from accord_protocols.boosting.gain import Rule, best, exactly
from accord_protocols.boosting.groups import grouped
from accord_protocols.boosting.objective import HALF_WORD, packed, unpacked
from accord_protocols.tasks.boosting.label import weight
from accord_protocols.tasks.registry import Context, Result
from accord_schemas.errors import ProtocolError

Words = NDArray[np.uint64]
UNFIT = "sums of a node are impossible"


def tallied(context: Context) -> Result:
    """Groups of a level's bins of which sums may be opened.

    Inputs: shares ``(pairs, M, W)``, the own ones of sums by bin of the left children (or the root), of all columns;
    counts ``(k, 1)``, the other's shares modulo 2^32 of the sums up to each end; ends ``(pairs, M, W)``, where these
    are; above ``(pairs, M, W + 1)``, opened sums of the parents, none at the root; least; total, rows at the root; of
    three parties and more tellers, of each column who told shares besides peer, or nobody. Fields: ends ``(pairs, M,
    W)``.

    Raises:
        ProtocolError: The counts are not possible.
    """
    inputs = context.inputs
    ends = inputs["ends"].astype(bool)
    pairs, columns, width = ends.shape
    low = np.zeros((pairs, columns, width), np.uint64)
    low[ends] = inputs["counts"][:, 0]
    mask = np.uint64(2**HALF_WORD - 1)
    left = (np.cumsum(inputs["shares"], axis=2, dtype=np.uint64) + low) & mask
    left = np.where(ends, left, np.uint64(0)).astype(np.int64)
    root = not len(inputs["above"])
    found = np.zeros_like(ends)
    for pair in range(pairs):
        sides = [left[pair]]
        if not root:
            whole = (inputs["above"][pair, :, 1:] & mask).astype(np.int64)
            sides.append(np.where(ends[pair], whole - left[pair], 0))
        for side in sides:
            _counts(inputs, side, ends[pair], inputs["total"] if root else None)
        parts = np.stack([_between(side, ends[pair]) for side in sides])
        found[pair] = grouped(parts, ends[pair], inputs["least"])
    return Result({"ends": found.astype(np.uint8)})


def _counts(inputs: Mapping[str, Any], upto: Any, ends: Any, total: int | None) -> None:
    """Rising in every column, to the same number of rows."""
    whole = int(upto[0, -1]) if total is None else total
    for column, (row, end) in enumerate(zip(upto, ends, strict=True)):
        if (np.diff(row[end], prepend=0) < 0).any() or int(row[-1]) != whole:
            raise _impossible(inputs, column)


def _impossible(inputs: Mapping[str, Any], column: int) -> ProtocolError:
    """Names who told the false share of a column's sums; where two told one, both, and neither as whose fault it is."""
    party = inputs["tellers"][column] if "tellers" in inputs else ""
    if not party:
        return ProtocolError(UNFIT)
    return ProtocolError(f"{UNFIT}, of which {inputs['peer']} and {party} told shares", whose=inputs["me"])


def _between(upto: Any, ends: Any) -> Any:
    """Rows of each group, at its end, ``(M, W)``."""
    found = np.zeros_like(upto)
    for row, end, own in zip(upto, ends, found, strict=True):
        own[end] = np.diff(row[end], prepend=0)
    return found


def picked(context: Context) -> Result:
    """The splits of a level, and how fine the next one's sums are.

    Inputs: shares, above, least, total as in `tallied`; told ``(k, 1)``, the other's shares of the sums up to each end
    of the groups, ends ``(pairs, M, W)``; nodes (of the level); caps (of its pairs), owners (of each column, from 1),
    numbers (of each column at its owner), settings, bits, span (of the labels), deepest (whether what is split are
    leaves' parents).

    Fields: owners ``(nodes,)``, splits ``(nodes, 3)``, gains; caps ``(splits,)``, `DEAD` where neither child is split;
    above ``(live, M, W + 1)``, opened sums of the splits that go on; leaves and weights, of nodes that are not split
    and of dead splits' children.

    Raises:
        ProtocolError: What was told cannot be.
    """
    inputs = context.inputs
    ends, bits = inputs["ends"].astype(bool), inputs["bits"]
    sums = _opened(inputs, ends)
    settings = inputs["settings"]
    least = max(exactly(settings["min_child_weight"]), Fraction(inputs["least"]))
    rule = Rule.of(settings["l2"], float(least), 0.0, bits)
    unit = Fraction(inputs["span"]) ** 2
    rule = Rule(rule.l2, rule.weight, exactly(settings["min_gain"]) * Fraction(2) ** bits / unit)
    each = len(sums) // len(ends)
    owners, splits = np.zeros(len(sums), np.uint8), np.zeros((len(sums), 3), np.int64)
    gains, caps, above, leaves = np.zeros(len(sums)), [], [], []
    for child, words in enumerate(sums):
        node, upto = int(inputs["nodes"][child]), _scaled(words, bits)
        g, h = (int(v[0]) for v in unpacked(upto[0, -1:]))
        split = best(upto, ends[child // each], np.arange(len(upto)), g, h, rule)
        if split is None or split.gain(g, h, rule.l2) <= rule.gain:
            leaves.append((node, g, h))
            continue
        owners[child] = inputs["owners"][split.column]
        splits[child] = inputs["numbers"][split.column], split.last, split.missing
        gains[child] = float(split.gain(g, h, rule.l2) / Fraction(2) ** bits * unit)
        missing = upto[split.column, :1] if split.missing else upto[split.column, 1:2]
        g_left, h_left = (int(v[0]) for v in unpacked(upto[split.column, split.last + 1][None] - missing))
        rows = [h_left >> bits, (h - h_left) >> bits]
        if inputs["deepest"] or max(rows) < 2 * inputs["least"]:
            caps.append(DEAD)
            leaves += [(2 * node, g_left, h_left), (2 * node + 1, g - g_left, h - h_left)]
        else:
            caps.append(fineness(min(rows), int(inputs["caps"][child // each])))
            above.append(words)
    rate, l2 = exactly(settings["learning_rate"]), rule.l2
    return Result(
        {
            "owners": owners,
            "splits": splits,
            "gains": gains,
            "caps": np.array(caps, np.uint8),
            "above": np.array(above, np.uint64).reshape(-1, *sums.shape[1:]),
            "leaves": np.array([node for node, _, _ in leaves], np.int64),
            "weights": np.array([weight(g, h, l2, rate, "squared", bits) for _, g, h in leaves], np.int64),
        }
    )


def _opened(inputs: Mapping[str, Any], ends: Any) -> Words:
    """Sums up to each end of a group of every node of the level, ``(nodes, M, W + 1)``; what is not opened is 0."""
    pairs, columns, width = ends.shape
    if len(inputs["told"]) != int(ends.sum()):
        raise ProtocolError(UNFIT)
    told = np.zeros(ends.shape, np.uint64)
    told[ends] = inputs["told"][:, 0]
    left = np.where(ends, np.cumsum(inputs["shares"], axis=2, dtype=np.uint64) + told, np.uint64(0))
    above = inputs["above"]
    each = 2 if len(above) else 1
    found = np.zeros((each * pairs, columns, width + 1), np.uint64)
    for pair in range(pairs):
        found[each * pair, :, 1:] = left[pair]
        if each == 2:
            found[2 * pair + 1, :, 1:] = np.where(ends[pair], above[pair, :, 1:] - left[pair], np.uint64(0))
    for number, words in enumerate(found):
        total = words[0, -1]
        for column, (row, end) in enumerate(zip(words, ends[number // each], strict=True)):
            g, h = unpacked(row[np.concatenate([[0], np.flatnonzero(end) + 1])])
            rows, sizes = np.diff(h), np.abs(np.diff(g))
            thin = (rows > 0) & (rows < inputs["least"])
            if row[-1] != total or (rows < 0).any() or thin.any() or (sizes > rows << (inputs["bits"] + 1)).any():
                raise _impossible(inputs, column)
    return found


def _scaled(words: Words, bits: int) -> Words:
    """Sums with counts in the unit of the derivatives: a second derivative is 1."""
    g, h = unpacked(words)
    return packed(g, h << bits)
