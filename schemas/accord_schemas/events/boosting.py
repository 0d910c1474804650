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


class Ranges(Event):
    """Where groups of bins end, a bit each, a row for every column and fineness, or for every pair and column."""

    family, name = "gradients", "ranges"
    ends: Numbers


class Vectors(Event):
    """Vectors of a level under the pads of all cells, a row for each TRAIN row; nonces by block of rows and vector."""

    family, name = "gradients", "vectors"
    nonces: Blocks16
    words: RingVector


class Partial(Event):
    """The sender's shares of what the label holder opens, counts, sums or scores; or of products, for the second."""

    family, name = "gradients", "partial"
    shares: RingVector


class Divided(Event):
    """Which party splits each node of a level, 0 where it is a leaf; of the recipient's own splits column, last bin of
    the left side, and whether missing values go left; and of every split how fine its children's sums are.
    """

    family, name = "gradients", "divided"
    owners: Octets
    own: RingVector
    caps: Octets


class BitChoices(Event):
    """The sides of the sender's own splits as choices of transfers, with their nonce and their check."""

    family, name = "gradients", "bits"
    nonce: Once
    check: Annotated[bytes, Field(min_length=48, max_length=48)]
    choices: Octets


class BitProducts(Event):
    """Numbers under the pads of the recipient's bits, a row for each bit."""

    family, name = "gradients", "multiplied"
    nonce: Once
    words: RingVector


class Positives(Event):
    """Labels under the pads of all cells of a holder, a row for each TRAIN row, a word for each column; and the label
    holder's shares of how many labels of each bin are 1, a row for each column.
    """

    family, name = "gradients", "positives"
    nonce: Once
    words: RingVector
    shares: RingVector


class Information(Event):
    """Information values of a holder's columns, in millionths."""

    family, name = "gradients", "information"
    values: RingVector


class Branches(Event):
    """Of new rows' predictions: how many trees there are; of every split its node, its owner by the parties' order (the
    sender is 1) and its number there. All trees are one: that with number t begins at node T + t, T a power of two.
    """

    family, name = "gradients", "branches"
    trees: Annotated[int, Field(ge=1, le=1000)]
    nodes: RingVector


class Grown(Event):
    """A tree is grown, and whether it was the last one."""

    family, name = "gradients", "grown"
    last: bool = False
