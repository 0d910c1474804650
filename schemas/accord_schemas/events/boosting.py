"""Boosted trees: transfers per cell of an edge, and what is said of a tree."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from accord_schemas.arrays import Blocks16, Digests, Numbers, Octets, RingVector
from accord_schemas.events.base import Event

Once = Annotated[bytes, Field(min_length=16, max_length=16)]
"""A synthetic nonce: it follows from a secret, a history and what it is used with, and never comes twice."""


class Offer(Event):
    """The sender of an edge to its holder: public keys of the base transfers."""

    family, name = "intermediates", "offer"
    points: Digests


class CellChoices(Event):
    """The holder's half of the base transfers, with the proof that its seeds are consistent; and what it chooses for
    the cells, in extensions of 4,096 rows, each with its nonce and its check.
    """

    family, name = "intermediates", "cells"
    point: Digests
    corrections: Blocks16
    proofs: Numbers
    nonces: Blocks16
    checks: Numbers
    choices: Octets


class Levels(Event):
    """The sender's half of the cells: a block for every level but the first, a row for each TRAIN row."""

    family, name = "intermediates", "levels"
    blocks: RingVector


class Vector(Event):
    """A tree's vector under the pads of all cells: a row for each sampled TRAIN row, a word for each sampled column."""

    family, name = "gradients", "vector"
    nonce: Once
    words: RingVector


class NodeSums(Event):
    """Of every pair of siblings, by column: where its groups of bins end, a bit each; and of the smaller child, in the
    same order, the holder's shares of the sums up to each end.
    """

    family, name = "gradients", "nodes"
    ends: Numbers
    shares: RingVector


class Splits(Event):
    """Which party splits each node of a level, 0 where it is a leaf; and of the recipient's own ones column, last bin
    of the left side, and whether missing values go left.
    """

    family, name = "gradients", "splits"
    owners: Octets
    own: RingVector


class Sides(Event):
    """On which side of the sender's splits rows fall, TRAIN rows before TEST rows: 1 is left; 0 at other nodes."""

    family, name = "gradients", "sides"
    bits: Octets


class Grown(Event):
    """A tree is grown, and whether it was the last one."""

    family, name = "gradients", "grown"
    last: bool = False
