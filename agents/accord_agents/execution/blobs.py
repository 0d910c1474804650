"""Large numbers in files: encrypted at rest, named by what they hold, read and written some at a time.

File: 8 bytes magic, 16 bytes salt, then the plaintext in pieces of `PIECE` bytes, each AES-256-GCM under a key of this
file with its number as nonce, the last one marked (STREAM: Hoang, Reyhanitabar, Rogaway, Vizár 2015); in the end the
SHA-256 of the plaintext, encrypted likewise, so that one file cannot stand for another. The name is a MAC of that hash:
a listing of the folder does not tell what two parties have in common.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from accord_agents.files.durable import settle
from accord_schemas.canonical import digest
from accord_schemas.errors import StorageError, TamperError

BLOBS = "blobs"
"""The folder of a party's blobs, with one folder per collaboration."""
PIECE = 256 << 10
_MAGIC, _SALT, _TAG, _HASH = b"ACCORDB1", 16, 16, 32
_BEGIN, _END = len(_MAGIC) + _SALT, _HASH + _TAG


class BlobStore:
    """The blobs of one collaboration at one party.

    Args:
        folder: Theirs alone; made when the first one is written, mode 0700.
        key: The party's storage key, 32 bytes.
        behind: Another store that is read where this one has nothing, and never written.
    """

    def __init__(self, folder: Path, key: bytes, behind: BlobStore | None = None) -> None:
        self._folder, self._key, self._behind = folder, key, behind

    def __repr__(self) -> str:
        return f"BlobStore({str(self._folder)!r})"

    @property
    def folder(self) -> Path:
        """Where they are."""
        return self._folder

    def path(self, sha: bytes) -> Path:
        """Where the blob of a SHA-256 is."""
        return self._folder / digest(b"accord blob name", self._key, sha).hex()

    def cipher(self, salt: bytes) -> AESGCM:
        """The cipher of one file."""
        return AESGCM(self._file_key(salt))

    def _file_key(self, salt: bytes) -> bytes:
        return digest(b"accord blob", self._key, salt)

    def slot(self) -> Slot:
        """Where one more may be written, by whoever can write there."""
        salt = os.urandom(_SALT)
        return Slot(self._folder / f"{secrets.token_hex(8)}.part", salt, self._file_key(salt))

    def taken(self, slot: Slot, sha: bytes, *, durable: bool = True) -> None:
        """What was written there, whole, is one of these.

        Raises:
            StorageError: It cannot be.
        """
        try:
            slot.path.replace(self.path(sha))
            if durable:
                settle(self._folder)
        except OSError as error:
            raise slot.trouble(error) from None

    def writer(self, *, durable: bool = True) -> BlobWriter:
        """A new blob. One that can be made again out of the journal need not be `durable`."""
        return BlobWriter(self.slot(), self, durable=durable)

    def file(self, sha: bytes) -> BlobFile:
        """The file of a blob, with the key of this file alone.

        Raises:
            TamperError: It is missing, or none.
        """
        path = self.path(sha)
        if self._behind is not None and not path.exists():
            return self._behind.file(sha)
        with _explained(path), path.open("rb") as file:
            head = file.read(_BEGIN)
        return BlobFile(path, self._file_key(head[len(_MAGIC) :]))

    def read(self, sha: bytes, start: int, stop: int) -> memoryview:
        """Bytes of a blob, from `start` up to `stop`, by the SHA-256 of the whole.

        Raises:
            TamperError: It is missing, or not what was written.
        """
        return self.file(sha).read(sha, start, stop)

    def erase(self) -> int:
        """Remove all; returns how many there were."""
        count = sum(1 for _ in self._folder.iterdir()) if self._folder.is_dir() else 0
        shutil.rmtree(self._folder, ignore_errors=True)
        return count

    def tidy(self) -> None:
        """Remove what an earlier incarnation left unfinished."""
        for path in self._folder.glob("*.part"):
            path.unlink()


@dataclass(frozen=True, slots=True)
class BlobFile:
    """One blob for whoever may read its file, and has its key but not that of the store.

    Args:
        path: The file.
        key: Its own, 32 bytes.
    """

    path: Path
    key: bytes = field(repr=False)

    def read(self, sha: bytes, start: int, stop: int) -> memoryview:
        """See `BlobStore.read`."""
        with _explained(self.path), self.path.open("rb") as file:
            return self._read(file.fileno(), sha, start, stop)

    def _read(self, file: int, sha: bytes, start: int, stop: int) -> memoryview:
        end = os.fstat(file).st_size - _END
        body = end - _BEGIN
        if os.pread(file, len(_MAGIC), 0) != _MAGIC or body < _TAG:
            raise ValueError("no blob")
        cipher = AESGCM(self.key)
        if cipher.decrypt(nonce(0, kind=2), os.pread(file, _END, end), None) != sha:
            raise ValueError("another blob")
        last = (body - 1) // (PIECE + _TAG)
        size = body - (last + 1) * _TAG
        if not 0 <= start <= stop <= size:
            raise ValueError("beyond the end")
        first, beyond = start // PIECE, -(-stop // PIECE)
        found = memoryview(bytearray(max(0, min(beyond * PIECE, size) - first * PIECE)))
        encrypted = memoryview(
            bytearray(min(PIECE + _TAG, body))
        )  # one for all: fresh memory costs more than the cipher
        for number in range(first, beyond):
            at, place = _BEGIN + number * (PIECE + _TAG), (number - first) * PIECE
            part = encrypted[: min(PIECE + _TAG, end - at)]
            if os.preadv(file, [part], at) < len(part):
                raise ValueError("cut short")
            plain = found[place : place + len(part) - _TAG]
            cipher.decrypt_into(nonce(number, kind=int(number == last)), part, None, plain)
        wanted = found[start - first * PIECE : stop - first * PIECE]
        return wanted.toreadonly() if 2 * len(wanted) > len(found) else memoryview(bytes(wanted))


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except (InvalidTag, ValueError):
        raise TamperError(f"the file {path} was changed.", hint="Restore it from a backup.") from None
    except OSError as error:
        raise TamperError(f"{path} cannot be read: {error.strerror}.", hint="Restore it from a backup.") from None


@dataclass(frozen=True, slots=True)
class Slot:
    """Room for one blob: once it is written there its store takes it in.

    Args:
        path: The file, that is not there yet.
        salt: Of its key.
        key: Its own, 32 bytes.
    """

    path: Path
    salt: bytes
    key: bytes = field(repr=False)

    def trouble(self, error: OSError) -> StorageError:
        """What is said where it cannot be written."""
        return StorageError(f"{self.path} cannot be written: {error.strerror}.", hint="Free space, then go on.")


class BlobWriter:
    """Takes the bytes of one blob in order; as a context manager, leaves nothing behind unless `finish` was called.

    Args:
        slot: Where it goes; its folder is made if needed.
        store: Takes it in; None where somebody else will see to that.
        durable: Whether it is on disk once it is finished.
    """

    def __init__(self, slot: Slot, store: BlobStore | None = None, *, durable: bool = True) -> None:
        self._slot, self._store, self._durable, self._finished = slot, store, durable, False
        self._cipher, self._sha = AESGCM(slot.key), hashlib.sha256()
        self._held, self._number, self.size = bytearray(), 0, 0
        self._encrypted = memoryview(bytearray(PIECE + _TAG))
        try:
            slot.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.fdopen(os.open(slot.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        except OSError as error:
            raise slot.trouble(error) from None
        self._file.write(_MAGIC + slot.salt)

    def __enter__(self) -> BlobWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.discard()

    def write(self, data: bytes | memoryview) -> None:
        """Append.

        Raises:
            StorageError: The disk is full or cannot be written.
        """
        self._sha.update(data)
        self.size += len(data)
        view = memoryview(data)
        while len(view):
            if len(self._held) == PIECE:  # the last piece is marked, so the next one has to be known first
                self._piece(self._held, last=False)
                self._held.clear()
            if not self._held and len(view) > PIECE:
                self._piece(view[:PIECE], last=False)
                view = view[PIECE:]
                continue
            taken = view[: PIECE - len(self._held)]
            self._held += taken
            view = view[len(taken) :]

    def finish(self) -> bytes:
        """Put it in its place; returns its SHA-256.

        Raises:
            StorageError: The disk is full or cannot be written.
        """
        sha = self._sha.digest()
        self._piece(self._held, last=True)
        try:
            self._file.write(self._cipher.encrypt(nonce(0, kind=2), sha, None))
            self._file.flush()
            if self._durable:
                os.fsync(self._file.fileno())
            self._file.close()
        except OSError as error:
            raise self._slot.trouble(error) from None
        if self._store is not None:
            self._store.taken(self._slot, sha, durable=self._durable)
        self._finished = True
        return sha

    def discard(self) -> None:
        """Leave nothing behind of what was not finished."""
        with contextlib.suppress(OSError):  # what could not be written is not missed
            self._file.close()
        if not self._finished:
            self._slot.path.unlink(missing_ok=True)

    def _piece(self, plain: bytearray | memoryview, *, last: bool) -> None:
        encrypted = self._encrypted[: len(plain) + _TAG]
        self._cipher.encrypt_into(nonce(self._number, kind=int(last)), plain, None, encrypted)
        self._number += 1
        try:
            self._file.write(encrypted)
        except OSError as error:
            raise self._slot.trouble(error) from None


def nonce(number: int, kind: int) -> bytes:
    """12 bytes: the number of a piece, and 1 for the last one, 2 for the hash behind it."""
    return number.to_bytes(11, "big") + bytes([kind])
