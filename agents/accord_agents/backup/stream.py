"""A stream encrypted under a passphrase, in chunks, so that a file of any size needs little memory and has one form.

    "accord backup" ‖ u8 version ‖ u8 log2 N ‖ u8 r ‖ u8 p ‖ salt 16 ‖ check 16 ‖ SHA-256 of all before 32 ‖ chunks

scrypt (RFC 7914) gives key (32) and check (16): a wrong passphrase is told apart from damage. Each chunk is AES-256-GCM
over 256 KiB, the last one over the rest, under nonce u88 number ‖ u8 last (STREAM: Hoang, Reyhanitabar, Rogaway, Vizár,
CRYPTO 2015) with the header as associated data: no chunk can be changed, dropped, moved or added.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from accord_schemas.errors import TamperError, UsageError

MAGIC = b"accord backup"
VERSION = 1
CHUNK = 256 << 10
_COST = (15, 8, 1)
_MOST = (17, 8, 4)
_TAG = 16
_SALT = len(MAGIC) + 1 + len(_COST)
_CHECK, _SUM, _HEADER = _SALT + 16, _SALT + 32, _SALT + 64


class StreamWriter:
    """Seals what is written to a file.

    Args:
        file: Open for writing.
        passphrase: Opens it again.
    """

    def __init__(self, file: BinaryIO, passphrase: bytes) -> None:
        salt = os.urandom(16)
        key, check = _derive(passphrase, salt, _COST)
        head = MAGIC + bytes([VERSION, *_COST]) + salt + check
        self._head = head + hashlib.sha256(head).digest()
        self._file, self._cipher, self._count, self._left = file, AESGCM(key), 0, bytearray()
        file.write(self._head)

    def write(self, data: bytes) -> None:
        """Seal more."""
        self._left += data
        while len(self._left) > CHUNK:
            self._seal(last=False)

    def __enter__(self) -> StreamWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if kind is None:
            self._seal(last=True)

    def _seal(self, *, last: bool) -> None:
        body = bytes(self._left[:CHUNK])
        del self._left[:CHUNK]
        self._file.write(self._cipher.encrypt(_nonce(self._count, last=last), body, self._head))
        self._count += 1


class StreamReader:
    """Opens what a `StreamWriter` encrypted.

    Args:
        file: Open for reading.
        path: Named in errors.
        passphrase: What it was encrypted under.

    Raises:
        UsageError: Another passphrase, or a version that this program does not know.
        TamperError: It is no backup, or was damaged.
    """

    def __init__(self, file: BinaryIO, path: Path, passphrase: bytes) -> None:
        self._file, self._path, self._count, self._left = file, path, 0, bytearray()
        head = self._head = file.read(_HEADER)
        if len(head) < _HEADER or head[: len(MAGIC)] != MAGIC or hashlib.sha256(head[:_SUM]).digest() != head[_SUM:]:
            raise self._damaged()
        version, *cost = head[len(MAGIC) : _SALT]
        if version != VERSION:
            hint = "Use the version of accord that wrote it."
            raise UsageError(f"the backup {path} has version {version}, this program knows {VERSION}.", hint=hint)
        if any(not 1 <= have <= most for have, most in zip(cost, _MOST, strict=True)):
            raise self._damaged()
        key, check = _derive(passphrase, head[_SALT:_CHECK], (cost[0], cost[1], cost[2]))
        if not hmac.compare_digest(check, head[_CHECK:_SUM]):
            hint = "It is that of the keystore when the backup was made: see ACCORD_PASSPHRASE or passphrase_file."
            raise UsageError(f"the passphrase does not open the backup {path}.", hint=hint)
        self._cipher = AESGCM(key)
        self._next = file.read(CHUNK + _TAG)
        self._ended = False

    def read(self, size: int) -> bytes:
        """Exactly so many bytes.

        Raises:
            TamperError: It was damaged, or ends before.
        """
        while len(self._left) < size and not self._ended:
            self._open()
        if len(self._left) < size:
            raise self._damaged()
        data = bytes(self._left[:size])
        del self._left[:size]
        return data

    def end(self) -> None:
        """Check that nothing is left.

        Raises:
            TamperError: Something is.
        """
        while not self._ended:
            self._open()
        if self._left:
            raise self._damaged()

    def _open(self) -> None:
        body, self._next = self._next, self._file.read(CHUNK + _TAG)
        self._ended = not self._next
        try:
            self._left += self._cipher.decrypt(_nonce(self._count, last=self._ended), body, self._head)
        except (InvalidTag, ValueError):
            raise self._damaged() from None
        self._count += 1

    def _damaged(self) -> TamperError:
        return TamperError(f"{self._path} is no backup, or was damaged.", hint="Use another copy, or an older backup.")


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _derive(passphrase: bytes, salt: bytes, cost: tuple[int, int, int]) -> tuple[bytes, bytes]:
    log_n, r, p = cost
    secret = hashlib.scrypt(passphrase, salt=salt, n=1 << log_n, r=r, p=p, maxmem=1 << 28, dklen=48)
    return secret[:32], secret[32:]
