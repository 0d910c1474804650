"""What a party brings to a graph: its edges, and which vertices it flags or asks for, by their place in the list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from accord_schemas.canonical import digest

Places = NDArray[np.uint32]


@dataclass(frozen=True, eq=False)
class Edges:
    """Of one party; nothing of them shows in the representation.

    Attributes:
        sources: ``(m,) uint32``, one end of each edge.
        targets: ``(m,) uint32``, the other, never the same.
        weights: ``(m,) float64``, above 0.
        flagged: ``(k,) uint32``, ascending, each once.
        asked: ``(k,) uint32``, in the order of the file, each once.
    """

    sources: Places = field(repr=False)
    targets: Places = field(repr=False)
    weights: NDArray[np.float64] = field(repr=False)
    flagged: Places = field(repr=False)
    asked: Places = field(repr=False)

    @property
    def parts(self) -> tuple[NDArray[np.uint32] | NDArray[np.float64], ...]:
        """All five, in this order."""
        return self.sources, self.targets, self.weights, self.flagged, self.asked

    def digest(self) -> str:
        """SHA-256 of all of it, in hex."""
        sizes = ",".join(str(len(part)) for part in self.parts)
        raw = (part.astype(part.dtype.newbyteorder("<")).tobytes() for part in self.parts)
        return digest(b"accord edges", sizes, *raw).hex()


def listed(ids: Iterable[str]) -> str:
    """What the agreement says of a list of vertices, in hex: it names each of them, in this order."""
    return digest(b"accord vertices", *ids).hex()
