"""Residues below 2^30 as bytes: 30 bits each, sixteen of them in fifteen little-endian 32-bit words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.lattice import loops
from accord_schemas.errors import ProtocolError

MALFORMED = "an encrypted number is not of the agreed form"
_GROUP, _WORDS = 16, 15


def packed_size(count: int) -> int:
    """Bytes of `count` residues."""
    return -(-count // _GROUP) * _WORDS * 4


def pack(residues: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Residues of any shape, in C order, as ``(packed_size,) uint8``; what fills the last group is zero."""
    values = residues.reshape(-1)
    if rest := -len(values) % _GROUP:
        values = np.concatenate([values, np.zeros(rest, np.uint32)])
    words = np.empty((len(values) // _GROUP, _WORDS), np.uint32)
    loops.pack(values.reshape(-1, _GROUP), words)
    return words.astype("<u4", copy=False).view(np.uint8).reshape(-1)


def unpack(
    data: NDArray[np.uint8], primes: tuple[int, ...], count: int, out: NDArray[np.uint32] | None = None
) -> NDArray[np.uint32]:
    """What `pack` wrote: ``(primes, count)``, each row below its prime.

    Args:
        data: ``(packed_size,) uint8``.
        primes: One a row.
        count: Residues of a row.
        out: Where they go, ``(primes, count)`` of whole groups, contiguous.

    Raises:
        ProtocolError: Another length, a residue that is not reduced, or a filler that is not zero.
    """
    total = len(primes) * count
    if data.ndim != 1 or data.dtype != np.uint8 or len(data) != packed_size(total):
        raise ProtocolError(MALFORMED)
    words = np.ascontiguousarray(data).view("<u4").astype(np.uint32, copy=False).reshape(-1, _WORDS)
    groups = np.empty((len(words), _GROUP), np.uint32) if out is None else out.reshape(-1, _GROUP)
    loops.unpack(words, groups)
    values = groups.reshape(-1)
    residues = values[:total].reshape(len(primes), count)
    if values[total:].any() or any(row.max(initial=0) >= p for row, p in zip(residues, primes, strict=True)):
        raise ProtocolError(MALFORMED)
    return residues
