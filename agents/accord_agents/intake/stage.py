"""Rows on their way from a file into a snapshot: in files without a name, in their order, each id with its keyed hash.

In memory are one byte per row, and the hashes of a million rows at a time. Ids whose hashes are equal are compared.
"""

from __future__ import annotations

import os
import struct
import tempfile
from array import array
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from accord_agents.files.pieces import put
from accord_agents.intake.hashed import Hashed
from accord_agents.intake.placing import one_form
from accord_agents.intake.rows import Texts
from accord_agents.intake.segments import Segments
from accord_protocols.primitives.psi.buckets import keyed_hashes
from accord_schemas.errors import AccordError

RECORD = np.dtype([("spelled", "<u4"), ("size", "<u2"), ("digits", "?")])
"""What is kept of a row's id beside its hash: 32 bits of a hash of what the file had before Unicode's form, how many
bytes its UTF-8 has, and whether it is digits alone."""
_RECORD, _SIZE = struct.Struct("<IH?"), (4, 5)  # the same, and where in it the bytes of the size are
_APART = 1 << 6  # rows between two of which it is known where their ids begin
BLOCK = 1 << 16
"""Rows that are looked at at a time."""
_BYTES = 1 << 20  # of numbers, likewise: what a core has near it
_CELLS = 1 << 12  # rows whose cells are in memory
Flags = NDArray[np.bool]


@dataclass
class Repeats:
    """Which rows repeat the id of an earlier one.

    Attributes:
        first: ``(n,)``, whether a row is the first of its id.
        digits: Ids that are digits alone, each once.
        most: Of the ids that are not set apart, the one that stands on most rows: (repetitions, the row of the first
            one, the id). Of several the one that was repeated first.
        alike: Rows that spell an earlier id in other characters; and of the first of them (row, id).
    """

    first: Flags = field(repr=False)
    digits: int = 0
    most: tuple[int, int, str] | None = field(default=None, repr=False)
    alike: int = 0
    alike_first: tuple[int, str] | None = field(default=None, repr=False)

    @property
    def total(self) -> int:
        """How many rows repeat one."""
        return len(self.first) - int(self.first.sum())


def recorded(sizes: NDArray[np.int64], hashes: NDArray[np.uint64], digits: NDArray[np.bool]) -> NDArray[Any]:
    """``(k,)``, the records of ids that are spelled as they are compared: their bytes, hashes, and which are digits."""
    records = np.empty(len(sizes), RECORD)
    records["size"], records["spelled"], records["digits"] = sizes, hashes & 0xFFFFFFFF, digits
    return records


class Stage:
    """Takes rows; a context manager, after which nothing is left of them.

    Args:
        folder: Where the files are, without a name; None where the system keeps such.
        key: Of the hashes.
        columns: Numbers in a row.
        cells: Whether rows have bytes besides.

    Raises:
        AccordError: The folder cannot be written, here, in `add` and in `repeats`.
    """

    def __init__(self, folder: Path | None, key: bytes, columns: int, *, cells: bool = False) -> None:
        self.key, self.columns, self._has_cells, self.rows, self._digits = key, columns, cells, 0, 0
        self._folder, self._bytes = folder or Path(tempfile.gettempdir()), 0
        self._begins = array("Q")
        with self._explained():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            files: list[IO[bytes]] = [tempfile.TemporaryFile(dir=folder) for _ in range(5)]  # noqa: SIM115
            self._values, self._hashes = Segments(folder), Hashed(folder)
        self._records, self._ids, self._order, self._sizes, self._cells = files
        self._files: tuple[IO[bytes] | Segments | Hashed, ...] = (*files, self._values, self._hashes)

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for file in self._files:
            file.close()

    def add(
        self, ids: Sequence[str], spelled: Sequence[str], values: NDArray[np.float64], cells: Sequence[bytes] = ()
    ) -> None:
        """The next rows: normalised ids, what the file has for them, ``(k, columns) float64``, and bytes besides."""
        values = one_form(values)
        data = [identifier.encode() for identifier in ids]
        sizes, hashes = np.fromiter(map(len, data), np.int64, len(data)), keyed_hashes(self.key, data)
        records = recorded(sizes, hashes, np.fromiter(map(str.isdigit, ids), np.bool, len(ids)))
        other = [k for k, (a, b) in enumerate(zip(ids, spelled, strict=True)) if a != b]
        records["spelled"][other] = keyed_hashes(self.key, (spelled[k].encode() for k in other)) & 0xFFFFFFFF
        self._add(records, hashes, np.cumsum(sizes) - sizes, b"".join(data), values)
        self._keep(cells)

    def add_plain(
        self,
        ids: Texts,
        records: NDArray[Any],
        hashes: NDArray[np.uint64],
        values: NDArray[np.float64],
        cells: Sequence[bytes] = (),
    ) -> None:
        """The same of ids that are compared as they are written.

        Args:
            ids: None of them empty.
            records: ``(k,)``, what `recorded` makes of them.
            hashes: ``(k,)``, the keyed ones.
            values: ``(k, columns)``, NaN and zero in one form each, see `one_form`.
            cells: Of each row some bytes.
        """
        self._add(records, hashes, ids.offsets[:-1], ids.data.data, values)
        self._keep(cells)

    def _add(
        self,
        records: NDArray[Any],
        hashes: NDArray[np.uint64],
        begins: NDArray[np.int64],
        data: bytes | memoryview,
        values: NDArray[np.float64],
    ) -> None:
        self._begins.extend((begins[-self.rows % _APART :: _APART] + self._bytes).tolist())
        self._write(self._records, records.view(np.uint8).data)
        with self._explained():
            self._hashes.add(hashes)
        self._write(self._ids, data)
        self._write(self._values, np.ascontiguousarray(values, "<f8").data)
        self.rows, self._bytes = self.rows + len(records), self._bytes + len(data)
        self._digits += int(np.count_nonzero(records["digits"]))

    def _keep(self, cells: Sequence[bytes]) -> None:
        self._write(self._sizes, np.array([len(one) for one in cells], "<u4").tobytes())
        self._write(self._cells, b"".join(cells))

    def repeats(self, apart: Container[str] = ()) -> Repeats:
        """Which of the rows so far repeat one; `order` is known from here on.

        Args:
            apart: Ids that are not counted for `most`.
        """
        self._flush()
        found = Repeats(np.ones(self.rows, np.bool), self._digits)
        self._order.seek(0)
        for rows, begin, end in self._hashes.parts():
            for start, stop in zip(begin.tolist(), end.tolist(), strict=True):
                self._compare(found, rows[start:stop].tolist(), apart)
            self._write(self._order, rows[found.first[rows]].astype("<u4", copy=False).data)
        self._flush()
        self._order.truncate()
        return found

    def _compare(self, found: Repeats, rows: list[int], apart: Container[str]) -> None:
        """Rows of one hash, ascending: of each id among them the first counts."""
        groups: dict[bytes, list[int]] = {}
        records = [self._record(row) for row in rows]
        for k, (at, _, size, _) in enumerate(records):
            groups.setdefault(os.pread(self._ids.fileno(), size, at), []).append(k)
        for data, (first, *more) in groups.items():
            if not more:
                continue
            identifier = data.decode()
            found.first[[rows[k] for k in more]] = False
            found.digits -= len(more) if records[first][3] else 0
            if identifier not in apart:
                most = len(more), rows[more[0]], identifier
                found.most = min(found.most or most, most, key=lambda m: (-m[0], m[1]))
            if other := [k for k in more if records[k][1] != records[first][1]]:
                found.alike += len(other)
                one = rows[other[0]], identifier
                found.alike_first = min(found.alike_first or one, one)

    def _record(self, row: int) -> tuple[int, int, int, bool]:
        """Of a row where its id begins, and its record."""
        start, width = row - row % _APART, _RECORD.size
        raw = os.pread(self._records.fileno(), width * (row + 1 - start), width * start)
        low, high = (sum(raw[at:-width:width]) for at in _SIZE)  # of the sizes before it
        return self._begins[row // _APART] + low + (high << 8), *_RECORD.unpack(raw[-width:])

    def records(self) -> Iterator[tuple[int, NDArray[Any]]]:
        """(first row, records) of all rows, block by block."""
        size = RECORD.itemsize
        for start in range(0, self.rows, BLOCK):
            yield start, np.frombuffer(os.pread(self._records.fileno(), size * BLOCK, start * size), RECORD)

    def among(self, identifiers: Container[bytes], hashes: NDArray[np.uint64]) -> Iterator[int]:
        """The rows whose ids are among some, of which these are the hashes."""
        for row in self._hashes.among(hashes).tolist():
            at, _, size, _ = self._record(row)
            if os.pread(self._ids.fileno(), size, at) in identifiers:
                yield row

    def values(self, *, last: bool = False) -> Iterator[tuple[int, NDArray[np.float64]]]:
        """(first row, ``(k, columns)`` numbers) of all rows, a MiB at a time; with `last` they are gone thereafter."""
        width, start = 8 * self.columns, 0
        if not width:
            yield from ((at, np.empty((min(BLOCK, self.rows - at), 0))) for at in range(0, self.rows, BLOCK))
            return
        for raw in self._values.pieces(width * max(1, min(BLOCK, _BYTES // width)), last=last):
            found = np.frombuffer(raw, "<f8").reshape(-1, self.columns)
            yield start, found
            start += len(found)

    def cells(self) -> Iterator[tuple[int, NDArray[np.uint32], bytes]]:
        """(first row, sizes ``(k,)``, bytes) of all rows, block by block; nothing where there are none."""
        at, sizes, file = 0, self._sizes.fileno(), self._cells.fileno()
        for start in range(0, self.rows if self._has_cells else 0, _CELLS):
            block = np.frombuffer(os.pread(sizes, 4 * _CELLS, 4 * start), "<u4")
            size = int(block.sum(dtype=np.int64))
            yield start, block, os.pread(file, size, at)
            at += size

    def order(self) -> Iterator[NDArray[np.int64]]:
        """The rows that are the first of their ids, in the order of hashes, block by block."""
        at, file = 0, self._order.fileno()
        while raw := os.pread(file, 4 * BLOCK, at):
            yield np.frombuffer(raw, "<u4").astype(np.int64)
            at += len(raw)

    def ids(self, start: int, records: NDArray[Any], kept: Flags) -> bytes:
        """The ids of those of records that are kept, after one another; the records follow each other from a row on."""
        if not len(records):
            return b""
        ends = np.cumsum(records["size"], dtype=np.int64)
        raw = os.pread(self._ids.fileno(), int(ends[-1]), self._record(start)[0])
        if kept.all():
            return raw
        edges = np.flatnonzero(np.diff(kept, prepend=False, append=False))  # of runs that are kept
        at = np.concatenate([[0], ends])
        return b"".join([raw[start:stop] for start, stop in at[edges].reshape(-1, 2).tolist()])

    def _write(self, file: IO[bytes] | Segments, data: bytes | memoryview) -> None:
        with self._explained():
            file.write(data) if isinstance(file, Segments) else put(file, data)

    def _flush(self) -> None:
        with self._explained():
            for file in self._files:
                file.flush()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise AccordError(
                f"{self._folder} cannot be written: {error.strerror}.", hint="Free space, then go on."
            ) from None
