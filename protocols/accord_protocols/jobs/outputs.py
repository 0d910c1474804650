"""Files that a party is left with, made of what it learned and of its own rows."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from accord_protocols.tasks.registry import Rows
from accord_schemas.canonical import canonical_json

Notes = Mapping[str, Any]
_LINES = 4096  # of a table, in a piece


@dataclass(frozen=True, slots=True)
class Output:
    """A file.

    Args:
        file: Its name in the party's folder.
        needs: Notes without which there is none.
        body: Its bytes in pieces, from the notes and the party's rows.
        columns: Of a table; none of a document.
        label: Whether it is for the party that holds the label alone.
    """

    file: str
    needs: str
    body: Callable[[Notes, Rows | None], Iterator[bytes]]
    columns: tuple[str, ...] = ()
    label: bool = False

    def made(self, notes: Notes, rows: Rows | None) -> Iterator[bytes] | None:
        """The file in pieces, made as they are asked for; None where this party has none."""
        without = rows is None or (self.label and rows.labels is None)
        if self.needs not in notes or (self.columns and without):
            return None
        return self.body(notes, rows)


def document(file: str, note: str) -> Output:
    """A note as canonical JSON."""
    return Output(file, note, lambda notes, _rows: iter([canonical_json(notes[note])]))


def _none(_notes: Notes) -> Sequence[str]:
    return ()


def table(
    file: str,
    needs: str,
    columns: tuple[str, ...],
    lines: Callable[[Notes, Rows], Iterable[Sequence[str]]],
    *,
    label: bool = False,
    further: Callable[[Notes], Sequence[str]] = _none,
) -> Output:
    """Lines under a header as CSV (RFC 4180 but for LF); `further` columns are known from the notes."""

    def body(notes: Notes, rows: Rows | None) -> Iterator[bytes]:
        assert rows is not None
        yield from as_csv(chain([(*columns, *further(notes))], lines(notes, rows)))

    return Output(file, needs, body, columns, label)


def as_csv(lines: Iterator[Sequence[str]]) -> Iterator[bytes]:
    """Lines as CSV, some thousand in a piece."""
    while some := list(islice(lines, _LINES)):
        told = _Told()
        csv.writer(told, lineterminator="\r\n").writerows(some)  # so that a cell with either of them is quoted
        yield "".join([line[:-2] + "\n" for line in told]).encode()


class _Told(list[str]):
    """What a writer writes, a line each."""

    write = list[str].append
