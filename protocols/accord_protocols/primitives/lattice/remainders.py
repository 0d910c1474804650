"""Back from residues: centred integers modulo 2^64 or 2^128, or modulo a prime, by the Chinese remainder theorem."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Residues = NDArray[np.uint32]
_LOW = np.uint64(0xFFFFFFFF)
_WORD = np.uint64(32)


def _parts(residues: Residues, primes: tuple[int, ...]) -> tuple[list[NDArray[np.uint64]], NDArray[np.uint64]]:
    """y and k such that the centred integer is ``Σ_l y[l]·Q/p[l] - k·Q``.

    k is the sum of the y/p, rounded. That sum is off by less than 2^-49 for up to six primes, and 2^-46 for sixteen.
    """
    product = math.prod(primes)
    found, fraction = [], np.zeros(residues.shape[1])
    for row, p in zip(residues, primes, strict=True):
        y = row.astype(np.uint64) * np.uint64(pow(product // p, -1, p)) % np.uint64(p)
        found.append(y)
        fraction += y / float(p)
    return found, np.rint(fraction).astype(np.uint64)


def words(residues: Residues, primes: tuple[int, ...], bits: int, factor: int = 1) -> NDArray[np.uint64]:
    """The centred integers with these residues, times `factor`, modulo 2^bits.

    Args:
        residues: ``(primes, n)``, of integers below ``Q·(1/2 - 2^-49)``, Q the product of the primes.
        primes: At most 6; or 16, where the integers are below ``Q·(1/2 - 2^-46)``.
        bits: 64 or 128.
        factor: Any integer.

    Returns:
        ``(n, bits/64) uint64``.
    """
    found, wraps = _parts(residues, primes)
    product, limbs = math.prod(primes), bits // 32
    sums = np.zeros((limbs + 1, residues.shape[1]), np.uint64)
    for y, weight in [*((y, product // p) for y, p in zip(found, primes, strict=True)), (wraps, -product)]:
        weight = weight * factor % (1 << bits)
        for i in range(limbs):
            z = y * np.uint64(weight >> (32 * i) & 0xFFFFFFFF)
            sums[i] += z & _LOW
            sums[i + 1] += z >> _WORD
    for i in range(limbs):
        sums[i + 1] += sums[i] >> _WORD
    low = sums[:limbs] & _LOW
    return np.ascontiguousarray((low[0::2] | low[1::2] << _WORD).T)


def modulo(residues: Residues, primes: tuple[int, ...], other: int, factor: int = 1) -> Residues:
    """The centred integers with these residues, times `factor`, modulo a prime `other` below 2^30: ``(n,)``."""
    found, wraps = _parts(residues, primes)
    product, p = math.prod(primes), np.uint64(other)
    total = wraps * np.uint64(-product * factor % other) % p
    for y, prime in zip(found, primes, strict=True):
        total += y * np.uint64(product // prime * factor % other) % p
    return (total % p).astype(np.uint32)
