"""Rows on their way from a file into a snapshot: in files without a name, in their order, each id with its keyed hash.

In memory are one byte per row, and the hashes of a million rows at a time. Ids whose hashes are equal are compared.
"""

from __future__ import annotations

import os
import struct
import tempfile
from collections.abc import Container, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from accord_agents.intake.ahead import ahead
from accord_agents.intake.ordering import ordered
from accord_agents.intake.placing import one_form
from accord_agents.intake.rows import Texts
from accord_agents.intake.segments import Segments
from accord_protocols.primitives.psi.buckets import keyed_hashes, keyed_hashes_of
from accord_schemas.errors import AccordError

RECORD = np.dtype([("at", "<u8"), ("spelled", "<u4"), ("size", "<u2"), ("digits", "?")])
"""What is kept of a row's id beside its hash: where its UTF-8 begins and how long it is, 32 bits of a hash of what the
file had before Unicode's form, and whether it is digits alone."""
_RECORD = struct.Struct("<QIH?")  # the same
BLOCK = 1 << 16
"""Rows that are looked at at a time."""
_BYTES = 1 << 20  # of numbers, likewise: what a core has near it
_CELLS = 1 << 12  # rows whose cells are in memory
_SORTED = 1 << 20  # rows that are sorted at a time
_HASHES = 1 << 64
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
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            files: list[IO[bytes]] = [tempfile.TemporaryFile(dir=folder) for _ in range(6)]  # noqa: SIM115
        except OSError as error:
            raise self._trouble(error) from None
        self._records, self._ids, self._order, self._hashes, self._sizes, self._cells = files
        self._values = Segments(folder)
        self._files: tuple[IO[bytes] | Segments, ...] = (*files, self._values)

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
        hashes, records = keyed_hashes(self.key, data), np.zeros(len(ids), RECORD)
        records["size"] = np.fromiter(map(len, data), np.int64, len(data))
        records["spelled"] = hashes & 0xFFFFFFFF
        records["digits"] = np.fromiter(map(str.isdigit, ids), np.bool, len(ids))
        other = [k for k, (a, b) in enumerate(zip(ids, spelled, strict=True)) if a != b]
        records["spelled"][other] = keyed_hashes(self.key, (spelled[k].encode() for k in other)) & 0xFFFFFFFF
        self._add(records, hashes, b"".join(data), values)
        self._keep(cells)

    def add_plain(
        self, ids: Texts, digits: NDArray[np.bool], values: NDArray[np.float64], cells: Sequence[bytes] = ()
    ) -> None:
        """The same of ids that are compared as they are written.

        Args:
            ids: None of them empty.
            digits: ``(k,)``, which are digits alone.
            values: ``(k, columns)``, NaN and zero in one form each, see `one_form`.
            cells: Of each row some bytes.
        """
        hashes, records = keyed_hashes_of(self.key, ids.offsets, ids.data), np.zeros(len(ids), RECORD)
        records["size"], records["spelled"], records["digits"] = np.diff(ids.offsets), hashes & 0xFFFFFFFF, digits
        self._add(records, hashes, ids.data.data, values)
        self._keep(cells)

    def _add(
        self, records: NDArray[Any], hashes: NDArray[np.uint64], data: bytes | memoryview, values: NDArray[np.float64]
    ) -> None:
        sizes = records["size"].astype(np.int64)
        records["at"] = self._bytes + np.cumsum(sizes) - sizes
        self._write(self._records, records.view(np.uint8).data)
        self._write(self._hashes, hashes.astype("<u8", copy=False).data)
        self._write(self._ids, data)
        self._write(self._values, np.ascontiguousarray(values, "<f8").data)
        self.rows, self._bytes = self.rows + len(records), self._bytes + len(data)
        self._digits += int(records["digits"].sum())

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
        with closing(ahead(self._sorted(), 1)) as parts:
            for rows, begin, end in parts:
                for start, stop in zip(begin.tolist(), end.tolist(), strict=True):
                    self._compare(found, rows[start:stop].tolist(), apart)
                self._write(self._order, rows[found.first[rows]].astype("<u4", copy=False).data)
        self._flush()
        self._order.truncate()
        return found

    def _sorted(self) -> Iterator[tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.int64]]]:
        """All rows in the order of their hashes, a part of them at a time; and the runs of equal hashes in it."""
        parts = max(1, -(-self.rows // _SORTED))
        for part in range(parts):
            low, high = part * _HASHES // parts, (part + 1) * _HASHES // parts - 1
            rows, found = [np.empty(0, np.uint32)], [np.empty(0, np.uint64)]
            for start, block in self.hashes():
                here = np.flatnonzero(block - np.uint64(low) <= np.uint64(high - low))
                rows.append((here + start).astype(np.uint32))
                found.append(block[here])
            order, begin, end = ordered(np.concatenate(found))
            yield np.concatenate(rows)[order], begin, end

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
        at, spelled, size, digits = _RECORD.unpack(os.pread(self._records.fileno(), _RECORD.size, row * _RECORD.size))
        return at, spelled, size, digits

    def records(self) -> Iterator[tuple[int, NDArray[Any]]]:
        """(first row, records) of all rows, block by block."""
        return self._blocks(self._records, RECORD)

    def hashes(self) -> Iterator[tuple[int, NDArray[np.uint64]]]:
        """(first row, hashes) of all rows, likewise."""
        return self._blocks(self._hashes, np.dtype("<u8"))

    def _blocks(self, file: IO[bytes], kind: np.dtype[Any]) -> Iterator[tuple[int, NDArray[Any]]]:
        size = kind.itemsize * BLOCK
        for start in range(0, self.rows, BLOCK):
            yield start, np.frombuffer(os.pread(file.fileno(), size, start * kind.itemsize), kind)

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

    def ids(self, records: NDArray[Any], kept: Flags) -> bytes:
        """The ids of those of records that are kept, after one another; the records follow each other."""
        if not len(records):
            return b""
        begin, end = int(records[0]["at"]), int(records[-1]["at"]) + int(records[-1]["size"])
        raw = os.pread(self._ids.fileno(), end - begin, begin)
        if kept.all():
            return raw
        edges = np.flatnonzero(np.diff(kept, prepend=False, append=False))  # of runs that are kept
        at = np.concatenate([records["at"].astype(np.int64), [end]]) - begin
        return b"".join([raw[start:stop] for start, stop in at[edges].reshape(-1, 2).tolist()])

    def _write(self, file: IO[bytes] | Segments, data: bytes | memoryview) -> None:
        try:
            file.write(data)
        except OSError as error:
            raise self._trouble(error) from None

    def _flush(self) -> None:
        try:
            for file in self._files:
                file.flush()
        except OSError as error:
            raise self._trouble(error) from None

    def _trouble(self, error: OSError) -> AccordError:
        return AccordError(f"{self._folder} cannot be written: {error.strerror}.", hint="Free space, then go on.")
