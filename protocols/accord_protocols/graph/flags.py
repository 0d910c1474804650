"""Whether anybody flagged a vertex, in shares, from everybody's flags in shares.

Of ``risk``: flags are added modulo the number of parties plus one, so that no sum wraps. The first holder has a, the
second b, and the sum a + b is zero where nobody flagged the vertex. The second makes a table of ``[a' + b ≠ 0] − u``
for every a', u uniform, and hides each entry by a key of which the first holder can compute one: by oblivious transfer,
one out of as many as there are values. Both then hold shares of 0 or 1. Of ``reach``: numbers of walks, so that it does
no harm to count a vertex several times, and the sum itself is shared.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from accord_protocols.graph.edges import Edges
from accord_protocols.graph.scale import Scale
from accord_protocols.primitives.sharing import RING, Words
from accord_protocols.primitives.xof import Xof

KEY = 16
"""Bytes of a tag that hide an entry."""


def own(scale: Scale, edges: Edges) -> Words:
    """A party's flags, ``(n, 1)`` or ``(n, 2)``."""
    flags = np.zeros((scale.terms.size, width(scale)), np.uint64)
    flags[edges.flagged, 0] = 1
    return flags


def width(scale: Scale) -> int:
    """Words of an entry."""
    return 1 if scale.terms.task == "risk" else RING.words


def values(scale: Scale) -> int:
    """How many values a sum of flags may have."""
    return scale.parties + 1


def drawn(scale: Scale, xof: Xof) -> Words:
    """The first holder's part of another party's flags: uniform, by their common key."""
    found = xof.words(scale.terms.size, width(scale))
    return found % np.uint64(values(scale)) if scale.terms.task == "risk" else found  # 2^-61 from uniform


def added(scale: Scale, a: Words, b: Words) -> Words:
    """Sum of two parts."""
    return (a + b) % np.uint64(values(scale)) if scale.terms.task == "risk" else RING.add(a, b)


def taken(scale: Scale, a: Words, b: Words) -> Words:
    """Difference of two parts."""
    if scale.terms.task == "reach":
        return RING.sub(a, b)
    return (a + np.uint64(values(scale)) - b) % np.uint64(values(scale))


def table(scale: Scale, held: Words, tags: NDArray[np.uint8], xof: Xof) -> tuple[Words, Words]:
    """The second holder's table, and its own share.

    Args:
        scale: Of the agreement.
        held: b, ``(n, 1)``.
        tags: Keys of all entries, ``(n·values, 32)``.
        xof: Draws its share.

    Returns:
        ``(n, values, 2)`` and ``(n, 2)``.
    """
    several, share = values(scale), RING.random(xof, scale.terms.size)
    known = np.arange(several, dtype=np.uint64)
    flagged = ((held + known) % np.uint64(several) != 0).astype(np.int64) * scale.one
    entries = RING.sub(RING.from_int64(flagged), share[:, None])
    return RING.add(entries, _keys(tags).reshape(entries.shape)), share


def chosen(scale: Scale, held: Words, tags: NDArray[np.uint8], entries: Words) -> Words:
    """The first holder's share, ``(n, 2)``.

    Args:
        scale: Of the agreement.
        held: a, ``(n, 1)``.
        tags: Its keys, ``(n, 32)``.
        entries: The table.
    """
    return RING.sub(entries[np.arange(scale.terms.size), held[:, 0].astype(np.int64)], _keys(tags))


def items(scale: Scale, held: Words | None) -> list[str]:
    """What the keys of entries are of: a vertex with the first holder's part, or with every possible one."""
    if held is not None:
        return [f"{vertex} {part}" for vertex, part in enumerate(held[:, 0].tolist())]
    return [f"{vertex} {part}" for vertex in range(scale.terms.size) for part in range(values(scale))]


def _keys(tags: NDArray[np.uint8]) -> Words:
    return np.ascontiguousarray(tags[:, :KEY]).view("<u8").astype(np.uint64)
