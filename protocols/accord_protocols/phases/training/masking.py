"""Masks that cancel in a sum: whoever adds everybody's values learns the total and nothing else.

Every mask is bound to what its party was told so far. A label holder that tells two parties different directions adds
up masks that do not cancel, and reads noise; and another history, after a folder was put back, has other masks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from accord_protocols.phases.training.sizes import SUM_BITS
from accord_protocols.primitives.ring import Ring
from accord_protocols.primitives.xof import Xof
from accord_schemas.canonical import digest
from accord_schemas.errors import ProtocolError
from accord_schemas.events import Event

LARGEST_SUM = 2.0**62
"""No inner product is beyond this; the ring of the sums wraps at twice that."""


def heard(told: bytes, decision: Event) -> bytes:
    """What a party was told (32 bytes), with one more decision; at first it is the agreement's digest."""
    return digest(b"accord told", told, decision.encode())


def masked(
    ring: Ring, values: NDArray[np.uint64], me: str, kappas: Mapping[str, bytes], reader: str, label: str, told: bytes
) -> NDArray[np.uint64]:
    """`values` ``(n, words)`` under masks that every pair of parties other than the reader derives from its common key.

    `told` is what this party was told, see `heard`: masks of parties that were told otherwise do not cancel.

    With two parties there is no such pair, and the reader sees the values: the threat model says so.
    """
    total = values
    for peer, kappa in sorted(kappas.items()):
        if peer != reader:
            mask = ring.random(Xof(kappa, "mask", label, told), len(values))
            total = ring.add(total, mask) if me < peer else ring.sub(total, mask)
    return total


def masked_sums(
    ring: Ring, values: Sequence[float], me: str, kappas: Mapping[str, bytes], reader: str, label: str, told: bytes
) -> NDArray[np.uint64]:
    """Inner products with 64 fraction bits, masked."""
    return masked(ring, ring.from_ints(fixed(v) for v in values), me, kappas, reader, label, told)


def fixed(value: float) -> int:
    """round(2^64 · value), ties to even.

    Raises:
        ProtocolError: It is beyond `LARGEST_SUM`, or no number.
    """
    if not abs(value) < LARGEST_SUM:
        raise ProtocolError("an inner product left the agreed range")
    return round(math.ldexp(value, SUM_BITS))
