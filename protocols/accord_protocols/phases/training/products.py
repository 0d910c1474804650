"""The offline phase, whatever it is made of: one-time pads of a computing party, and their products with columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from accord_protocols.kernel.machine import Machine
from accord_protocols.phases.training.sizes import Sizes
from accord_protocols.primitives.ring import Ring
from accord_schemas.events import Event


@dataclass(frozen=True, slots=True, repr=False)
class Batch:
    """What one batch of one owner begins with, at everybody.

    Args:
        sizes: Of this training.
        x: The own columns, ``(n, m) int64``; by reference where they are large.
        keys: The engine's key event of each computing party.
        columns: How many each party has.
    """

    sizes: Sizes
    x: NDArray[np.int64]
    keys: Mapping[str, Event]
    columns: Mapping[str, int]


@dataclass(frozen=True, slots=True, repr=False)
class OwnPads:
    """What the owner ends with: column t of a batch is used once, by round (batch · slots + t).

    Args:
        masks: The pads D, ``(n, slots, words)``.
        products: By peer p, V_p = X_pᵀD + ρ_p, ``(m_p, slots, words)``.
    """

    masks: NDArray[np.uint64]
    products: Mapping[str, NDArray[np.uint64]]


@dataclass(frozen=True, slots=True, repr=False)
class Offsets:
    """What a peer ends with: its offsets ρ, ``(m, slots, words)``."""

    offsets: NDArray[np.uint64]


class ProductEngine(Protocol):
    """How pads are multiplied with columns that are another party's; an engine is a class like this and an entry.

    The entry is in `accord_protocols.phases.training.engines.ENGINES`.

    Attributes:
        name: As ``train.engine`` says it.
        key: How a computing party publishes its key; the tasks ``keys.KEY.make`` and ``keys.KEY.check`` are its own.
        machine: One batch of one owner, ``KIND.OWNER.BATCH`` at everybody: begins with a `Batch`, ends with `OwnPads`
            at the owner and with `Offsets` at everybody else. It needs neither labels nor weights.
    """

    name: str
    key: type[Event]
    machine: type[Machine]

    def row_bytes(self, key_bits: int) -> int:
        """Bytes of one row in the largest content of a batch."""
        ...

    def slots(self, key_bits: int, ring: Ring, x_bits: int, rows: int, answers: int) -> int:
        """Rounds that one batch is for, at most.

        Args:
            key_bits: As agreed.
            ring: Of the pads.
            x_bits: Bits of a feature with its sign: ``|x| <= 2^(x_bits-1)``.
            rows: n, at least 1.
            answers: Products of one column that are asked for in the whole run, at most.
        """
        ...
