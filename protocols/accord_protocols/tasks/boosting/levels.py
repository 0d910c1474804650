"""A level of a tree at one party: where rows are, which groups of bins are summed, the own splits' sides."""

from __future__ import annotations

from typing import Any

import numpy as np

from accord_protocols.boosting.groups import finest, grouped
from accord_protocols.boosting.objective import unpacked
from accord_protocols.boosting.walking import children, counts_of, sides, walked
from accord_protocols.tasks.registry import Context, Result
from accord_schemas.errors import ProtocolError

THIN = "a split leaves too few rows on one side"


def level(context: Context) -> Result:
    """Go one level down, and group bins.

    Inputs: bins ``(n + k, m)``, places ``(n + k,)``, sampled ``(n,)``, columns (numbers of the own ones in use), least
    (rows of a group); nodes and owners of the splits that are walked, none at the root, and bits.PARTY of each; ends
    ``(nodes, m', W)`` of these nodes; at the label holder words ``(n,)``, empty elsewhere.

    Fields: places; counts of each child (or the root), in TRAIN rows that are sampled; ends ``(pairs, m', W)``; slots
    ``(n,)``, from 1, of the rows whose sums are taken: those of each pair's smaller child, where one can be split; at
    the label holder own ``(pairs, m', W)``, sums of words of these rows in its own columns, totals and reach
    ``(children,)``, sums of words and of the first derivatives' sizes.

    Raises:
        ProtocolError: Somebody's split leaves fewer rows than agreed on a side, or says something of other rows.
    """
    inputs = context.inputs
    nodes, owners = inputs["nodes"].tolist(), inputs["owners"]
    told = {name.partition(".")[2]: bits for name, bits in inputs.items() if name.startswith("bits.")}
    places = walked(inputs["places"], dict(zip(nodes, owners, strict=True)), told)
    below = children(nodes) if nodes else [1]
    train, used = len(inputs["sampled"]), inputs["sampled"] > 0
    here = np.where(used, places[:train], 0)
    counts = counts_of(here, below)
    for child, count in zip(below, counts.tolist(), strict=True):
        if nodes and count < inputs["least"]:
            raise ProtocolError(THIN, whose=owners[nodes.index(child // 2)])
    columns = inputs["columns"]
    bins = inputs["bins"][:train][:, columns]
    width, pairs = inputs["width"], max(len(nodes), 1)
    tally = _tally(bins, here, below, width)
    parents = inputs["ends"].astype(bool) if nodes else finest(width, len(columns))[None]
    each = len(below) // pairs
    ends = np.array(
        [grouped(tally[each * p : each * (p + 1)], parents[p], inputs["least"]) for p in range(pairs)], bool
    ).reshape(pairs, len(columns), width)
    small = summed(counts, each)
    slots = np.zeros(train, np.uint8)
    for pair, child in enumerate(small):
        if worth(counts[each * pair : each * (pair + 1)], inputs["least"]):
            slots[here == below[child]] = pair + 1
    fields = {"places": places, "counts": counts, "ends": ends.astype(np.uint8), "slots": slots}
    return Result(fields | _own(inputs["words"], bins, here, below, slots, pairs, width))


def summed(counts: Any, each: int) -> list[int]:
    """Of every pair the number of the child with fewer rows, the first of equal ones."""
    return [each * p + int(np.argmin(counts[each * p : each * (p + 1)])) for p in range(len(counts) // each)]


def worth(counts: Any, least: int) -> bool:
    """Whether one of two siblings has rows enough for a split."""
    return bool((counts >= 2 * least).any())


def _tally(bins: Any, here: Any, below: list[int], width: int) -> Any:
    """Rows of each node by column and bin, ``(nodes, m, W)``."""
    number = np.full(256, len(below))
    number[below] = np.arange(len(below))
    base = number[here] * width
    size = (len(below) + 1) * width
    found = [np.bincount(base + column, minlength=size).reshape(-1, width)[:-1] for column in bins.T.astype(np.int64)]
    return np.stack(found, axis=1) if found else np.zeros((len(below), 0, width), np.int64)


def _own(words: Any, bins: Any, here: Any, below: list[int], slots: Any, pairs: int, width: int) -> dict[str, Any]:
    """The label holder's own sums."""
    totals, reach = np.zeros(len(below), np.uint64), np.zeros(len(below), np.int64)
    if not len(words):
        return {"own": np.zeros((0, bins.shape[1], width), np.uint64), "totals": totals[:0], "reach": reach[:0]}
    sizes = np.abs(unpacked(words)[0])
    for number, node in enumerate(below):
        rows = here == node
        totals[number], reach[number] = words[rows].sum(dtype=np.uint64), sizes[rows].sum()
    rows, own = np.flatnonzero(slots), np.zeros((bins.shape[1], pairs * width), np.uint64)
    base, counted = (slots[rows].astype(np.int64) - 1) * width, words[rows]
    for column in range(bins.shape[1]):  # with one index, which numpy adds up by several times as fast as with two
        np.add.at(own[column], base + bins[rows, column], counted)
    by_pair = np.ascontiguousarray(own.reshape(bins.shape[1], pairs, width).transpose(1, 0, 2))
    return {"own": by_pair, "totals": totals, "reach": reach}


def sided(context: Context) -> Result:
    """The sides of the own splits. Inputs: bins, places, nodes, splits ``(nodes, 3)``."""
    inputs = context.inputs
    return Result({"bits": sides(inputs["bins"], inputs["places"], inputs["nodes"].tolist(), inputs["splits"])})
