"""What tasks of boosted trees give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from accord_protocols.tasks.results.common import Bytes, Floats, Ints, Words


@dataclass(frozen=True, slots=True, repr=False)
class Binned:
    """One party's rows in bins; `accord_protocols.tasks.boosting.prepare.binned` says what each is.

    The label holder's alone: y, unit, start, labels, label_committed. Where bins have enough rows: apart.
    """

    n: int
    bins: Bytes
    train: Bytes
    cuts: Sequence[Sequence[float]]
    names: Sequence[str]
    missing: Sequence[int]
    stability: Sequence[float | None]
    test_rows: Ints
    data_committed: bytes
    block_committed: bytes
    label_committed: bytes = b""
    apart: Sequence[bool] = ()
    y: Floats = field(default_factory=lambda: np.zeros(0))
    unit: int = 0
    start: int = 0
    labels: Floats = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True, slots=True, repr=False)
class Weighed:
    """What bins say of the label; `accord_protocols.tasks.binning.weighed` says what each is."""

    bins: Ints
    woe: Floats
    values: Floats
    proposed: Floats


@dataclass(frozen=True, slots=True, repr=False)
class CellsAnswered:
    """The holder's half of the base transfers of an edge, all its seeds, and a digest of the exchange."""

    point: Bytes
    corrections: Bytes
    proofs: Bytes
    seeds: Bytes
    exchange: bytes


@dataclass(frozen=True, slots=True, repr=False)
class CellsChosen:
    """What the holder says of its cells, by block of rows, and what it keeps of each row."""

    nonces: Bytes
    checks: Bytes
    choices: Bytes
    kept: Words


@dataclass(frozen=True, slots=True, repr=False)
class CellsLearned:
    """The sender's Δ as bits, its seeds, and a digest of the exchange."""

    delta: Bytes
    seeds: Bytes
    exchange: bytes


@dataclass(frozen=True, slots=True, repr=False)
class CellsGrown:
    """What the sender keeps of each row, and tells of it."""

    q: Words
    blocks: Words


@dataclass(frozen=True, slots=True, repr=False)
class CellsKept:
    """What the holder keeps of each row."""

    kept: Words


@dataclass(frozen=True, slots=True, repr=False)
class Derived:
    """Derivatives as words ``(n,)``, their fraction bits, and a digest of them."""

    words: Words
    bits: int
    digest: bytes


@dataclass(frozen=True, slots=True, repr=False)
class VectorSent:
    """A vector under its pads, and the own share of sums by bin, ``(parts, totals, m, W)``."""

    words: Words
    shares: Words


@dataclass(frozen=True, slots=True, repr=False)
class Shared:
    """The own share of sums by bin, ``(parts, totals, m, W)``."""

    shares: Words


@dataclass(frozen=True, slots=True, repr=False)
class Level:
    """A level of a tree; `accord_protocols.tasks.boosting.levels.level` says what each is."""

    places: Bytes
    counts: Ints
    ends: Bytes
    slots: Bytes
    own: Words
    totals: Words
    reach: Ints


@dataclass(frozen=True, slots=True, repr=False)
class Sided:
    """The sides of the own splits, packed."""

    bits: Bytes


@dataclass(frozen=True, slots=True, repr=False)
class SplitsChosen:
    """The splits of a level, and by party what the next level needs of this one."""

    owners: Bytes
    splits: Ints
    gains: Floats
    above: Mapping[str, Words] = field(default_factory=dict)
    finer: Mapping[str, Bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, repr=False)
class TreeFinished:
    """Scores after a tree, its leaves with their weights, and the loss of the TEST rows."""

    scores: Ints
    leaves: Ints
    weights: Ints
    loss: float
