"""The public matrix A, rows of 1,408 numbers modulo 2^32, and products with it.

It is AES-128 in counter mode under a seed: nobody stores it, and any rows of it can be made. Products are taken in
double precision on integers whose sums stay below 2^53: exact, in whichever order a processor adds them up.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from numpy.typing import NDArray

from accord_protocols.primitives.pir.parameters import DIMENSION, WORD

SEED = 16
BLOCK = 2048
"""Rows at a time: |A| ≤ 2^31 and |D| ≤ 2^7 give sums of at most 2^49, and 23 MB are in memory."""
_DRAWN = 64
"""Rows at a time that are drawn, of which a block is a multiple."""
_COUNTERS = DIMENSION * WORD // 16  # AES blocks of a row
Words = NDArray[np.uint32]
Bytes = NDArray[np.uint8]


def rows(seed: bytes, start: int, stop: int) -> NDArray[np.int32]:
    """Rows of A, ``(stop - start, 1408)``: representatives in [-2^31, 2^31)."""
    counter = (start * _COUNTERS).to_bytes(16, "big")
    stream = Cipher(algorithms.AES(seed), modes.CTR(counter)).encryptor()
    return np.frombuffer(stream.update(bytes((stop - start) * DIMENSION * WORD)), "<i4").reshape(-1, DIMENSION)


def hint(seed: bytes, table: Bytes) -> Words:
    """``Dᵀ·A``, ``(width, 1408)``: what a client needs of a table, before any question.

    Args:
        seed: Of A.
        table: D, ``(rows, width) uint8``, bytes that stand for numbers in [-128, 128).
    """
    total = np.zeros((table.shape[1], DIMENSION), np.int64)
    for start, block in _blocks(seed, len(table)):
        part = table[start : start + len(block)].view(np.int8).astype(np.float64)
        total += (part.T @ block).astype(np.int64)
    return total.astype(np.uint32)


def masked(seed: bytes, count: int, secrets: NDArray[np.int64], errors: NDArray[np.int64]) -> Words:
    """``A·s + e`` for several secrets, each a row of the result: ``(questions, count)``.

    Args:
        seed: Of A.
        count: Rows of A.
        secrets: ``(questions, 1408)``, at most 64 in absolute value.
        errors: ``(questions, count)``.
    """
    found = np.empty((len(secrets), count), np.uint32)
    turned = secrets.T.astype(np.float64)
    for start, block in _blocks(seed, count):
        stop = start + len(block)
        found[:, start:stop] = ((block @ turned).astype(np.int64).T + errors[:, start:stop]).astype(np.uint32)
    return found


def _blocks(seed: bytes, count: int) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """First row and rows of A, block by block, each in the place of the one before: memory is touched once.

    What is drawn becomes doubles some rows at a time, while it is in the cache.
    """
    stream = Cipher(algorithms.AES(seed), modes.CTR(bytes(16))).encryptor()
    size = min(BLOCK, count)
    zeros, drawn = bytes(_DRAWN * DIMENSION * WORD), bytearray(_DRAWN * DIMENSION * WORD)
    plain, block = np.frombuffer(drawn, "<i4").reshape(_DRAWN, DIMENSION), np.empty((size, DIMENSION))
    for start in range(0, count, size):
        end = min(size, count - start)
        for at in range(0, end, _DRAWN):
            stream.update_into(zeros, drawn)
            part = block[at : min(at + _DRAWN, end)]
            np.copyto(part, plain[: len(part)])
        yield start, block[:end]


def unmask(hints: Words, secret: NDArray[np.int64]) -> Words:
    """What an answer has besides the wanted: ``sᵀ·(Aᵀ·D)``, ``(width,)``, of the wanted group's columns.

    Args:
        hints: ``(width, 1408)``, from `hint`.
        secret: ``(1408,)``.
    """
    return (hints.astype(np.float64) @ secret.astype(np.float64)).astype(np.int64).astype(np.uint32)
