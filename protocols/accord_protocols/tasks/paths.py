"""Predictions at `paths`: at which node of every tree each row is.

``places`` is ``(k, trees) uint8``: the root of each tree is 1, the children of node i are 2i and 2i + 1. A side is a
bit for every row and tree, rows one after another, packed low bits first: 1 is left; 0 wherever the row is at no split
of whoever tells it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from accord_protocols.tasks.registry import Context, Result
from accord_protocols.tasks.results.paths import Places
from accord_schemas.errors import ProtocolError

UNFIT = "sides of a split are not those of its node"
LEFT = 1
NODES = 256
"""Numbers of a tree's nodes: up to 7 splits lie above a leaf."""


def told(context: Context) -> Result:
    """On which side of the own splits of a level rows are that are there.

    Inputs: places; nodes ``(m, 4)``: tree, node, number of the split, whether there are splits below; sides ``(k,
    splits)``, 1 is left. Fields: inner and last, the sides of nodes above splits and of others.
    """
    inputs, places = context.inputs, context.inputs["places"]
    number, inner = (_of(inputs["nodes"], places, k) for k in (2, 3))
    rows = np.broadcast_to(np.arange(len(places))[:, None], places.shape)
    here = number >= 0
    left = np.zeros(places.shape, bool)
    left[here] = inputs["sides"][rows[here], number[here]] == LEFT
    return Result({"inner": _packed(left & (inner == 1)), "last": _packed(left & (inner == 0))})


def gone(context: Context) -> Result:
    """One level further, where the sides are known. Others stay.

    Inputs: places; nodes ``(m, 4)``: tree, node, owner from 1, whether there are splits below; order, the parties;
    inner.PARTY and last.PARTY of those who told them. Fields: places.

    Raises:
        ProtocolError: A party says something of a row that it has no word on.
    """
    inputs, places = context.inputs, context.inputs["places"]
    owner, inner = (_of(inputs["nodes"], places, k) for k in (2, 3))
    found = places.copy()
    for name, above in (("inner", 1), ("last", 0)):
        for number, party in enumerate(inputs["order"], 1):
            bits = inputs.get(f"{name}.{party}")
            here = (owner == number) & (inner == above)
            if bits is None or (not len(bits) and not here.any()):
                continue
            left = np.unpackbits(bits, bitorder="little")
            if len(bits) != -(-places.size // 8) or left[places.size :].any():
                raise ProtocolError(UNFIT, whose=party)
            left = left[: places.size].reshape(places.shape)
            if (left & ~here).any():
                raise ProtocolError(UNFIT, whose=party)
            found[here] = 2 * places[here] + 1 - left[here]
    return Result({"places": found})


def fallen(context: Context) -> Result:
    """What the leaves come to in which rows are, ``(k,)``. Inputs: places; leaves ``(l, 3)``: tree, node, weight as a
    whole number. Fields: scores.
    """
    return Result({"scores": _of(context.inputs["leaves"], context.inputs["places"], 2, 0).sum(axis=1)})


def _of(nodes: NDArray[np.int64], places: Places, field: int, none: int = -1) -> NDArray[np.int64]:
    """A field of the node at which every row is, and what stands where that is none of these."""
    trees = places.shape[1]
    known = np.full((trees, NODES), none, np.int64)
    known[nodes[:, 0], nodes[:, 1]] = nodes[:, field]
    found: NDArray[np.int64] = known[np.arange(trees), places]
    return found


def _packed(bits: NDArray[np.bool_]) -> NDArray[np.uint8]:
    return np.packbits(bits.reshape(-1), bitorder="little")
