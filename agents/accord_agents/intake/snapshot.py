"""The frozen copy of a table that a job works on, named by its digest.

File: 8 bytes magic, the length of the header in 4 bytes, the header as canonical JSON, zeros up to a multiple of 8, the
offsets of the ids as little-endian u8 (n + 1 of them), values (row by row), labels, weights and exposures as far as
there are any as little-endian f8, the rows in the order of their ids' keyed hashes as little-endian u4 with zeros up to
a multiple of 8, then the ids in UTF-8; where cells are kept as they are written, the offsets of each row's, and these
themselves, see `accord_protocols.primitives.pir.cells`. It is written and checked once through, some MiB at a time, and
mapped by whoever reads it. Earlier files have no such order, and graphs: of these the edges stand in its place. What a
header does not name is not there.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import json
import mmap
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_agents.files.durable import settle
from accord_agents.files.pieces import put
from accord_agents.intake.ahead import ahead
from accord_agents.intake.bucketed import Buckets
from accord_agents.intake.kept import Kept
from accord_agents.intake.mapped import MappedCells, MappedIds
from accord_agents.intake.table import OTHERS, Report, Table
from accord_protocols.graph.edges import Edges
from accord_schemas.canonical import canonical_json
from accord_schemas.errors import AccordError, TamperError

_MAGIC, _BEFORE = b"ACCORDT3", b"ACCORDT2"
SNAPSHOTS, SUFFIX = "snapshots", ".table"
"""The folder of a party's snapshots, and how their names end."""
_EDGES = ("<u4", "<u4", "<f8", "<u4", "<u4")
"""Of a graph's parts, in their order."""
_STEP = 4 << 20  # bytes that are looked at at a time


@dataclass(frozen=True)
class Snapshot:
    """A table on disk: SHA-256 of the file in hex, and the file.

    `remarks` are for whoever has just had it read; other ways of writing the same rows give the same bytes.
    """

    digest: str
    path: Path
    remarks: tuple[str, ...] = ()


def write_snapshot(kept: Kept, folder: Path) -> Snapshot:
    """Write what is kept of a stage durably as ``folder/DIGEST.table``, mode 0600.

    Equal rows give equal bytes under one key. The numbers of the stage are gone thereafter.

    Raises:
        AccordError: The folder cannot be written.
    """
    return _written(_parts(kept), folder)


def write_graph(vertices: Sequence[str], edges: Edges, report: Report, folder: Path) -> Snapshot:
    """Write a party's part of a graph likewise.

    Raises:
        AccordError: The folder cannot be written.
    """
    return _written(_edge_parts(vertices, edges, report), folder)


def _written(parts: Iterable[bytes | memoryview], folder: Path) -> Snapshot:
    temporary, sha = folder / f".{secrets.token_hex(8)}.tmp", hashlib.sha256()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            with closing(ahead(_hashing(parts, sha))) as all_parts:
                for part in all_parts:
                    put(file, part, onward=True)
            file.flush()
            os.fsync(file.fileno())
        path = folder / f"{sha.hexdigest()}{SUFFIX}"
        temporary.replace(path)
        settle(folder)
    except OSError as error:
        raise AccordError(f"{folder} cannot be written: {error.strerror}.", hint="Free space, then go on.") from None
    finally:
        temporary.unlink(missing_ok=True)
    return Snapshot(sha.hexdigest(), path)


def _hashing(parts: Iterable[bytes | memoryview], sha: Any) -> Iterator[bytes | memoryview]:
    """The same, made in one thread and looked at in another one."""
    with closing(ahead(parts)) as made:
        for part in made:
            sha.update(part)
            yield part


def adopted(snapshot: Snapshot, folder: Path) -> Snapshot:
    """Move a snapshot durably into a folder, made if needed.

    Raises:
        OSError: The folder cannot be written.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    path = Path(shutil.move(snapshot.path, folder))
    with path.open("rb") as file:
        os.fsync(file.fileno())  # it may have come from another disk
    settle(folder)
    return Snapshot(snapshot.digest, path)


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
    return table_of(raw, digest, f"the snapshot {path}")


def table_of(raw: mmap.mmap | bytes | bytearray, digest: str, name: str = "a snapshot") -> Table:
    """The table of a snapshot's bytes, which it shares.

    Raises:
        TamperError: They are not what had that digest, or no snapshot.
    """
    if not hmac.compare_digest(_hashed(raw), digest):
        raise TamperError(f"{name} was changed.", hint="Restore it; a job never goes on with other data.")
    try:
        return _decode(memoryview(raw).toreadonly(), functools.partial(_let_go, raw, 0, len(raw)))
    except (ValueError, KeyError, TypeError):
        raise TamperError(f"{name} is no snapshot of a table.") from None


def columns_of(snapshot: Snapshot) -> tuple[str, ...]:
    """Names of the feature columns of a snapshot that was just written."""
    with snapshot.path.open("rb") as file:
        size = int.from_bytes(file.read(len(_MAGIC) + 4)[len(_MAGIC) :], "little")
        return tuple(json.loads(file.read(size))["columns"])


def _hashed(raw: mmap.mmap | bytes | bytearray) -> str:
    """SHA-256 of a mapped file, whose pages are let go again as soon as they were looked at."""
    sha, view = hashlib.sha256(), memoryview(raw)
    for start in range(0, len(view), _STEP):
        sha.update(view[start : start + _STEP])
        _let_go(raw, start, min(_STEP, len(view) - start))
    return sha.hexdigest()


def _let_go(raw: mmap.mmap | bytes | bytearray, start: int, size: int) -> None:
    """Some pages of a mapped file need not be in memory; they are read again when they are looked at."""
    if isinstance(raw, mmap.mmap) and hasattr(raw, "madvise"):
        raw.madvise(mmap.MADV_DONTNEED, start, size)


def _parts(kept: Kept) -> Iterator[bytes | memoryview]:
    n = len(kept)
    facts: dict[str, Any] = {"buckets": kept.stage.key.hex(), "columns": kept.columns, "ids": n}
    facts |= {"labels": "label" in kept.others, "report": kept.report.facts()}
    further = {"others": [name for name in OTHERS[1:] if name in kept.others], "forms": dict(kept.forms)}
    further |= {"categories": {name: list(texts) for name, texts in kept.categories.items()}}
    further |= {"cells": kept.texts}
    yield _head(_MAGIC, facts | {name: value for name, value in further.items() if value})
    yield from _offsets(kept.sizes())
    others = [name for name in OTHERS if name in kept.others]
    for values in kept.values(last=not others):
        yield _plain(values)
    for name in others:
        for numbers in kept.other(name, last=name == others[-1]):
            yield _plain(numbers)
    for rows in kept.order():
        yield rows.astype("<u4", copy=False).data
    yield bytes(-4 * n % 8)
    yield from kept.ids()
    if kept.texts:
        yield from _offsets(sizes for sizes, _ in kept.cells())
        yield from (raw for _, raw in kept.cells())


def _offsets(parts: Iterable[NDArray[Any]]) -> Iterator[bytes | memoryview]:
    """Where each of some sizes begins, and the last one ends."""
    yield bytes(8)
    end = 0
    for sizes in parts:
        ends = end + np.cumsum(sizes, dtype="<u8")
        yield ends.data
        end = int(ends[-1]) if len(ends) else end


def _edge_parts(vertices: Sequence[str], edges: Edges, report: Report) -> Iterator[bytes | memoryview]:
    """A graph: vertices in place of ids, and behind their offsets the edges."""
    ids = [vertex.encode() for vertex in vertices]
    facts: dict[str, Any] = {"columns": (), "ids": len(ids), "labels": False, "report": report.facts()}
    yield _head(_BEFORE, facts | {"edges": [len(part) for part in edges.parts]})
    yield np.concatenate([[0], np.cumsum([len(text) for text in ids])]).astype("<u8").data
    for part in edges.parts:
        yield part.astype(part.dtype.newbyteorder("<"), copy=False).data
        yield bytes(-part.nbytes % 8)
    yield b"".join(ids)


def _head(magic: bytes, facts: dict[str, Any]) -> bytes:
    header = canonical_json(facts)
    head = magic + len(header).to_bytes(4, "little") + header
    return head + bytes(-len(head) % 8)


def _plain(array: NDArray[np.float64]) -> memoryview:
    return np.ascontiguousarray(array, "<f8").reshape(-1).data


def _decode(raw: memoryview, forget: Callable[[], None]) -> Table:
    at = len(_MAGIC) + 4
    if raw[: len(_MAGIC)] not in (_MAGIC, _BEFORE):
        raise ValueError("no snapshot")
    end = at + int.from_bytes(raw[len(_MAGIC) : at], "little")
    header: dict[str, Any] = json.loads(bytes(raw[at:end]))
    columns, n = tuple(header["columns"]), header["ids"]
    at = end + -end % 8
    offsets = np.frombuffer(raw, "<u8", n + 1, at)
    at += offsets.nbytes
    values = np.frombuffer(raw, "<f8", n * len(columns), at).reshape(n, len(columns))
    at += values.nbytes
    others = {}
    for name in [*(["label"] if header["labels"] else []), *header.get("others", ())]:
        others[name] = np.frombuffer(raw, "<f8", n, at)
        at += others[name].nbytes
    order = None
    if raw[: len(_MAGIC)] == _MAGIC:
        order = np.frombuffer(raw, "<u4", n, at)
        at += order.nbytes + -order.nbytes % 8
    found = []
    for dtype, length in zip(_EDGES, header.get("edges", ()), strict=False):
        found.append(np.frombuffer(raw, dtype, length, at))
        at += found[-1].nbytes + -found[-1].nbytes % 8
    end, cells = at + int(offsets[-1]), _cells(raw, at + int(offsets[-1]), n) if header.get("cells") else ()
    if int(offsets[0]) or (not cells and end != len(raw)):
        raise ValueError("left-over bytes")
    ids, report = MappedIds(offsets, raw[at:], forget), Report.restored(header["report"])
    buckets = None if order is None else Buckets(bytes.fromhex(header["buckets"]), order, ids)
    label, weights, exposure = (others.get(name) for name in OTHERS)
    categories = {name: tuple(texts) for name, texts in header.get("categories", {}).items()}
    forms, edges = header.get("forms", {}), Edges(*found) if found else None
    return Table(ids, columns, values, label, report, buckets, weights, exposure, forms, categories, cells, edges)


def _cells(raw: memoryview, at: int, n: int) -> Sequence[bytes]:
    """The cells that are kept as they are written, at the end of a file."""
    offsets = np.frombuffer(raw, "<u8", n + 1, at)
    at += offsets.nbytes
    if int(offsets[0]) or at + int(offsets[-1]) != len(raw):
        raise ValueError("left-over bytes")
    return MappedCells(offsets, raw[at:])
