"""Residues below 2^30 as bytes: 30 bits each, sixteen of them in fifteen little-endian 32-bit words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from accord_schemas.errors import ProtocolError

MALFORMED = "an encrypted number is not of the agreed form"
_GROUP, _WORDS, _BITS = 16, 15, 30


def packed_size(count: int) -> int:
    """Bytes of `count` residues."""
    return -(-count // _GROUP) * _WORDS * 4


def pack(residues: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Residues of any shape, in C order, as ``(packed_size,) uint8``; what fills the last group is zero."""
    values = residues.reshape(-1)
    if rest := -len(values) % _GROUP:
        values = np.concatenate([values, np.zeros(rest, np.uint32)])
    groups = np.ascontiguousarray(values.reshape(-1, _GROUP).T)
    words = np.empty((_WORDS, groups.shape[1]), "<u4")
    for i in range(_WORDS):  # word i: the last 30 - 2i bits of value i, then the first 2i + 2 of the next
        words[i] = groups[i] >> np.uint32(2 * i) | groups[i + 1] << np.uint32(_BITS - 2 * i)
    return np.ascontiguousarray(words.T).view(np.uint8).reshape(-1)


def unpack(data: NDArray[np.uint8], primes: tuple[int, ...], count: int) -> NDArray[np.uint32]:
    """What `pack` wrote: ``(primes, count)``, each row below its prime.

    Raises:
        ProtocolError: Another length, a residue that is not reduced, or a filler that is not zero.
    """
    total = len(primes) * count
    if data.ndim != 1 or data.dtype != np.uint8 or len(data) != packed_size(total):
        raise ProtocolError(MALFORMED)
    words = np.ascontiguousarray(np.ascontiguousarray(data).view("<u4").reshape(-1, _WORDS).T)
    groups = np.empty((_GROUP, words.shape[1]), np.uint32)
    mask = np.uint32((1 << _BITS) - 1)
    groups[0] = words[0] & mask
    for i in range(1, _WORDS):
        groups[i] = (words[i - 1] >> np.uint32(_BITS + 2 - 2 * i) | words[i] << np.uint32(2 * i)) & mask
    groups[_WORDS] = words[_WORDS - 1] >> np.uint32(2)
    values = np.ascontiguousarray(groups.T).reshape(-1)
    residues = values[:total].reshape(len(primes), count)
    if values[total:].any() or any(row.max(initial=0) >= p for row, p in zip(residues, primes, strict=True)):
        raise ProtocolError(MALFORMED)
    return residues
