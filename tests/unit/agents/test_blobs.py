"""Large numbers in files: what comes back is what went in, nothing shows, and no other bytes are ever taken for it."""

from __future__ import annotations

import hashlib
import os
import pickle
import stat
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord_agents.execution import worker
from accord_agents.execution.blobs import PIECE, BlobStore
from accord_agents.execution.joining import Joined
from accord_agents.execution.result import TaskResult
from accord_agents.execution.worker import TaskRequest, work
from accord_protocols.tasks.registry import TASKS, Result, Task
from accord_schemas.blob import LARGE, Blob
from accord_schemas.blocks import encode_fields, payload
from accord_schemas.errors import AccordError, StorageError, TamperError
from accord_schemas.references import decode_kept, encode_kept

KEY = bytes(range(32))


def store(folder: Path, key: bytes = KEY) -> BlobStore:
    return BlobStore(folder / "blobs", key)


def written(to: BlobStore, data: bytes, step: int = 100_000) -> bytes:
    with to.writer() as writer:
        for at in range(0, len(data), step):
            writer.write(data[at : at + step])
        return writer.finish()


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 77])
def test_what_was_written_is_read_wherever_one_begins(tmp_path: Path, size: int) -> None:
    data, blobs = os.urandom(size), store(tmp_path)
    sha = written(blobs, data)
    assert sha == hashlib.sha256(data).digest()
    for start, stop in [(0, size), (size, size), (size // 3, size // 2), (max(0, size - 3), size), (0, min(size, 5))]:
        assert blobs.read(sha, start, stop) == data[start:stop]
    with pytest.raises(TamperError):
        blobs.read(sha, 0, size + 1)


def test_a_file_shows_nothing_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    data, blobs = b"user-0000017," * 50_000, store(tmp_path)
    sha = written(blobs, data)
    path = blobs.path(sha)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert b"user-00" not in path.read_bytes() and sha.hex() not in path.name
    assert store(tmp_path, bytes(32)).path(sha).name != path.name
    assert KEY.hex() not in repr(blobs) and repr(KEY) not in repr(Blob(sha, "u1", (len(data),), blobs))
    assert pickle.loads(pickle.dumps(blobs)).read(sha, 0, 4) == b"user"  # noqa: S301 - to the own workers, not a wire
    written(blobs, data)
    assert len(list(path.parent.iterdir())) == 1  # equal bytes, one file


@pytest.mark.parametrize("where", [0, 9, 40, 24 + PIECE + 20, -60, -1])
def test_a_changed_byte_anywhere_is_noticed(tmp_path: Path, where: int) -> None:
    blobs = store(tmp_path)
    sha = written(blobs, bytes(2 * PIECE))
    body = bytearray(blobs.path(sha).read_bytes())
    body[where] ^= 1
    blobs.path(sha).write_bytes(body)
    with pytest.raises(TamperError):
        blobs.read(sha, 0, 2 * PIECE)


def test_pieces_do_not_stand_for_others_nor_files_for_others(tmp_path: Path) -> None:
    blobs = store(tmp_path)
    sha, other = written(blobs, bytes(3 * PIECE)), written(blobs, bytes(PIECE))
    body, sealed = blobs.path(sha).read_bytes(), PIECE + 16
    pieces = [body[24 + k * sealed : 24 + (k + 1) * sealed] for k in range(3)]
    for order in ((1, 0, 2), (0, 1), (0, 0, 2)):
        blobs.path(sha).write_bytes(body[:24] + b"".join(pieces[k] for k in order) + body[-48:])
        with pytest.raises(TamperError):
            blobs.read(sha, 0, 2 * PIECE)
    blobs.path(sha).write_bytes(blobs.path(other).read_bytes())
    with pytest.raises(TamperError):
        blobs.read(sha, 0, 1)
    blobs.path(sha).unlink()
    with pytest.raises(TamperError, match="cannot be read"):
        blobs.read(sha, 0, 1)


def test_what_is_not_finished_leaves_nothing(tmp_path: Path) -> None:
    blobs = store(tmp_path)
    with blobs.writer() as writer:
        writer.write(bytes(PIECE))
    assert list((tmp_path / "blobs").iterdir()) == []
    (tmp_path / "blobs" / "0123.part").touch()  # of a life that was killed
    sha = written(blobs, b"x")
    blobs.tidy()
    assert [path.name for path in (tmp_path / "blobs").iterdir()] == [blobs.path(sha).name]
    assert blobs.erase() == 1 and not (tmp_path / "blobs").exists() and blobs.erase() == 0


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "blobs").touch()
    with pytest.raises(AccordError, match="cannot be written"):
        store(tmp_path).writer()


def test_a_store_in_front_of_another_never_writes_there(tmp_path: Path) -> None:
    behind = BlobStore(tmp_path / "kept", KEY)
    sha = written(behind, b"kept")
    front = BlobStore(tmp_path / "new", KEY, behind=behind)
    assert bytes(front.read(sha, 0, 4)) == b"kept"
    mine = written(front, b"mine")
    assert bytes(front.read(mine, 0, 4)) == b"mine" and not behind.path(mine).exists()


@given(st.integers(1, 9), st.integers(0, 9), st.integers(1, 5))
@settings(max_examples=20, deadline=None)
def test_a_blob_is_the_array_that_it_stands_for(rows: int, start: int, width: int) -> None:
    array = np.arange(rows * width, dtype="<u8").reshape(rows, width)
    data = array.tobytes()

    class Memory:
        def read(self, digest: bytes, start: int, stop: int) -> bytes:
            assert digest == hashlib.sha256(data).digest()
            return data[start:stop]

    blob = Blob(hashlib.sha256(data).digest(), "<u8", (rows, width), Memory())
    assert (len(blob), blob.nbytes) == (rows, array.nbytes)
    assert np.array_equal(blob.load(), array) and b"".join(blob.pieces(7)) == data
    assert np.array_equal(blob.rows(slice(start, start + 2)), array[start : start + 2])
    for fields in ({"a": blob, "b": b"x", "c": 1}, {"a": array, "b": b"x", "c": 1}):
        whole = payload(fields)
        assert whole.encode() == encode_fields({"a": array, "b": b"x", "c": 1})
        assert whole.digest == payload({"a": array, "b": b"x", "c": 1}).digest
        assert b"".join(whole.cut(13)) == whole.encode()
    kept = encode_kept({"a": blob, "b": b"x", "c": 1})
    assert data not in kept and decode_kept(kept, Memory()) == {"a": blob, "b": b"x", "c": 1}


def test_parts_that_grow_large_are_joined_in_a_file(tmp_path: Path) -> None:
    parts = [np.full((LARGE // 64, 16), k, "<u8")[: LARGE // 64 - k] for k in range(5)]
    small = [np.full((3, 2), k, np.uint8) for k in range(5)]
    joined = Joined(store(tmp_path))
    for part, little in zip(parts, small, strict=True):
        joined.add(TaskResult({"numbers": part, "few": little}))
    fields = joined.whole().fields
    assert isinstance(fields["numbers"], Blob) and isinstance(fields["few"], np.ndarray)
    assert np.array_equal(fields["numbers"].load(), np.concatenate(parts))
    assert np.array_equal(fields["few"], np.concatenate(small))
    assert payload(fields).digest == payload({"numbers": np.concatenate(parts), "few": fields["few"]}).digest


def test_parts_of_a_job_that_fails_leave_nothing(tmp_path: Path) -> None:
    joined = Joined(store(tmp_path))
    for _ in range(3):
        joined.add(TaskResult({"numbers": np.zeros(LARGE, np.uint8)}))
    joined.add(TaskResult(trigger="failed", reason="no"))
    joined.add(TaskResult({"numbers": np.zeros(LARGE, np.uint8)}))
    assert joined.whole().trigger == "failed"
    joined.discard()
    assert list((tmp_path / "blobs").iterdir()) == []


def test_what_cannot_be_kept_stops_the_agent_and_fails_no_collaboration(tmp_path: Path) -> None:
    """A full disk or too many open files are nobody's fault: a worker says so, instead of an undone job."""
    (tmp_path / "file").write_bytes(b"no folder")
    masks = np.zeros((LARGE // 8 + 1, 1, 1), np.uint64)
    for blobs in (BlobStore(tmp_path / "file" / "blobs", KEY), BlobStore(tmp_path / "file", KEY)):
        with pytest.raises(StorageError, match="cannot be written"):
            kept(masks, blobs)
    error = pickle.loads(pickle.dumps(StorageError("the disk is full.", hint="Free space.")))  # noqa: S301 - from a worker
    assert isinstance(error, StorageError)


def kept(value: np.ndarray, blobs: BlobStore) -> object:
    order = TaskRequest("toy.keep", {"value": value}, b"", {}, None, 0, slice(None), blobs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(TASKS, "toy.keep", Task("keys:unused"))
        patch.setattr(worker, "run", lambda _name, context: Result(dict(context.inputs)))
        return work(order)
