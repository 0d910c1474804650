"""What tasks give, as the machines read it: a dataclass per form, see `accord_protocols.kernel.inputs.typed`.

Nothing is loaded here that a task needs for its work. Numbers may be a `Blob` where the machine takes them by
reference; its shape is all that is looked at then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Words = NDArray[np.uint64]


@dataclass(frozen=True, slots=True, repr=False)
class Numbers:
    """``(n, width)``: blinded, evaluated or encrypted numbers, a row each."""

    numbers: Bytes


# ---- keys


@dataclass(frozen=True, slots=True, repr=False)
class Committed:
    """The own ids and column names: how many, a commitment to them, and what opens it."""

    count: int
    names: int
    commitment: bytes
    salt: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Paired:
    """A secret with each peer, 32 bytes."""

    kappa: Mapping[str, bytes] = field(default_factory=dict)


# ---- overlap gate


@dataclass(frozen=True, slots=True, repr=False)
class Sampled:
    """Blinded points ``(n, 32)`` of sampled ids and of column names."""

    points: Bytes
    names: Bytes


@dataclass(frozen=True, slots=True, repr=False)
class Doubled:
    """The same of the own side, and the other side's points blinded again."""

    points: Bytes
    names: Bytes
    doubled: Bytes
    doubled_names: Bytes


@dataclass(frozen=True, slots=True, repr=False)
class Counted:
    """How many points and names are common."""

    ids: int
    names: int


# ---- alignment


@dataclass(frozen=True, slots=True, repr=False)
class Tagged:
    """Tags ``(n, 32)`` of the own ids."""

    tags: Bytes


@dataclass(frozen=True, slots=True, repr=False)
class Stored:
    """An oblivious key-value store."""

    salt: bytes
    table: Bytes


@dataclass(frozen=True, slots=True, repr=False)
class Hashed:
    """Hashes ``(n, 16)`` of the own ids."""

    hashes: Bytes


@dataclass(frozen=True, slots=True, repr=False)
class Solved:
    """The leader's table, from which its ids read their vectors, ``(rows, 5)``."""

    table: Words


@dataclass(frozen=True, slots=True, repr=False)
class Points:
    """A server's public keys of the base transfers, ``(320, 32)``."""

    points: Bytes


@dataclass(frozen=True, slots=True, repr=False)
class Answered:
    """The leader's half of the base transfers, ``(1, 32)`` and ``(320, 16)``, and all leaves ``(160, 4, 16)``.

    Of a binary code no corrections, and leaves ``(448, 2, 16)``.
    """

    point: Bytes
    corrections: Bytes
    leaves: Bytes


@dataclass(frozen=True, slots=True, repr=False)
class Learned:
    """A server's factors, low and high bits ``(160,)``, and its leaves ``(160, 3, 16)``.

    Of a binary code 448 low bits, and a leaf of each.
    """

    low: Bytes
    high: Bytes
    leaves: Bytes


@dataclass(frozen=True, slots=True, repr=False)
class Hidden:
    """The leader's table masked, and the rows that it reads itself, ``(rows, 5)``."""

    table: Words
    rows: Words


@dataclass(frozen=True, slots=True, repr=False)
class Reading:
    """The rows that a server reads, ``(rows, 5)``."""

    rows: Words


@dataclass(frozen=True, slots=True, repr=False)
class Common:
    """The leader's rows of the intersection, ``(k,)``, and their tags by server."""

    rows: Ints
    tags: Mapping[str, Bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, repr=False)
class Located:
    """A server's rows of the intersection, ``(k,)``."""

    rows: Ints


@dataclass(frozen=True, slots=True, repr=False)
class Ordered:
    """MACs over the rows that were told, by other party: what it is told, and what it tells if its rows are those."""

    own: Mapping[str, bytes]
    peer: Mapping[str, bytes]


@dataclass(frozen=True, slots=True, repr=False)
class Told:
    """A party's cells of the common ids: bytes of each, ``(k, columns)``, and all in UTF-8, ``(n,)``."""

    sizes: Words
    text: Bytes


# ---- training


@dataclass(frozen=True, slots=True, repr=False)
class Block:
    """One party's prepared rows; `accord_protocols.tasks.prepare.fit_task` says what each is.

    The label holder's alone: y, weights, offset, label_committed, center, shift, range, constant, test_labels and
    test_offset.
    """

    n: int
    x: Ints
    factor: Floats
    penalty: Floats
    bound: int
    test: Floats
    test_rows: Ints
    fitted: Mapping[str, Any]
    remarks: Sequence[str]
    dependent: Sequence[str]
    stability: Mapping[str, float | None]
    data_committed: bytes
    block_committed: bytes
    label_committed: bytes = b""
    y: Floats = field(default_factory=lambda: np.zeros(0))
    weights: Floats = field(default_factory=lambda: np.zeros(0))
    offset: Floats = field(default_factory=lambda: np.zeros(0))
    center: float = 0.0
    shift: int = 0
    range: int = 0
    constant: bool = False
    test_labels: Floats = field(default_factory=lambda: np.zeros(0))
    test_offset: Floats = field(default_factory=lambda: np.zeros(0))

    @property
    def columns(self) -> int:
        """m, the label holder's intercept included."""
        return int(self.x.shape[1])


@dataclass(frozen=True, slots=True, repr=False)
class Masked:
    """What hides a party's answers: encrypted masks, a row a column, and what they take off, ``(m, slots, words)``."""

    numbers: Bytes
    offsets: Words


@dataclass(frozen=True, slots=True, repr=False)
class Decrypted:
    """Products of pads with a peer's columns, ``(m, slots, words)``."""

    products: Words


@dataclass(frozen=True, slots=True, repr=False)
class Scored:
    """One's own scores, ``(n,)``."""

    scores: Floats


@dataclass(frozen=True, slots=True, repr=False)
class Found:
    """Own rows of some ids, ``(k,)``, -1 where there is none."""

    rows: Ints


@dataclass(frozen=True, slots=True, repr=False)
class Multiplied:
    """Products of the own columns with a vector, by spans of rows: ``(spans, m, words)``, to be added."""

    products: Words


@dataclass(frozen=True, slots=True, repr=False)
class Evaluated:
    """Answers of the lattice engine, ``(messages, width)``, and what they take off: ring elements."""

    numbers: Bytes
    mask: Words


@dataclass(frozen=True, slots=True, repr=False)
class Opened:
    """What the owner of a lattice key opened: ring elements."""

    shares: Words


@dataclass(frozen=True, slots=True, repr=False)
class Waves:
    """What a dealer tells the second holder, ``(n · 2J, 2)``."""

    waves: Words


@dataclass(frozen=True, slots=True, repr=False)
class Folded:
    """Shares of functions of the score, ``(c, n, 2)``, with the fraction bits of two tables."""

    shares: Words


@dataclass(frozen=True, slots=True, repr=False)
class Dealt:
    """Two shares of a party's columns with its penalty below, ``(n + k, k, 2)``, and of its basis, ``(k, k, 2)``."""

    first: Words
    second: Words
    first_basis: Words
    second_basis: Words


@dataclass(frozen=True, slots=True, repr=False)
class Staged:
    """What a stage of `accord_protocols.tasks.closed` keeps for later ones, and says to the other holder, by name."""

    kept: Mapping[str, Any] = field(default_factory=dict)
    said: Mapping[str, Bytes] = field(default_factory=dict)


# ---- hidden queries


@dataclass(frozen=True, slots=True, repr=False)
class Built:
    """The server's table ``(groups · rows, width)``, its groups' salts ``(groups, 16)``, and its hint."""

    table: Bytes
    salts: Bytes
    hint: Bytes


@dataclass(frozen=True, slots=True, repr=False)
class Questions:
    """Questions of a batch ``(n, 4 · rows)``, and the tags ``(n, 32)`` of the keys that are wanted."""

    vectors: Bytes
    tags: Bytes


@dataclass(frozen=True, slots=True, repr=False)
class Summed:
    """Answers ``(n, 4 · groups · width)``."""

    sums: Bytes


THERE, UNREADABLE = 1, 2
"""What is found of a key, besides 0 for nothing."""


@dataclass(frozen=True, slots=True, repr=False)
class Read:
    """What is found of each key of a batch ``(n,)``, and the values ``(n, value)``, zeros where there is nothing."""

    found: Bytes
    values: Bytes


# ---- boosted trees


@dataclass(frozen=True, slots=True, repr=False)
class Binned:
    """One party's rows in bins; `accord_protocols.tasks.boosting.prepare.binned` says what each is.

    The label holder's alone: y, unit, start, labels, label_committed.
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
    y: Floats = field(default_factory=lambda: np.zeros(0))
    unit: int = 0
    start: int = 0
    labels: Floats = field(default_factory=lambda: np.zeros(0))


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


# ---- graphs


@dataclass(frozen=True, slots=True, repr=False)
class Share:
    """A share of an entry a vertex, ``(n, words)``."""

    share: Words


@dataclass(frozen=True, slots=True, repr=False)
class Parted:
    """What is missing from a common mask to something own, ``(n, words)``."""

    shares: Words


@dataclass(frozen=True, slots=True, repr=False)
class Shelved:
    """Hidden entries ``(n, values, 2)``, and the own share ``(n, 2)``."""

    values: Words
    share: Words


@dataclass(frozen=True, slots=True, repr=False)
class Veiled:
    """A share under a pad, ``(n, 2)``."""

    values: Words


@dataclass(frozen=True, slots=True, repr=False)
class Stepped:
    """A share after a round, and under the next pad: empty after the last one."""

    share: Words
    covered: Words


@dataclass(frozen=True, slots=True, repr=False)
class Outcome:
    """A score a vertex, or 1 for each vertex asked for that is reached; and what is drawn of it."""

    values: Floats
    drawing: Mapping[str, Any]
