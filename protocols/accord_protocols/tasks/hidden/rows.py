"""What each party does with its shares of rows: words of nodes on the way down, leaves' weights on the way up.

A word is g · 2^32 + 1, in two shares modulo 2^64; g is the score less the label, with so many fraction bits that no sum
leaves its half. A score is in shares modulo 2^64 too, so that words are made of scores without rounding.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_protocols.boosting import misses
from accord_protocols.boosting.caps import ranges
from accord_protocols.boosting.objective import HALF_WORD
from accord_protocols.tasks.registry import Context, Result
from accord_schemas.errors import UsageError

Words = NDArray[np.uint64]


def ranged(context: Context) -> Result:
    """The own groups of each fineness, packed. Inputs: train ``(n, m)``, width. Fields: ends ``(m · (D + 1),
    bytes)``.
    """
    found = ranges(context.inputs["train"], context.inputs["width"])
    flat = found.reshape(-1, found.shape[2])
    return Result({"ends": np.packbits(flat, axis=1, bitorder="little")})


def begun(context: Context) -> Result:
    """Label holder: labels between 0 and 1, and the score that all rows begin with.

    Inputs: y ``(n + k,)``, n, bits. Fields: labels ``(n,)`` and scores ``(n + k,)``, with so many fraction bits; low
    and span of the labels.

    Raises:
        UsageError: Labels are all alike.
    """
    y, n, bits = context.inputs["y"], context.inputs["n"], context.inputs["bits"]
    low, high = float(y[:n].min()), float(y[:n].max())
    if not high > low:
        raise UsageError("the labels of the common TRAIN rows are all the same.")
    labels = np.rint(np.ldexp((y[:n] - low) / (high - low), bits)).astype(np.int64)
    base = (2 * sum(labels.tolist()) + n) // (2 * n)
    scores = np.full(len(y), base, np.uint64)
    return Result({"labels": labels, "scores": scores, "low": low, "span": high - low})


def rooted(context: Context) -> Result:
    """The own shares of the roots' words ``(n, 1)``.

    Inputs: scores ``(n + k,)``, n; at the label holder labels ``(n,)``, with as many fraction bits as scores have.
    """
    inputs = context.inputs
    shares = inputs["scores"][: inputs["n"]]
    if "labels" in inputs:
        shares = shares - inputs["labels"].astype(np.uint64)
    words = shares << np.uint64(HALF_WORD)
    return Result({"words": (words + np.uint64(1) if "labels" in inputs else words)[:, None]})


def descended(context: Context) -> Result:
    """The own shares of the words of children, left before right.

    Inputs: words ``(n, nodes)``, split (numbers of those that go on), mine and theirs (which of these are whose), and
    left.mine and left.theirs ``(n, k)``, shares of the left children; of a further party P likewise of.P, left.of.P
    and, at the second, left.and.P, what it told. Fields: words ``(n, 2 · split)``, and left
    ``(n, split)``, those of the left ones.
    """
    inputs = context.inputs
    left = _placed(inputs, "left", len(inputs["split"]))
    found = np.empty((len(left), 2 * left.shape[1]), np.uint64)
    found[:, ::2] = left
    found[:, 1::2] = inputs["words"][:, inputs["split"]] - left
    return Result({"words": found, "left": left})


def faced(context: Context) -> Result:
    """Shares of what the children of a level's splits come to: the right one's, and by how much the left one differs.

    Inputs: rows; nodes, split on this level; leaves and weights, at the label holder, of the tree; of the level below
    its nodes as below, and what `lifted` gave of them. Fields: right and apart ``(rows, nodes)``.
    """
    inputs = context.inputs
    rows, nodes = inputs["rows"], inputs["nodes"].tolist()
    weights = dict(zip(inputs["leaves"].tolist(), inputs["weights"].tolist(), strict=True))
    below = {node: k for k, node in enumerate(inputs["below"].tolist())}

    def value(node: int) -> Words:
        if node in below:
            return np.asarray(inputs["values"][:, below[node]])
        return np.full(rows, weights.get(node, 0), np.int64).view(np.uint64)

    left, right = (np.stack([value(2 * node + side) for node in nodes], axis=1) for side in (0, 1))
    return Result({"right": right, "apart": left - right})


def lifted(context: Context) -> Result:
    """Shares of what splits come to. Inputs: right ``(rows, s)``, mine, theirs, left.mine, left.theirs. Fields:
    values.
    """
    right = context.inputs["right"]
    return Result({"values": right + _placed(context.inputs, "left", right.shape[1])})


def raised(context: Context) -> Result:
    """Scores with a tree's values. Inputs: scores ``(n + k,)``, values ``(n + k, 1)`` of its root, where that is split;
    weight of the root, where it is not.
    """
    inputs = context.inputs
    added = inputs["values"][:, 0] if inputs["values"].shape[1] else np.int64(inputs["weight"]).astype(np.uint64)
    return Result({"scores": inputs["scores"] + added})


def squared(context: Context) -> Result:
    """Label holder: how far the own shares of TEST scores are off, as factors of the other's bits, and their squares.

    Inputs: scores ``(n + k,)``, n, bits, y ``(n + k,)``, low and span of the labels. Fields: x ``(k, b)``, own ``(1,
    1)``.
    """
    inputs, n, bits = context.inputs, context.inputs["n"], context.inputs["bits"]
    off = inputs["scores"][n:] - misses.labels(inputs["y"][n:], inputs["low"], inputs["span"], bits).view(np.uint64)
    own = (off * off).sum(dtype=np.uint64)
    return Result({"x": misses.factors(off, misses.bits_for(bits, len(off))), "own": np.full((1, 1), own)})


def missed(context: Context) -> Result:
    """The own share of TEST rows' squares in all. Inputs: share ``(k, b)``, of products; at the label holder own, its
    squares; at the second scores ``(n + k,)``, n, bits. Fields: total ``(1, 1)``, at the second without the last bits.
    """
    inputs = context.inputs
    total = np.full((1, 1), inputs["share"].sum(dtype=np.uint64))
    if "own" in inputs:
        return Result({"total": total + inputs["own"]})
    shares = inputs["scores"][inputs["n"] :]
    total = total + (shares * shares).sum(dtype=np.uint64)
    return Result({"total": misses.told(total, inputs["bits"], len(shares))})


def joined(context: Context) -> Result:
    """A further party: its shares of two products together. Inputs: first and second ``(rows, s)``. Fields: share."""
    return Result({"share": context.inputs["first"] + context.inputs["second"]})


def _placed(inputs: Mapping[str, Any], name: str, count: int) -> Words:
    """Products in the order of their splits: with the own bits, the other's, and each further party's.

    Of these the second also has what the party told.
    """
    mine, theirs = inputs[f"{name}.mine"], inputs[f"{name}.theirs"]
    found = np.empty((len(mine), count), np.uint64)
    found[:, inputs["mine"]], found[:, inputs["theirs"]] = mine, theirs
    for party in (key.removeprefix("of.") for key in inputs if key.startswith("of.")):
        share, told = inputs[f"{name}.of.{party}"], inputs.get(f"{name}.and.{party}")
        found[:, inputs[f"of.{party}"]] = share if told is None else share + told
    return found
