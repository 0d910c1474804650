"""Peeling: in which order the equations of a sparse system solve themselves.

Every key has three slots, and its equation says what they XOR to. A slot that one key alone has left is that key's to
fill; without that key others become alone. What is left when no slot is alone is the 2-core.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]
Layers = list[tuple[Indices, Indices]]


def peel(positions: Indices, rows: int) -> tuple[Layers, Indices]:
    """Layers of (keys, slots), to be filled from the last to the first, and the keys of the core.

    No key of its own or a later layer shares a key's slot; of a key that is alone in several slots it is the first.

    Args:
        positions: The slots of every key, ``(n, 3)``, below `rows`.
        rows: Number of slots.
    """
    count = np.bincount(positions.ravel(), minlength=rows)
    owners = np.zeros(rows, np.int64)  # XOR of the keys left in a slot: the key itself once it is alone
    np.bitwise_xor.at(owners, positions.ravel(), np.repeat(np.arange(len(positions)), 3))
    layers: Layers = []
    seen, peeled = np.empty(len(positions), np.int64), np.zeros(len(positions), bool)
    alone = np.flatnonzero(count == 1)
    while alone.size:
        keys = owners[alone]
        seen[keys] = np.arange(len(keys))
        keys = keys[seen[keys] == np.arange(len(keys))]  # a key that is alone in two slots, once
        near = positions[keys]
        slots = near[np.arange(len(keys)), np.argmax(count[near] == 1, axis=1)]
        layers.append((keys, slots))
        peeled[keys] = True
        touched = near.ravel()
        np.subtract.at(count, touched, 1)
        np.bitwise_xor.at(owners, touched, np.repeat(keys, 3))
        alone = touched[count[touched] == 1]
    return layers, np.flatnonzero(~peeled)
