"""What is drawn: uniform residues by rejection, ternary secrets, errors, masks together with their flooding."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.lattice import loops
from accord_protocols.primitives.lattice.parameters import ERROR_BITS, Degree
from accord_protocols.primitives.xof import Xof

_RESERVE = 512


def uniform(degree: Degree, xof: Xof, out: NDArray[np.uint32]) -> None:
    """Uniform residues modulo every prime, to `out`, ``(primes, N)``."""
    for row, prime in zip(out, degree.primes, strict=True):
        found = 0
        while found < degree.size:  # the second turn is for one stream in 2^80
            missing = degree.size - found
            raw = np.frombuffer(xof.bytes(4 * (missing + missing // 32 + _RESERVE)), "<u4")
            found += loops.accept(raw, prime, row[found:])


def ternary(count: int, xof: Xof) -> NDArray[np.int8]:
    """Uniform in {-1, 0, 1}: bytes below 255, modulo 3."""
    found = np.empty(0, np.uint8)
    while len(found) < count:
        raw = np.frombuffer(xof.bytes(count + count // 64 + _RESERVE), np.uint8)
        found = np.concatenate([found, raw[raw < 255]])
    return (found[:count] % 3).astype(np.int8) - np.int8(1)


def errors(count: int, xof: Xof) -> NDArray[np.uint32]:
    """Centred binomial, plus `ERROR_BITS`, so that all are positive: in [0, 42]."""
    raw = np.frombuffer(xof.bytes(8 * count), "<u8")
    mask = np.uint64((1 << ERROR_BITS) - 1)
    ones = np.bitwise_count(raw & mask).astype(np.uint32)
    others = np.bitwise_count(raw >> np.uint64(ERROR_BITS) & mask).astype(np.uint32)
    error: NDArray[np.uint32] = ones + np.uint32(ERROR_BITS) - others
    return error


def below(bound: int, count: int, xof: Xof) -> NDArray[np.uint32]:
    """Uniform in [0, bound): 32-bit words, the least significant first, ``(words, count)``.

    Args:
        bound: All but its upper two words are zero.
        count: How many.
        xof: Draws them, by rejection.
    """
    bits = bound.bit_length()
    words = max(2, -(-bits // 32))
    top, spare = np.uint64(bound >> 32 * (words - 2)), np.uint64(32 * words - bits)
    if int(top) << 32 * (words - 2) != bound:
        raise ValueError("a bound of large numbers has zeros but in its upper two words")
    parts, missing = [np.empty((words, 0), np.uint32)], count
    while missing > 0:
        drawn = (missing << bits) // bound + missing // 32 + _RESERVE
        raw = np.frombuffer(xof.bytes(4 * words * drawn), "<u4").reshape(words, drawn)
        upper = (raw[-1].astype(np.uint64) << np.uint64(32) | raw[-2]) >> spare
        good = upper < top
        taken, upper = raw[:, good], upper[good]
        taken[-1], taken[-2] = upper >> np.uint64(32), upper & np.uint64(0xFFFFFFFF)
        parts.append(taken[:, :missing])
        missing -= taken.shape[1]
    return np.concatenate(parts, axis=1)


def integers(bits: int, count: int, xof: Xof) -> NDArray[np.uint32]:
    """Uniform in [0, 2^bits): 32-bit words, the least significant first, ``(words, count)``."""
    words = -(-bits // 32)
    out = np.frombuffer(xof.bytes(4 * words * count), "<u4").reshape(words, count).copy()
    out[-1] >>= np.uint32(32 * words - bits)
    return out
