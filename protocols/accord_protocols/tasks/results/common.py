"""What several machines read, and keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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
