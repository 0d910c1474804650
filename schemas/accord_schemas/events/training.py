"""Preparation and training."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from accord_schemas.arrays import Numbers, Reals, RingMatrix, RingVector
from accord_schemas.events.base import Commitment, Event


class Prepared(Event):
    """A party's prepared block: number of columns, and the power of two that bounds its whitened values.

    The label holder also says by which power of two it divided its labels and, at `score` alone, how many bits a
    residual may need. Everybody commits to its rows as they were read and to the block, the label holder also to the
    label: an auditor who is shown the party's folder can tell whether other data were used.
    """

    family, name = "intermediates", "prepared"
    columns: Annotated[int, Field(ge=0, le=4096)]
    bound: Annotated[int, Field(ge=0, le=12)]
    shift: Annotated[int, Field(ge=-1100, le=1100)]
    range: Annotated[int, Field(ge=0, le=38)] = 0
    data: Commitment
    block: Commitment
    label: Annotated[bytes, Field(max_length=32)] = b""


class Pads(Event):
    """Encrypted one-time pads: one ciphertext a row, one slot an iteration."""

    family, name = "intermediates", "pads"
    numbers: Numbers


class Products(Event):
    """Products of encrypted pads with the own columns, offset and randomised: one ciphertext a column."""

    family, name = "intermediates", "products"
    numbers: Numbers


class Scores(Event):
    """A share of the own scores, one ring element a row."""

    family, name = "intermediates", "scores"
    shares: RingVector


class Residual(Event):
    """The own share of the residual under a pad, and the pad's product with the recipient's columns."""

    family, name = "gradients", "residual"
    masked: RingVector
    products: RingVector


class Sums(Event):
    """Masked inner products for the label holder to add up; and how far the own scores go at the trial point.

    In sixteenths of the common range, rounded up; 17 is beyond it; 0 where a range decides about nothing.
    """

    family, name = "gradients", "sums"
    values: RingVector
    reach: Annotated[int, Field(ge=0, le=17)] = 0


class Direction(Event):
    """The label holder's decision after a round: step length, coefficients of the next direction, whether to stop.

    Where scores left their range the range may be doubled instead.
    """

    family, name = "gradients", "direction"
    stop: Literal["", "tolerance", "rounds", "stalled"]
    step: Annotated[float, Field(ge=0)]
    coefficients: Reals
    widened: bool = False


class ColumnShares(Event):
    """A share of the own columns, with the own penalty below them, and of the own whitened basis.

    At `closed` each party that does not compute deals two, to the parties that do; each alone is uniformly random.
    """

    family, name = "intermediates", "columns"
    values: RingMatrix
    basis: RingMatrix


class Ciphertexts(Event):
    """Numbers under the sender's lattice key, or answers under the recipient's."""

    family, name = "intermediates", "ciphertexts"
    numbers: Numbers


class Dealt(Event):
    """Correlated randomness for one round, from a dealer to a party that computes: a seed; to the second one also the
    waves of the sum of both masks, less what the first one's seed gives, an element after the other.
    """

    family, name = "intermediates", "dealt"
    seed: Annotated[bytes, Field(min_length=32, max_length=32)]
    waves: RingVector


class Phases(Event):
    """The own share of the scores less the own mask, modulo the period, one number a row: both together are uniform."""

    family, name = "intermediates", "phases"
    values: RingVector


class Shares(Event):
    """A share of what its reader may know: figures of a round, or the reader's own weights and their variances."""

    family, name = "gradients", "shares"
    values: RingVector


class Verdict(Event):
    """What the label holder makes of a round at `closed`: go on, from where, begin anew with a longer period (`range`),
    or stop; at the end of a linear model also the variance of its residuals, in the label's scaled unit.
    """

    family, name = "gradients", "verdict"
    action: Literal["step", "keep", "restart", "halve", "range", "tolerance", "rounds", "stalled"]
    variance: Annotated[float, Field(ge=0)] = 0.0


class Chosen(Event):
    """The penalty that the label holder chose at `express`, of those that the agreement names."""

    family, name = "gradients", "chosen"
    l2: Annotated[float, Field(ge=0)]


class Ranged(Event):
    """How far the sender's own scores of the TRAIN rows go, in sixteenths of the range that all have together."""

    family, name = "gradients", "ranged"
    above: Annotated[int, Field(ge=0, le=255)]
    below: Annotated[int, Field(ge=0, le=255)]
