"""``aligned.csv``: the common ids, and beside each what was carried along; the same bytes at everybody who is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, chain, pairwise
from typing import Any

from accord_protocols.jobs.outputs import Notes, Output, as_csv
from accord_protocols.primitives.psi.text_order import in_order
from accord_protocols.tasks.registry import Rows, some

_BLOCK = 1 << 14  # rows whose cells are in memory


def _body(notes: Notes, rows: Rows | None) -> Iterator[bytes]:
    assert rows is not None
    told, names = notes["carried"]["told"], notes["carried"]["columns"]
    ids = ([identifier] for identifier in in_order(rows.ids, notes["rows"]))
    cells = [_cells(told[f"sizes.{owner}"], told[f"text.{owner}"]) for owner in names]
    header = ["id", *(f"{owner}.{column}" for owner, columns in names.items() for column in columns)]
    lines = zip(ids, *cells, strict=True)
    return as_csv(chain([header], ([*chain(*line)] for line in lines)))


def _cells(sizes: Any, text: Any) -> Iterator[Sequence[str]]:
    """The cells of one party, row by row."""
    at = 0
    for start in range(0, len(sizes), _BLOCK):
        widths = some(sizes, slice(start, start + _BLOCK)).tolist()
        block = bytes(some(text, slice(at, at + sum(map(sum, widths)))))
        at, place = at + len(block), 0
        for row in widths:
            ends = [*accumulate(row, initial=place)]
            place = ends[-1]
            yield [block[begin:end].decode() for begin, end in pairwise(ends)]


OUTPUT = Output("aligned.csv", "carried", _body, ("id",))
