"""What follows from an OPRF of a key: where its value stands, and what encrypts it.

Who has not asked the server for the OPRF of a key has neither. Each value has a key of its own, which encrypts nothing
else, so that one nonce does (AES-256-GCM, NIST SP 800-38D); its tag alone says whether a key is there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from numpy.typing import NDArray

from accord_schemas.canonical import digest, framed

_NONCE = bytes(12)
_TAG = 32
Tags = NDArray[np.uint8]


def groups_of(tags: Tags, setup: bytes, groups: int) -> NDArray[np.int64]:
    """The column group of each tag, ``(n,)``.

    Args:
        tags: ``(n, 32)``: outputs of the OPRF.
        setup: 32 bytes, of this table alone.
        groups: How many there are.
    """
    key = digest(b"accord query groups", setup)[:16]
    cipher = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 - a permutation of hash outputs
    words = np.frombuffer(cipher.update(tags[:, :16].tobytes()), "<u4").reshape(-1, 4)
    return words[:, 0].astype(np.int64) * groups >> 32


def seal(tags: Tags, setup: bytes, values: Sequence[bytes], size: int) -> Iterator[bytes]:
    """Values under the keys that follow from their tags, each 16 bytes longer than `size`, up to which zeros fill it.

    Args:
        tags: ``(n, 32)``: outputs of the OPRF.
        setup: 32 bytes, of this table alone.
        values: Of at most `size` bytes, one for each tag.
        size: Bytes.
    """
    key = _keys(setup)
    for tag, value in zip(tags, values, strict=True):
        yield AESGCM(key(tag.tobytes())).encrypt(_NONCE, value.ljust(size, b"\0"), None)


def unseal(tag: bytes, setup: bytes, sealed: bytes) -> bytes | None:
    """The value; None where it is not that of this tag: the key is not there."""
    try:
        return AESGCM(_keys(setup)(tag)).decrypt(_NONCE, sealed, None)
    except InvalidTag:
        return None


def _keys(setup: bytes) -> Callable[[bytes], bytes]:
    """A tag's key, ``digest(label, setup, tag)``: what comes before a tag is hashed once for a million of them."""
    before = hashlib.sha256(b"".join([*framed(b"accord query value", setup), _TAG.to_bytes(8, "big")]))

    def key(tag: bytes) -> bytes:
        own = before.copy()
        own.update(tag)
        return own.digest()

    return key
