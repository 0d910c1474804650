"""What a party remembers of a prediction in shares, and how these are opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from accord_protocols.phases.prediction.branch import BITS, UNFIT, Branched, Split
from accord_protocols.phases.prediction.pairs import Ends
from accord_protocols.tasks.results.common import Bytes, Words
from accord_protocols.tasks.results.hidden import BitsChosen
from accord_schemas.errors import ProtocolError

OPENED = 6
"""Fraction bits of a score that are opened: more would tell the others' rows."""
RIGHT = 2
"""A side; the left one is 1."""


@dataclass(frozen=True, slots=True, repr=False)
class Climbing:
    """What it begins with.

    Args:
        rows: Own rows ``(k,)`` in the common order, -1 where there is none: it counts as being on the right of all.
        model: The own part of the model, as in its file.
        branched: Where splits are, and transfers with everybody.
    """

    rows: NDArray[np.int64]
    model: bytes
    branched: Branched


@dataclass(frozen=True, slots=True, repr=False)
class Climbed:
    """The own shares of what all trees come to, ``(k,)``; and the transfers, with what was used of them."""

    shares: NDArray[np.uint64]
    ends: Mapping[str, Ends]


def _none() -> Words:
    return np.zeros((0, 0), np.uint64)


@dataclass(frozen=True, slots=True, repr=False)
class Ascent:
    """On the way up.

    Args:
        ends: Transfers by other party.
        sides: Of the own splits, ``(k, splits)``.
        splits: By depth.
        leaves: At the leader, with their weights.
        tree: The root of the first tree.
        level: At which it is, counted down.
        below: Nodes of the level below.
        values: The own shares of what they come to.
        right: Of what right children of the level come to, ``(k, nodes)``.
        apart: By how much left ones differ.
        chosen: The own bits as choices, by whom they were said to.
        said: Nonces of the others' bits.
        theirs: The own shares of products with the others' bits.
    """

    ends: Mapping[str, Ends]
    sides: Bytes
    splits: tuple[tuple[Split, ...], ...]
    leaves: tuple[tuple[int, int], ...]
    tree: int
    level: int
    below: tuple[int, ...] = ()
    values: Words = field(default_factory=_none)
    right: Words = field(default_factory=_none)
    apart: Words = field(default_factory=_none)
    chosen: Mapping[str, BitsChosen] = field(default_factory=dict)
    said: Mapping[str, bytes] = field(default_factory=dict)
    theirs: Mapping[str, Words] = field(default_factory=dict)

    def with_ends(self, peer: str, ends: Ends) -> Ascent:
        """With another state of the transfers with a peer."""
        return replace(self, ends={**self.ends, peer: ends})


def _dropped(parties: int) -> int:
    """Last bits of a share that are kept: so many that what all others leave out is less than a unit of the rest."""
    return BITS - OPENED - (parties - 2).bit_length()


def rounded(shares: Words, parties: int) -> Words:
    """Shares ``(k,)`` as they are opened, ``(k, 1)``: without their last bits."""
    drop = np.uint64(_dropped(parties))
    found: Words = ((shares >> drop) << drop)[:, None]
    return found


def learned(own: Words, told: Mapping[str, Words], parties: int) -> NDArray[np.float64]:
    """What rows come to ``(k,)``, in the labels' unit, from the own shares ``(k,)`` and what the others opened.

    Raises:
        ProtocolError: What one sent is of another shape.
    """
    total = own.copy()
    for sender, shares in told.items():
        if shares.shape != (len(own), 1):
            raise ProtocolError(UNFIT, whose=sender)
        total += shares[:, 0]
    half = np.uint64((parties - 1) << (_dropped(parties) - 1))  # on average what was left out
    found: NDArray[np.float64] = np.ldexp((total + half).view(np.int64).astype(np.float64), -BITS)
    return found
