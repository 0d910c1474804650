"""Zero sharing: what all parties derive for a common id XORs to zero (Kolesnikov et al., CCS 2017)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from numpy.typing import NDArray

from accord_schemas.canonical import digest

SHARE = 16


def pair_values(kappa: bytes, ids: Sequence[str]) -> NDArray[np.uint8]:
    """A keyed pseudo-random function of every id: ``(len(ids), 16) uint8``.

    Args:
        kappa: 32 secret bytes that two parties share, drawn anew for every session.
        ids: Normalised ids.
    """
    keyed = hashlib.blake2b(key=kappa, digest_size=SHARE, person=b"accord psi share")
    result = bytearray()
    for identifier in ids:
        h = keyed.copy()
        h.update(identifier.encode())
        result += h.digest()
    return np.frombuffer(result, np.uint8).reshape(-1, SHARE)


def shares_of_hashes(kappas: Sequence[bytes], hashes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """As `shares`, for hashes of ids ``(n, 16) uint8`` that differ: AES-256 is the pseudo-random function."""
    total = np.zeros((len(hashes), SHARE), np.uint8)
    for kappa in kappas:
        key = digest(b"accord psi share of a hash", kappa)
        block = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 - a function, not encryption
        total ^= np.frombuffer(block.update(hashes.tobytes()), np.uint8).reshape(-1, SHARE)
    return total


def shares(kappas: Sequence[bytes], ids: Sequence[str]) -> NDArray[np.uint8]:
    """A party's share for every id, the XOR of `pair_values` over its keys with all others: ``(len(ids), 16) uint8``.

    Each key occurs at two parties, so the shares of all parties XOR to zero for an id that everybody has.
    """
    total = np.zeros((len(ids), SHARE), np.uint8)
    for kappa in kappas:
        total ^= pair_values(kappa, ids)
    return total
