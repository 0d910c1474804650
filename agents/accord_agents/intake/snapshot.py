"""The frozen copy of a table that a job works on, named by its digest.

File: 8 bytes magic, the length of the header in 4 bytes, the header as canonical JSON, the byte length of each id as
little-endian u4, the ids in UTF-8, then values (row by row) and labels as little-endian f8.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_agents.intake.table import Report, Table
from accord_schemas.canonical import canonical_json
from accord_schemas.errors import AccordError, TamperError

_MAGIC = b"ACCORDT1"


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
    parts = _encode(table)
    sha = hashlib.sha256()
    for part in parts:
        sha.update(part)
    path = folder / f"{sha.hexdigest()}.table"
    try:
        _write(folder, path, parts)
    except OSError as error:
        raise AccordError(f"{path} cannot be written: {error.strerror}.", hint="Free space, then go on.") from None
    return Snapshot(sha.hexdigest(), path)


def _write(folder: Path, path: Path, parts: list[bytes | memoryview]) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = folder / f".{secrets.token_hex(8)}.tmp"
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)  # the name is durable too
    finally:
        os.close(directory)


def read_snapshot(path: Path, digest: str) -> Table:
    """The table of a snapshot; its arrays are read-only.

    Raises:
        TamperError: The file is missing, or is not what had that digest.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise TamperError(f"the snapshot {path} cannot be read: {error.strerror}.", hint="Restore it.") from None
    if not hmac.compare_digest(hashlib.sha256(raw).hexdigest(), digest):
        raise TamperError(f"the snapshot {path} was changed.", hint="Restore it; a job never goes on with other data.")
    try:
        return _decode(raw)
    except (ValueError, KeyError, TypeError):
        raise TamperError(f"the file {path} is no snapshot of a table.") from None


def _encode(table: Table) -> list[bytes | memoryview]:
    names = [identifier.encode() for identifier in table.ids]
    header = canonical_json(
        {
            "columns": table.columns,
            "ids": len(names),
            "labels": table.labels is not None,
            "report": table.report.facts(),
        }
    )
    arrays = [table.values] if table.labels is None else [table.values, table.labels]
    return [
        _MAGIC,
        len(header).to_bytes(4, "little"),
        header,
        np.array([len(name) for name in names], "<u4").tobytes(),
        b"".join(names),
        *(_plain(array).data for array in arrays),
    ]


def _plain(array: NDArray[np.float64]) -> NDArray[np.float64]:
    # one form of NaN and of zero, so that equal tables are equal bytes
    return np.ascontiguousarray(np.where(np.isnan(array), np.nan, array + 0.0), "<f8").reshape(-1)


def _decode(raw: bytes) -> Table:
    at = len(_MAGIC) + 4
    if raw[: len(_MAGIC)] != _MAGIC:
        raise ValueError("no snapshot")
    end = at + int.from_bytes(raw[len(_MAGIC) : at], "little")
    header: dict[str, Any] = json.loads(raw[at:end])
    columns, n = tuple(header["columns"]), header["ids"]
    lengths = np.frombuffer(raw, "<u4", n, end).tolist()
    at, ids = end + 4 * n, []
    for length in lengths:
        ids.append(raw[at : at + length].decode())
        at += length
    values = np.frombuffer(raw, "<f8", n * len(columns), at).reshape(n, len(columns))
    at += values.nbytes
    labels = np.frombuffer(raw, "<f8", n, at) if header["labels"] else None
    if at + (0 if labels is None else labels.nbytes) != len(raw):
        raise ValueError("left-over bytes")
    return Table(tuple(ids), columns, values, labels, Report.restored(header["report"]))
