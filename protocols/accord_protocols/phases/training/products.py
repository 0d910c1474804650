"""How a share of the residual is multiplied with columns that are another party's, whatever that is made of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from accord_protocols.kernel.machine import Machine
from accord_protocols.phases.training.sizes import Sizes
from accord_protocols.primitives.ring import Ring
from accord_schemas.agreement import Agreement
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Event

Words = NDArray[np.uint64]


@dataclass(frozen=True, slots=True, repr=False)
class Batch:
    """What an instance that prepares rounds begins with, at everybody.

    Args:
        sizes: Of this training.
        x: The own columns, ``(n, m) int64``; by reference where they are large.
        keys: The engine's key events.
        columns: How many each party has.
    """

    sizes: Sizes
    x: NDArray[np.int64]
    keys: Mapping[str, Event]
    columns: Mapping[str, int]


@dataclass(frozen=True, slots=True, repr=False)
class Factors:
    """What the products of one round begin with, at everybody.

    Args:
        batch: As when they were prepared.
        number: Of the round.
        share: A computing party's share of the residual, ``(n, words)``; the others have none.
        stock: What preparation ended with, by owner.
    """

    batch: Batch
    number: int
    share: Words | None
    stock: Mapping[str, object]


@dataclass(frozen=True, slots=True, repr=False)
class Product:
    """What they end with: the own Xᵀd, ``(m, words)``."""

    total: Words


@dataclass(frozen=True, slots=True, repr=False)
class OwnPads:
    """Of pads in batches, what the owner ends with: column t is used once, in round batch · slots + t.

    Args:
        masks: The pads D, ``(n, slots, words)``.
        products: By peer p, V_p = X_pᵀD + ρ_p, ``(m_p, slots, words)``.
    """

    masks: Words
    products: Mapping[str, Words]


@dataclass(frozen=True, slots=True, repr=False)
class Offsets:
    """Of pads in batches, what a peer ends with: its offsets ρ, ``(m, slots, words)``."""

    offsets: Words


@dataclass(frozen=True, slots=True, repr=False)
class Columns:
    """Of encrypted columns, what a computing party keeps of another's.

    Args:
        numbers: Encrypted blocks, ``(blocks, width)``.
        sizes: Fields of a task that name their layout.
    """

    numbers: NDArray[np.uint8]
    sizes: Mapping[str, Any]


class ProductEngine(Protocol):
    """How residuals are multiplied with columns that are another party's; an engine is a class like this and an entry.

    The entry is in `accord_protocols.phases.training.engines.ENGINES`.

    Attributes:
        name: As ``train.engine`` says it.
        key: How a key is published; the tasks ``keys.KEY.make`` and ``keys.KEY.check`` are its own.
        machine: What prepares rounds, ``KIND.OWNER…``: begins with a `Batch`, and needs neither labels nor weights.
        rounds: The products of one round, ``KIND.ROUND`` at everybody: begins with `Factors`, ends with a `Product`.
    """

    name: str
    key: type[Event]
    machine: type[Machine]
    rounds: type[Machine]

    def holders(self, agreement: Agreement) -> tuple[str, ...]:
        """Who has a key."""
        ...

    def supplies(self, agreement: Agreement, columns: Mapping[str, int], slots: int, number: int) -> Mapping[str, str]:
        """The instances of `machine` that are made before a round, by owner; none where earlier ones do.

        Args:
            agreement: Names who computes.
            columns: How many each party has.
            slots: Rounds that a batch is for.
            number: Of the round, from 0.
        """
        ...

    def row_bytes(self, key_bits: int) -> int:
        """Bytes of one row in the largest content that prepares rounds."""
        ...

    def slots(self, key_bits: int, ring: Ring, x_bits: int, rows: int, answers: int) -> int:
        """Rounds that one batch is for, at most.

        Args:
            key_bits: As agreed.
            ring: Of the residuals.
            x_bits: Bits of a feature with its sign: ``|x| <= 2^(x_bits-1)``.
            rows: n, at least 1.
            answers: Products of one column that are asked for in the whole run, at most.
        """
        ...


def expected_shape(array: NDArray[np.uint64], shape: tuple[int, ...], sender: str) -> NDArray[np.uint64]:
    """What a peer sent, which has this shape.

    Raises:
        ProtocolError: It has another one; names the peer.
    """
    if array.shape != shape:
        raise ProtocolError("an array is not of the agreed shape", whose=sender)
    return array


def numbered(qualifier: str, agreement: Agreement) -> bool:
    """Whether an instance's qualifier is the number of a round."""
    train = agreement.train
    plain = re.fullmatch(r"0|[1-9][0-9]{0,5}", qualifier) is not None
    return train is not None and plain and int(qualifier) <= train.max_rounds
