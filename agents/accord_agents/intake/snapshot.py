"""The frozen copy of a table that a job works on, named by its digest.

File: 8 bytes magic, the length of the header in 4 bytes, the header as canonical JSON, zeros up to a multiple of 8, the
offsets of the ids as little-endian u8 (n + 1 of them), values (row by row) and labels as little-endian f8, then the ids
in UTF-8. It is written and checked once through, some MiB at a time, and mapped by whoever reads it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import mmap
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_agents.files.durable import settle
from accord_agents.intake.mapped import MappedIds
from accord_agents.intake.table import Report, Table
from accord_schemas.canonical import canonical_json
from accord_schemas.errors import AccordError, TamperError

_MAGIC = b"ACCORDT2"
_STEP = 4 << 20  # bytes that are looked at, and rows that are encoded, at a time
_ROWS = 1 << 16


@dataclass(frozen=True)
class Snapshot:
    """A table on disk: SHA-256 of the file in hex, and the file."""

    digest: str
    path: Path


def write_snapshot(table: Table, folder: Path) -> Snapshot:
    """Write `table` durably as ``folder/DIGEST.table``, mode 0600; equal tables give equal bytes.

    Raises:
        AccordError: The folder cannot be written.
    """
    temporary, sha = folder / f".{secrets.token_hex(8)}.tmp", hashlib.sha256()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for part in _parts(table):
                sha.update(part)
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        path = folder / f"{sha.hexdigest()}.table"
        temporary.replace(path)
        settle(folder)
    except OSError as error:
        raise AccordError(f"{folder} cannot be written: {error.strerror}.", hint="Free space, then go on.") from None
    finally:
        temporary.unlink(missing_ok=True)
    return Snapshot(sha.hexdigest(), path)


def read_snapshot(path: Path, digest: str) -> Table:
    """The table of a snapshot, mapped: its ids and arrays are read-only, and no more of them is in memory than is used.

    Raises:
        TamperError: The file is missing, or is not what had that digest.
    """
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            raw = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b""
    except OSError as error:
        raise TamperError(f"the snapshot {path} cannot be read: {error.strerror}.", hint="Restore it.") from None
    if not hmac.compare_digest(_hashed(raw), digest):
        raise TamperError(f"the snapshot {path} was changed.", hint="Restore it; a job never goes on with other data.")
    try:
        return _decode(memoryview(raw))
    except (ValueError, KeyError, TypeError):
        raise TamperError(f"the file {path} is no snapshot of a table.") from None


def _hashed(raw: mmap.mmap | bytes) -> str:
    """SHA-256 of a mapped file, whose pages are let go again as soon as they were looked at."""
    sha, view = hashlib.sha256(), memoryview(raw)
    for start in range(0, len(view), _STEP):
        sha.update(view[start : start + _STEP])
        if isinstance(raw, mmap.mmap) and hasattr(raw, "madvise"):
            raw.madvise(mmap.MADV_DONTNEED, start, min(_STEP, len(view) - start))
    return sha.hexdigest()


def _parts(table: Table) -> Iterator[bytes | memoryview]:
    n = len(table.ids)
    header = canonical_json(
        {"columns": table.columns, "ids": n, "labels": table.labels is not None, "report": table.report.facts()}
    )
    head = _MAGIC + len(header).to_bytes(4, "little") + header
    yield head + bytes(-len(head) % 8)
    offsets = np.fromiter((len(identifier.encode()) for identifier in table.ids), "<u8", n)
    yield bytes(8)
    yield np.cumsum(offsets, out=offsets).data
    del offsets
    for array in [table.values] if table.labels is None else [table.values, table.labels]:
        for start in range(0, n, _ROWS):
            yield _plain(array[start : start + _ROWS]).data
    ids = iter(table.ids)
    while block := "".join(islice(ids, _ROWS)):
        yield block.encode()


def _plain(array: NDArray[np.float64]) -> NDArray[np.float64]:
    # one form of NaN and of zero, so that equal tables are equal bytes
    return np.ascontiguousarray(np.where(np.isnan(array), np.nan, array + 0.0), "<f8").reshape(-1)


def _decode(raw: memoryview) -> Table:
    at = len(_MAGIC) + 4
    if raw[: len(_MAGIC)] != _MAGIC:
        raise ValueError("no snapshot")
    end = at + int.from_bytes(raw[len(_MAGIC) : at], "little")
    header: dict[str, Any] = json.loads(bytes(raw[at:end]))
    columns, n = tuple(header["columns"]), header["ids"]
    at = end + -end % 8
    offsets = np.frombuffer(raw, "<u8", n + 1, at)
    at += offsets.nbytes
    values = np.frombuffer(raw, "<f8", n * len(columns), at).reshape(n, len(columns))
    at += values.nbytes
    labels = np.frombuffer(raw, "<f8", n, at) if header["labels"] else None
    at += 0 if labels is None else labels.nbytes
    if int(offsets[0]) or at + int(offsets[-1]) != len(raw):
        raise ValueError("left-over bytes")
    return Table(MappedIds(offsets, raw[at:]), columns, values, labels, Report.restored(header["report"]))
