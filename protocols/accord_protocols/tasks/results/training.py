"""What tasks of the training and of predictions give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from accord_protocols.tasks.results.common import Bytes, Floats, Ints, Words


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
