"""The rows of a snapshot by buckets, which are ranges of keyed hashes of ids."""

from __future__ import annotations

from bisect import bisect_left

import numpy as np
from numpy.typing import NDArray

from accord_agents.intake.mapped import MappedIds
from accord_protocols.primitives.psi.buckets import keyed_hashes, run_of


class Buckets:
    """Any number of buckets of the same rows: each is a run of the rows in the order of their hashes.

    Args:
        key: Of the hashes.
        order: ``(n,) uint32``, the rows in that order.
        ids: Of all rows.
    """

    def __init__(self, key: bytes, order: NDArray[np.uint32], ids: MappedIds) -> None:
        self.key, self._order, self._ids = key, order, ids

    def __repr__(self) -> str:
        return f"Buckets({len(self._order)} rows)"

    def rows(self, number: int, of: int) -> NDArray[np.int64]:
        """The rows of bucket `number` of `of`, ascending: nothing depends on the key but where the bucket ends.

        Raises:
            ValueError: There is no such bucket.
        """
        return np.sort(self._order[run_of(number, of, len(self._order), self._hash)]).astype(np.int64)

    def ids(self, number: int, of: int) -> list[str]:
        """The ids of its rows, in their order."""
        return self._ids.at(self.rows(number, of))

    def find(self, identifier: str) -> int | None:
        """The row of an id, by about log2(n) hashes; None where there is none."""
        (wanted,) = keyed_hashes(self.key, [identifier.encode()]).tolist()
        place = bisect_left(range(len(self._order)), wanted, key=self._hash)
        while place < len(self._order) and self._hash(place) == wanted:
            if self._ids[row := int(self._order[place])] == identifier:
                return row
            place += 1
        return None

    def _hash(self, place: int) -> int:
        return int(keyed_hashes(self.key, [self._ids[int(self._order[place])].encode()])[0])
