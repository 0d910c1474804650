"""MinHash bands: two vertices whose neighbourhoods are nearly the same have a token in common; others rarely have.

Broder (SEQUENCES 1997): under a random permutation two sets have the same least element with a probability that is
their Jaccard index J. `rows` permutations are a band; all of a band agree with probability J^rows, and one of `bands`
bands at least with 1 − (1 − J^rows)^bands. Permutations are ours, written down in docs/graphs.md, and new in each run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from accord_protocols.graph.adjacency import Adjacency
from accord_protocols.primitives.xof import Xof
from accord_schemas.canonical import digest

MOST_BANDS = 64
"""Each costs a group operation a vertex; more of them tell unlike pairs apart better."""
MOST_ROWS = 16


@dataclass(frozen=True, slots=True)
class Bands:
    """How many bands, and of how many permutations each."""

    bands: int
    rows: int

    @classmethod
    def of(cls, threshold: float, recall: float) -> Bands | None:
        """The longest bands that find the agreed share of pairs just at the threshold; none, if none do.

        In exact fractions, as all parties have to come to the same.

        Args:
            threshold: A Jaccard index, above 0.
            recall: Below 1.
        """
        j, missed = Fraction(str(threshold)), 1 - Fraction(str(recall))
        for rows in range(MOST_ROWS, 0, -1):
            differs, left = 1 - j**rows, Fraction(1)
            for bands in range(1, MOST_BANDS + 1):
                left *= differs
                if left <= missed:
                    return cls(bands, rows)
        return None

    def found(self, jaccard: float) -> float:
        """The probability that a pair with this index has a band in common."""
        return 1.0 - (1.0 - jaccard**self.rows) ** self.bands


def tokens(matrix: Adjacency, vertices: NDArray[np.int64], session: bytes, bands: Bands) -> Iterator[list[bytes]]:
    """Band after band, a token for each of some vertices: equal where all least neighbours of the band are.

    Args:
        matrix: A party's adjacency.
        vertices: Which of its rows; each has a neighbour.
        session: From which the permutations follow, 32 bytes that both parties have.
        bands: How many, and how long.
    """
    seed, size = digest(b"accord minhash", session), len(matrix.starts) - 1
    wanted = np.diff(matrix.starts) > 0
    turns = np.cumsum(wanted)[vertices] - 1
    for band in range(bands.bands):
        least = np.empty((len(vertices), bands.rows), "<u8")
        for row in range(bands.rows):
            ranks = Xof(seed, "permutation", band * bands.rows + row).words(size)
            least[:, row] = np.minimum.reduceat(ranks[matrix.columns], matrix.starts[:-1][wanted])[turns]
        yield [digest(b"accord band", str(band), values.tobytes()) for values in least]
