"""What the lattice tests share: a key, ring elements, and plain products to compare with."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.lattice.keys import SecretKey
from accord_protocols.primitives.ring import Ring
from accord_protocols.primitives.xof import Xof

SID = bytes(range(32))
Words = NDArray[np.uint64]
RINGS = {64: Ring(64), 128: Ring(128)}


def xof(label: str = "test") -> Xof:
    return Xof(bytes(32), label)


@cache
def key(owner: str = "clinic") -> SecretKey:
    return SecretKey.generate(SID, owner, xof(f"key of {owner}"))


def elements(rng: np.random.Generator, *shape: int, bits: int = 128) -> Words:
    """Ring elements, a third of them extreme: 0, 1, -1, the least and the greatest."""
    ring, count = RINGS[bits], int(np.prod(shape))
    found = rng.integers(0, 2**64, (count, bits // 64), dtype=np.uint64)
    extreme = ring.from_ints((0, 1, -1, -(1 << (bits - 1)), (1 << (bits - 1)) - 1))
    chosen = rng.random(count) < 1 / 3
    found[chosen] = extreme[rng.integers(0, len(extreme), int(chosen.sum()))]
    return found.reshape(*shape, bits // 64)


def integers(a: Words) -> NDArray[np.object_]:
    """Signed integers of the same shape."""
    values = RINGS[64 * a.shape[-1]].to_ints(a)
    return np.array(values, dtype=object).reshape(a.shape[:-1])


def reduced(values: NDArray[np.object_] | NDArray[np.int64], bits: int = 128) -> Words:
    """Integers of any size as ring elements."""
    return RINGS[bits].from_ints(int(v) for v in values.ravel()).reshape(*values.shape, bits // 64)


def joined(shares: Words, mask: Words) -> Words:
    """The sum of both sides' shares."""
    return RINGS[64 * mask.shape[-1]].add(shares, mask)
