"""A worker of a cluster: opens orders, does them as a local worker does, and seals what comes out."""

from __future__ import annotations

import os
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from accord_agents.execution.allocator import WORKER, spare
from accord_agents.execution.blobs import Slot
from accord_agents.execution.cluster.orders import Get, cut, referred, referring, writing
from accord_agents.execution.cluster.sealing import Contents, Parcel, Put, WorkerKey, parcel, result_under
from accord_agents.execution.cluster.values import decode, encode
from accord_agents.execution.worker import TaskRequest, done
from accord_agents.intake.snapshot import read_snapshot, table_of
from accord_agents.intake.table import Table
from accord_schemas.blob import Blob


def which(folder: Path) -> tuple[int, int] | None:
    """Device and inode of a folder; None if this process may not read what is in it."""
    try:
        seen = folder.stat()
    except OSError:
        return None
    return (seen.st_dev, seen.st_ino) if os.access(folder, os.R_OK | os.X_OK) else None


class Desk:
    """One worker.

    Args:
        put: Hands the cluster a piece.
        get: Gets one.
    """

    def __init__(self, put: Put, get: Get) -> None:
        spare(WORKER)
        self._put, self._get = put, get
        self._key = WorkerKey()
        self._table: tuple[str, Table] | None = None

    def hello(self, folder: str = "") -> tuple[bytes, str, int, tuple[int, int] | None]:
        """Its public key, its version of Accord, its process id, and which folder that is for it, if it may read it."""
        return self._key.public, version("accord"), os.getpid(), which(Path(folder)) if folder else None

    def work(self, wrap: bytes, body: bytes, pieces: list[Any]) -> tuple[bytes, list[Any]]:
        """Do one order; returns its result, sealed, and the pieces that it refers to.

        Raises:
            ValueError: The order is not for this worker.
            InvalidTag: It was changed.
            TamperError: What it refers to was.
        """
        plain, key = self._key.opened(wrap, body)
        said = decode(plain, referred(self._get, pieces))
        named = {name: said[name] for name in ("task", "inputs", "key", "secrets", "number")}
        order, began = TaskRequest(**named, snapshot=None, span=slice(*said["span"])), time.process_time()
        reply = done(order, lambda: self._rows(said["snapshot"], pieces))
        ending = {name: getattr(reply, name) for name in ("trigger", "reason", "whose", "detail")}
        result = {"fields": reply.fields, "secrets": reply.secrets, "ending": ending}
        sent: list[Any] = []
        spent = time.process_time() - began
        slots = [Slot(Path(path), salt, own) for path, salt, own in said["slots"]]
        refer = writing(slots, referring(self._parcel, sent))
        return result_under(key, encode(result | {"seconds": spent}, refer)), sent

    def _parcel(self, large: Blob | NDArray[Any]) -> Parcel:
        numbers = large.load() if isinstance(large, Blob) else large
        return parcel(cut(numbers.reshape(-1).view("u1").data), self._put)

    def _rows(self, snapshot: Any, pieces: list[Any]) -> Table | None:
        """The party's rows; the last ones are kept."""
        if snapshot is None:
            return None
        name, *lying = snapshot
        if self._table is None or self._table[0] != name:
            self._table = None
            if len(lying) == 1:
                self._table = name, read_snapshot(Path(lying[0]), name)
                return self._table[1]
            key, size, count = lying
            contents = Contents(Parcel(key, size, tuple(pieces[:count])), self._get)
            raw, at = bytearray(size), 0
            for number in range(count):
                piece = contents.piece(number)
                raw[at : at + len(piece)] = piece
                at += len(piece)
            self._table = name, table_of(raw, name)
        return self._table[1]
