"""Masks that cancel in a sum: whoever adds everybody's values learns the total and nothing else."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from accord_protocols.phases.training.sizes import SUM_BITS
from accord_protocols.primitives.ring import Ring
from accord_protocols.primitives.xof import Xof


def masked(
    ring: Ring, values: NDArray[np.uint64], me: str, kappas: Mapping[str, bytes], reader: str, label: str
) -> NDArray[np.uint64]:
    """`values` ``(n, words)`` under masks that every pair of parties other than the reader derives from its common key.

    With two parties there is no such pair, and the reader sees the values: the threat model says so.
    """
    total = values
    for peer, kappa in sorted(kappas.items()):
        if peer != reader:
            mask = ring.random(Xof(kappa, "mask", label), len(values))
            total = ring.add(total, mask) if me < peer else ring.sub(total, mask)
    return total


def masked_sums(
    ring: Ring, values: Sequence[float], me: str, kappas: Mapping[str, bytes], reader: str, label: str
) -> NDArray[np.uint64]:
    """Inner products with 64 fraction bits, masked."""
    return masked(ring, ring.from_ints(fixed(v) for v in values), me, kappas, reader, label)


def fixed(value: float) -> int:
    """round(2^64 · value), ties to even."""
    return round(math.ldexp(value, SUM_BITS))
