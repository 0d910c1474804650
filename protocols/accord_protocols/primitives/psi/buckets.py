"""Ids in buckets by a keyed hash, so that equal ids of different parties are in buckets of one number.

A bucket is a range of 64-bit hashes: number k of K holds the hashes h with ``h·K >> 64 = k``. Ids in the order of their
hashes are therefore in buckets for every K at once, each a run of that order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

KEY = 32
"""Bytes of a key."""
_BITS = 64
_PERSON = b"accord bucket"


def keyed_hashes(key: bytes, ids: Iterable[bytes]) -> NDArray[np.uint64]:
    """BLAKE2b-64 of every id under a key, ``(n,) uint64``.

    Args:
        key: `KEY` bytes, alike at all parties whose buckets face each other; whoever chooses ids does not know it
            beforehand, and cannot fill one bucket.
        ids: Normalised ids in UTF-8.
    """
    keyed = hashlib.blake2b(key=key, digest_size=_BITS // 8, person=_PERSON)
    found = bytearray()
    for identifier in ids:
        h = keyed.copy()
        h.update(identifier)
        found += h.digest()
    return np.frombuffer(bytes(found), "<u8")


def keyed_hashes_of(key: bytes, offsets: NDArray[np.int64], data: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """The same of many ids that lie one after the other, by compiled loops.

    Args:
        key: As above.
        offsets: ``(n + 1,)``, where each begins in `data`, and the last one ends; none is empty.
        data: The ids in UTF-8.
    """
    from accord_protocols.primitives.psi import blake2b  # it loads numba

    return blake2b.hashes(key, _PERSON, offsets, data)


def run_of(number: int, of: int, count: int, hash_at: Callable[[int], int]) -> slice:
    """Where bucket `number` of `of` is among `count` ids in the order of their hashes.

    Args:
        hash_at: The hash at a place of that order; it is asked for about 2·log2(count) of them.

    Raises:
        ValueError: There is no such bucket.
    """
    if not 0 <= number < of:
        raise ValueError("there is no such bucket")

    def first(bound: int) -> int:
        low, high = 0, count
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if hash_at(middle) < bound else (low, middle)
        return low

    return slice(*(first(-(-(k << _BITS) // of)) for k in (number, number + 1)))
