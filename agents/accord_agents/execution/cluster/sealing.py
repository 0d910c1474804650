"""What the cluster carries is ciphertext: an order for one worker alone, large numbers in pieces under keys in orders.

An order's key is wrapped to the worker's public key by HPKE (RFC 9180: X25519, HKDF-SHA256, AES-256-GCM, base mode);
the worker's private key never leaves its memory. Order and result are AES-256-GCM under that key, with nonces apart;
pieces are numbered and the last one is marked, as those of a blob's file are.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from Crypto.Protocol import DH, HPKE
from Crypto.PublicKey import ECC
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from accord_agents.execution.blobs import nonce
from accord_schemas.errors import TamperError

PIECE = 4 << 20
_INFO = b"accord order of a job, version 1"
_ORDER, _RESULT = 3, 4
_ENCAPSULATED, _TAG = 32, 16
Put: TypeAlias = Callable[[memoryview], Any]
"""Has the cluster keep a piece, whose memory is used again, and gives what it is called."""


class WorkerKey:
    """A worker's key pair: made with it, gone with it."""

    def __init__(self) -> None:
        self._secret = ECC.generate(curve="Curve25519")

    @property
    def public(self) -> bytes:
        """What orders are encrypted to: 32 bytes."""
        return bytes(self._secret.public_key().export_key(format="raw"))

    def opened(self, wrap: bytes, order: bytes) -> tuple[bytes, bytes]:
        """An order, and the key for its result.

        Raises:
            ValueError: It is not for this worker.
            InvalidTag: It was changed.
        """
        enc, sealed = wrap[:_ENCAPSULATED], wrap[_ENCAPSULATED:]
        box = HPKE.new(receiver_key=self._secret, aead_id=HPKE.AEAD.AES256_GCM, enc=enc, info=_INFO)
        key = bytes(box.unseal(sealed))
        return AESGCM(key).decrypt(nonce(0, kind=_ORDER), order, wrap), key


def order_to(public: bytes, order: bytes) -> tuple[bytes, bytes, bytes]:
    """An order for the worker with that key: (wrap, ciphertext, key for the result)."""
    key = os.urandom(32)
    box = HPKE.new(receiver_key=DH.import_x25519_public_key(public), aead_id=HPKE.AEAD.AES256_GCM, info=_INFO)
    sealed = bytes(box.seal(key))
    wrap = bytes(box.enc) + sealed
    return wrap, AESGCM(key).encrypt(nonce(0, kind=_ORDER), order, wrap), key


def result_under(key: bytes, result: bytes) -> bytes:
    """A result, for whoever gave the order."""
    return AESGCM(key).encrypt(nonce(0, kind=_RESULT), result, None)


def result_of(key: bytes, sealed: bytes) -> bytes:
    """The result in it.

    Raises:
        InvalidTag: It is none of that order.
    """
    return AESGCM(key).decrypt(nonce(0, kind=_RESULT), sealed, None)


@dataclass(frozen=True, slots=True)
class Parcel:
    """Bytes in pieces that the cluster keeps.

    Args:
        key: Of these alone.
        size: How many bytes there are.
        pieces: What the cluster calls each piece.
    """

    key: bytes = field(repr=False)
    size: int
    pieces: tuple[Any, ...] = field(repr=False)


def parcel(data: Iterable[bytes | memoryview], put: Put) -> Parcel:
    """Bytes, handed to the cluster.

    Args:
        data: Each at most `PIECE` bytes, all but the last exactly.
        put: Hands it one piece.
    """
    key, size, kept = os.urandom(32), 0, list[Any]()
    cipher, before, room = AESGCM(key), None, memoryview(bytearray())

    def seal(piece: bytes | memoryview, *, last: bool) -> None:
        nonlocal room  # one for all: fresh memory costs more than the cipher
        if len(room) < len(piece) + _TAG:
            room = memoryview(bytearray(len(piece) + _TAG))
        encrypted = room[: len(piece) + _TAG]
        cipher.encrypt_into(nonce(len(kept), kind=int(last)), piece, None, encrypted)
        kept.append(put(encrypted))

    for piece in data:
        if before is not None:
            seal(before, last=False)
        before, size = piece, size + len(piece)
    seal(before or b"", last=True)
    return Parcel(key, size, tuple(kept))


class Contents:
    """What is in a parcel, some at a time.

    Args:
        parcel: Which.
        get: Gives a piece by what it is called.
    """

    def __init__(self, parcel: Parcel, get: Callable[[Any], Any]) -> None:
        self._parcel, self._get = parcel, get
        self._cipher = AESGCM(parcel.key)
        self._held: tuple[int, memoryview] = (-1, memoryview(b""))

    def read(self, _digest: bytes, start: int, stop: int) -> memoryview:
        """Bytes from `start` up to `stop`.

        Raises:
            TamperError: A piece was changed.
        """
        found = memoryview(bytearray(max(0, stop - start)))
        for number in range(start // PIECE, -(-stop // PIECE)):
            first, last = number * PIECE, min((number + 1) * PIECE, self._parcel.size)
            if start <= first and last <= stop and self._held[0] != number:
                self._opened(number, found[first - start : last - start])
            else:
                wanted = self.piece(number)[max(start - first, 0) : stop - first]
                found[max(first - start, 0) :][: len(wanted)] = wanted
        return found.toreadonly()

    def piece(self, number: int) -> memoryview:
        """One piece; the last one that was asked for is kept."""
        if self._held[0] != number:
            room = memoryview(bytearray(max(0, min(PIECE, self._parcel.size - number * PIECE))))
            self._opened(number, room)
            self._held = number, room.toreadonly()
        return self._held[1]

    def _opened(self, number: int, room: memoryview) -> None:
        """Decrypt a piece into so much room."""
        last = number == len(self._parcel.pieces) - 1
        sealed = memoryview(self._get(self._parcel.pieces[number]))
        try:
            if sealed.nbytes != len(room) + _TAG:
                raise InvalidTag
            self._cipher.decrypt_into(nonce(number, kind=int(last)), sealed, None, room)
        except InvalidTag:
            raise TamperError("what the cluster kept of an order was changed.") from None

    def __len__(self) -> int:
        """How many pieces there are."""
        return len(self._parcel.pieces)
