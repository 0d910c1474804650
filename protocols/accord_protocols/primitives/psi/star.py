"""The star: the leader finds who is common to all N parties, and nobody learns a pairwise intersection.

Kolesnikov, Matania, Pinkas, Rosulek and Trieu (CCS 2017, augmented semi-honest). Every other party sends a key-value
store from its OPRF tags to its zero shares; only for an id that everybody has do all the shares XOR to zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.psi.okvs import Store
from accord_protocols.primitives.psi.tags import Index
from accord_schemas.errors import ProtocolError

_BLOCK = 1 << 16  # ids whose slots and values are in memory at a time
Tags = NDArray[np.uint8]
"""``(n, 32)``."""


UNACCEPTABLE = "the announced intersection is not acceptable"


def intersect(
    own_shares: NDArray[np.uint8], servers: Sequence[tuple[Store, Callable[[slice], Tags]]]
) -> NDArray[np.int64]:
    """Which of the leader's ids are common to all; a false one has probability 2^-128.

    Args:
        own_shares: The leader's shares, ``(n, 16) uint8``.
        servers: Per other party its store, and what reads some of the leader's ids as tags under that party's key.

    Returns:
        Ascending indices into the leader's ids.
    """
    found = [np.empty(0, np.int64)]
    for start in range(0, len(own_shares), _BLOCK):
        total = own_shares[start : start + _BLOCK].copy()
        for store, tags in servers:
            total ^= store.get(tags(slice(start, start + _BLOCK)))
        found.append(np.flatnonzero(~total.any(axis=1)) + start)
    return np.concatenate(found)


def locate(pieces: Iterable[Tags], announced: Tags) -> NDArray[np.int64]:
    """The rows of a party's ids that the leader announced, in the leader's order.

    Args:
        pieces: The party's own distinct tags, some at a time.
        announced: Tags of the intersection, ``(m, 32) uint8``.

    Returns:
        Row indices, shape ``(m,)``.

    Raises:
        ProtocolError: An announced tag is unknown or repeated, or is no tag.
    """
    bad = ProtocolError(UNACCEPTABLE)
    if announced.dtype != np.uint8 or announced.ndim != 2 or announced.shape[1] != 32:
        raise bad
    index, rows, start = Index(announced), np.full(len(announced), -1), 0
    for piece in pieces:
        at = index.find(piece)
        here = np.flatnonzero(at >= 0)
        rows[at[here]] = here + start
        start += len(piece)
    if (rows < 0).any():  # also of a repeated tag, of which one alone is found
        raise bad
    return rows
