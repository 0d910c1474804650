"""What follows from an OPRF of a key: where its value stands, and what encrypts it.

Who has not asked the server for the OPRF of a key has neither. Each value has a key of its own, which encrypts nothing
else, so that one nonce does (AES-256-GCM, NIST SP 800-38D); its tag alone says whether a key is there.
"""

from __future__ import annotations

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from numpy.typing import NDArray

from accord_schemas.canonical import digest

_NONCE = bytes(12)
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


def seal(tag: bytes, setup: bytes, value: bytes) -> bytes:
    """A value under the key that follows from its tag, 16 bytes longer."""
    return _cipher(tag, setup).encrypt(_NONCE, value, None)


def unseal(tag: bytes, setup: bytes, sealed: bytes) -> bytes | None:
    """The value; None where it is not that of this tag: the key is not there."""
    try:
        return _cipher(tag, setup).decrypt(_NONCE, sealed, None)
    except InvalidTag:
        return None


def _cipher(tag: bytes, setup: bytes) -> AESGCM:
    return AESGCM(digest(b"accord query value", setup, tag))
