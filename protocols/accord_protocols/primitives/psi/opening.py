"""Opening a gate's sample afterwards, to an auditor whom the parties agree on: its points are those of the set.

The sample is signed and the set committed before it. Whoever marks points, or asks for ids or columns that are not its
own, cannot show a set, a salt and two scalars that give both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.psi.cardinality import blind, sample
from accord_protocols.primitives.psi.ids import commitment
from accord_protocols.primitives.psi.tags import as_strings
from accord_protocols.primitives.xof import Xof

ID, COLUMN = b"id", b"column"
"""What is compared; it precedes the domain of a gate."""
_ANY_ORDER = bytes(32)


@dataclass(frozen=True, slots=True)
class Opening:
    """What a party shows of a sample that it has said.

    Args:
        ids: Its whole set.
        columns: Its column names.
        salt: Of its commitment to both.
        scalars: By which it blinded ids and names, 32 bytes each.
    """

    ids: Sequence[str] = field(repr=False)
    columns: Sequence[str] = field(repr=False)
    salt: bytes = field(repr=False)
    scalars: tuple[bytes, bytes] = field(repr=False)


def objection(
    opening: Opening,
    committed: bytes,
    points: NDArray[np.uint8],
    names: NDArray[np.uint8],
    key: bytes,
    sizes: tuple[int, int],
    domain: bytes,
) -> str:
    """What an opening does not explain; or nothing.

    Args:
        opening: As the party shows it.
        committed: What it said in `keys.ids`.
        points: ``(n, 32) uint8``, what it said in the gate.
        names: ``(k, 32) uint8``, likewise.
        key: Of the sample: what is sampled follows from it and both announced sizes.
        sizes: The announced sizes of both sets.
        domain: Of this gate.
    """
    if commitment(opening.ids, opening.salt, opening.columns) != committed:
        return "the set is not the one that was committed to"
    chosen = sample(opening.ids, key, sizes)
    if not _same(points, chosen, opening.scalars[0], ID + domain):
        return "the points of the sample are not those of the committed ids"
    if not _same(names, opening.columns, opening.scalars[1], COLUMN + domain):
        return "the points of the names are not those of the committed columns"
    return ""


def _same(said: NDArray[np.uint8], texts: Sequence[str], scalar: bytes, domain: bytes) -> bool:
    own = blind(texts, scalar, domain, Xof(_ANY_ORDER, "opening"))
    return said.shape == own.shape and np.array_equal(np.sort(as_strings(said)), np.sort(as_strings(own)))
