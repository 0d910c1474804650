"""Features of a file of columns that are read when they are written into the snapshot, and lie nowhere in between.

Which rows count is known from the ids by then. Of a file that is read row by row they have to be staged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from accord_agents.intake.columns import Columns
from accord_agents.intake.plain import LARGE
from accord_agents.intake.rows import Rows, taken
from accord_agents.intake.stage import Flags


@dataclass(frozen=True, eq=False)
class Deferred:
    """Columns of numbers that have not been read.

    Args:
        rows: The file, of which other columns have been.
        places: The columns, as `Rows.deferrable` has it.
        columns: Makes what takes them.
        staged: ``(n,)``, which rows of the file are in the stage.
        first: Of each of these whether it is the first one of its id.
    """

    rows: Rows
    places: tuple[int, ...]
    columns: Callable[[], Columns]
    staged: Flags = field(repr=False)
    first: Flags = field(repr=False)

    def values(self) -> Iterator[tuple[int, NDArray[np.float64]]]:
        """(first row, ``(k, m)`` numbers) of the rows in the stage, block by block, from the first one on.

        Raises:
            UsageError: The file cannot be read, is another one by now, or has cells that cannot be used; the last two
                after the last block.
        """
        columns, read, at = self.columns(), 0, 0
        with closing(self.rows.blocks((), self.places, (), None)) as blocks:
            for block in blocks:
                here = np.flatnonzero(self.staged[read : (read := read + len(block.places))])
                cells, places = block.columns, block.places
                if len(here) < len(places):
                    cells, places = [taken(c, here) for c in cells], [places[k] for k in here.tolist()]
                found = columns.block(cells, places, block.decimal, fast=self.rows.count > LARGE)
                if columns.doubtful:
                    columns.settle(self.first)
                yield at, found
                at += len(found)
        columns.settle(self.first)
        columns.check()
