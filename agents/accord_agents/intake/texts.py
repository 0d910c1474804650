"""Columns whose cells are kept as they are written: of each row one value, see `primitives.pir.cells`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from accord_agents.intake.rows import Cells, Numbers, Unfit, text_of
from accord_protocols.primitives.pir.cells import PREFIX, pack
from accord_schemas.errors import UsageError


class TextColumns:
    """Takes these columns, block by block.

    Args:
        at: File and row of a place, see `Rows.at`.
        names: Of the columns, in the agreed order.
        most: Bytes that a row's cells may have.
    """

    def __init__(self, at: Callable[[int], tuple[str, str]], names: Sequence[str], most: int) -> None:
        self._at, self._names, self._most = at, names, most

    def block(self, columns: Sequence[Cells], places: Sequence[int]) -> list[bytes]:
        """The values of rows; none where no column is kept.

        Args:
            columns: The n cells of each, text.
            places: Of each row, for errors.

        Raises:
            UsageError: A row's cells are too long, or a cell has no form as text; names row and remedy.
        """
        if not self._names:
            return []
        rows = zip(*(self._text(k, cells, places) for k, cells in enumerate(columns)), strict=True)
        return [self._packed(row, place) for row, place in zip(rows, places, strict=True)]

    def _text(self, column: int, cells: Cells, places: Sequence[int]) -> Sequence[str]:
        if isinstance(cells, Unfit) and cells.filled.any():
            place = places[int(np.argmax(cells.filled))]
            where = f"{' '.join(self._at(place))}, column {self._names[column]!r}"
            raise UsageError(f"{where}: the cell {cells.what}.", hint="What is answered is text, letter by letter.")
        found = text_of(cells)
        return [""] * len(places) if isinstance(found, Unfit | Numbers) else found

    def _packed(self, cells: Sequence[str], place: int) -> bytes:
        size = sum(PREFIX + len(cell.encode()) for cell in cells)
        if size > self._most:
            columns = ", ".join(map(repr, self._names))
            raise UsageError(
                f"{' '.join(self._at(place))}: the cells of {columns} take {size:,} bytes, {PREFIX} for each and those "
                f"of their UTF-8; agreed are {self._most:,} (query.width).",
                hint="Shorten them, name fewer columns, or have it proposed again with a larger query.width.",
            )
        return pack(cells)
