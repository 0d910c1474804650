"""Orders and results on their way: what the agent sends to a worker of a cluster, and what it gets back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from accord_agents.execution.blobs import BlobFile, BlobStore, BlobWriter, Slot
from accord_agents.execution.cluster.sealing import PIECE, Contents, Parcel, Put, order_to, parcel, result_of
from accord_agents.execution.cluster.values import decode, encode
from accord_agents.execution.result import TaskResult
from accord_agents.execution.worker import TaskRequest
from accord_protocols.tasks.registry import TASKS
from accord_schemas.blob import Blob
from accord_schemas.blocks import NAMES
from accord_schemas.payload import raw

SLOTS = 8
"""Large numbers of one result that a worker beside the agent writes into files itself."""
Get: TypeAlias = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Message:
    """An order, sealed for one worker.

    Args:
        wrap: The key, wrapped to the worker.
        body: The order.
        pieces: What the cluster calls the pieces that it refers to.
        key: For the result; stays with the agent.
        slots: Where large numbers of the result may be written.
    """

    wrap: bytes
    body: bytes = field(repr=False)
    pieces: list[Any] = field(repr=False)
    key: bytes = field(repr=False)
    slots: tuple[Slot, ...] = ()

    def clear(self) -> None:
        """Leave nothing of a result that nobody takes in."""
        for slot in self.slots:
            slot.path.unlink(missing_ok=True)


class Shipment:
    """What orders refer to: handed to the cluster once, however many orders there are.

    Args:
        put: Hands the cluster a piece.
        most: How many things are kept there; what was longest not referred to goes first.
    """

    def __init__(self, put: Put, most: int | None = None) -> None:
        self._put, self._sent, self._one, self._most = put, dict[str, Parcel](), threading.Lock(), most

    def blob(self, blob: Blob) -> Parcel:
        """A blob's bytes."""
        return self._once(blob.digest.hex(), lambda: blob.pieces(PIECE))

    def file(self, path: Path, name: str) -> Parcel:
        """A file's bytes."""
        return self._once(name, lambda: _pieces_of(path))

    def array(self, array: NDArray[Any]) -> Parcel:
        """An array's bytes, of one order alone."""
        return parcel(cut(raw(array)), self._put)

    def _once(self, name: str, data: Callable[[], Iterator[bytes | memoryview]]) -> Parcel:
        with self._one:  # parts of one job ask at once
            self._sent[name] = found = self._sent.pop(name, None) or parcel(data(), self._put)
            if self._most is not None and len(self._sent) > self._most:
                del self._sent[next(iter(self._sent))]
            return found


def _pieces_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece


def cut(data: bytes | memoryview) -> Iterator[memoryview]:
    """Bytes in pieces."""
    view = memoryview(data)
    return (view[start : start + PIECE] for start in range(0, len(view), PIECE))


def referring(
    parcel_of: Callable[[Blob | NDArray[Any]], Parcel], pieces: list[Any], *, near: bool = False
) -> Callable[[Any], Any]:
    """What stands for large numbers in a message: their parcel's key and size, and which of `pieces` are its.

    With `near` their file and its key, where they are in one.
    """

    def refer(large: Blob | NDArray[Any]) -> Any:
        if near and isinstance(large, Blob) and isinstance(large.reader, BlobStore):
            file = large.reader.file(large.digest)
            return ["file", str(file.path.absolute()), file.key, large.dtype, list(large.shape), large.digest]
        sent, first = parcel_of(large), len(pieces)
        pieces.extend(sent.pieces)
        dtype = large.dtype if isinstance(large, Blob) else large.dtype.str
        sha = large.digest if isinstance(large, Blob) else b""
        return [sent.key, sent.size, first, len(sent.pieces), dtype, list(large.shape), sha]

    return refer


def writing(slots: Sequence[Slot], otherwise: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Writes large numbers of a result where the agent has room for them, and says what stands for them in a reply.

    Args:
        slots: The room.
        otherwise: Refers to what there is no room for.
    """
    left = iter(enumerate(slots))

    def refer(large: Blob | NDArray[Any]) -> Any:
        numbers = large.load() if isinstance(large, Blob) else large
        number, slot = next(left, (0, None)) if numbers.dtype in NAMES else (0, None)
        if slot is None:
            return otherwise(numbers)
        with BlobWriter(slot) as writer:
            for piece in cut(raw(numbers)):
                writer.write(piece)
            return ["slot", number, NAMES[numbers.dtype], list(numbers.shape), writer.finish()]

    return refer


def referred(
    get: Get, pieces: list[Any], slots: Sequence[Slot] = (), blobs: BlobStore | None = None
) -> Callable[[Any], Blob]:
    """The numbers that such a thing stands for, read when they are asked for.

    Args:
        get: Gives a piece.
        pieces: Those that came with the message.
        slots: Where numbers may have been written.
        blobs: Takes these in.
    """

    def found(what: Any) -> Blob:
        if what[0] == "file":
            _, path, key, dtype, shape, sha = what
            return Blob(sha, dtype, tuple(shape), BlobFile(Path(path), key))
        if what[0] == "slot":
            _, number, dtype, shape, sha = what
            assert blobs is not None
            blobs.taken(slots[number], sha)
            return Blob(sha, dtype, tuple(shape), blobs)
        key, size, first, count, dtype, shape, sha = what
        contents = Contents(Parcel(key, size, tuple(pieces[first : first + count])), get)
        return Blob(sha, dtype, tuple(shape), contents)

    return found


def sealed(order: TaskRequest, public: bytes, shipment: Shipment, rows: Shipment, *, near: bool = False) -> Message:
    """An order for the worker with that key.

    Args:
        order: What to do; numbers that are split are cut here, so that a worker gets its part alone.
        public: The worker's.
        shipment: Of the job's inputs.
        rows: Of what other jobs read as well: the party's snapshots, and what is read some rows at a time.
        near: Whether the worker can read the agent's files, so that these need not be handed to the cluster.
    """
    task, pieces = TASKS[order.task], list[Any]()
    lazy = {v.digest for name, v in order.inputs.items() if isinstance(v, Blob) and name.partition(".")[0] in task.lazy}

    def parcel_of(large: Blob | NDArray[Any]) -> Parcel:
        if not isinstance(large, Blob):
            return shipment.array(large)
        return (rows if large.digest in lazy else shipment).blob(large)

    def input_(name: str, value: Any) -> Any:
        return value.rows(order.span) if isinstance(value, Blob) and name in task.split else value

    snapshot: list[Any] | None = None
    if order.snapshot is not None:
        path, name = order.snapshot
        if near:
            snapshot = [name, str(Path(path).absolute())]
        else:
            sent = rows.file(Path(path), name)
            snapshot = [name, sent.key, sent.size, len(sent.pieces)]
            pieces.extend(sent.pieces)  # the first ones
    said = {
        "task": order.task,
        "inputs": {name: input_(name, value) for name, value in order.inputs.items()},
        "key": order.key,
        "secrets": order.secrets,
        "number": order.number,
        "span": [order.span.start, order.span.stop],
        "snapshot": snapshot,
    }
    slots = tuple(order.blobs.slot() for _ in range(SLOTS)) if near and order.blobs is not None else ()
    said["slots"] = [[str(slot.path.absolute()), slot.salt, slot.key] for slot in slots]
    wrap, body, key = order_to(public, encode(said, referring(parcel_of, pieces, near=near)))
    return Message(wrap, body, pieces, key, slots)


def opened(
    message: Message, reply: tuple[bytes, list[Any]], blobs: BlobStore | None, get: Get
) -> tuple[TaskResult, float]:
    """The result in a worker's reply, and how many processor seconds it took.

    Args:
        message: The order.
        reply: The result, sealed, and the pieces that it refers to.
        blobs: Where large numbers go; None takes them into memory.
        get: Gives a piece.

    Raises:
        InvalidTag: It is none of that order.
    """
    body, pieces = reply
    said = decode(result_of(message.key, body), referred(get, pieces, message.slots, blobs))
    fields = {name: _kept(value, blobs) for name, value in said["fields"].items()}
    return TaskResult(fields, said["secrets"], **said["ending"]), said["seconds"]


def _kept(value: Any, blobs: BlobStore | None) -> Any:
    if not isinstance(value, Blob) or value.reader is blobs:
        return value
    if blobs is None or np.dtype(value.dtype) not in NAMES:
        return value.load()
    with blobs.writer() as writer:
        for piece in value.pieces(PIECE):
            writer.write(piece)
        return Blob(writer.finish(), NAMES[np.dtype(value.dtype)], value.shape, blobs)
