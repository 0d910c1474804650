"""One entry of a table of 2^w, by w correlated transfers: the chooser learns that one, the sender not which.

The transfers of a lookup are joined to one of a whole number: with q_j = t_j ⊕ y_j·Δ, bits y_j of the choice y, both
sides add up x^j times theirs in GF(2^128), so that Q = T ⊕ y·Δ, y read as a polynomial (the subspace VOLE of
SoftSpokenOT, Roy, CRYPTO 2022, over the trivial code). Entry i is under the hash of Q ⊕ i·Δ: the chooser has the one
of T, and every other one is under a nonzero multiple of Δ that it does not know.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.onehot.blocks import BLOCK, Blocks, Permutation, hashed

Bytes = NDArray[np.uint8]
KEY_BITS = 8 * BLOCK
"""Of an entry that is a key."""
_BLOCKS = 1 << 13
"""Blocks that are hashed at a time, so that all of them stay in the cache."""
_REDUCTION = np.uint64(0x87)  # x^128 = x^7 + x^2 + x + 1
_ONE, _TOP = np.uint64(1), np.uint64(63)


def doubled(x: Blocks) -> Blocks:
    """x times the polynomial x, in GF(2^128); bit k of the 128 is the coefficient of x^k."""
    low, high = x[..., 0], x[..., 1]
    carry = (high >> _TOP) * _REDUCTION
    return np.stack([(low << _ONE) ^ carry, (high << _ONE) | (low >> _TOP)], axis=-1)


def joined(transfers: Blocks, width: int) -> Blocks:
    """Transfers of lookups ``(n · width, 2)``, low bit first, as ``(n, 2)``."""
    each = transfers.reshape(-1, width, 2)
    total = each[:, width - 1]
    for bit in range(width - 2, -1, -1):
        total = doubled(total) ^ each[:, bit]
    return np.ascontiguousarray(total)


def multiples(delta: Blocks, width: int) -> Blocks:
    """Δ times every polynomial of less than `width` bits, ``(2^width, 2)``."""
    found, power = np.zeros((1, 2), np.uint64), delta
    for _ in range(width):
        found, power = np.concatenate([found, found ^ power]), doubled(power)
    return found


def choices(numbers: Bytes, width: int) -> Bytes:
    """What the chooser of lookups ``(n,)`` chooses in its transfers, ``(n · width,)`` bits."""
    return np.unpackbits(numbers.reshape(-1, 1), axis=1, count=width, bitorder="little").reshape(-1)


def told_bytes(width: int, bits: int) -> int:
    """Bytes that a table takes on its way."""
    return max(1, (bits << width) // 8)


def send(permutation: Permutation, q: Blocks, delta: Blocks, tweak: bytes, entries: Bytes) -> Bytes:
    """The sender: its tables under the pads.

    Args:
        permutation: Of these lookups alone.
        q: ``(n, 2)``, from `joined`.
        delta: ``(2,)``.
        tweak: 16 bytes that follow from the entries: others get other pads.
        entries: ``(n, 2^width, bits) uint8``, bits.

    Returns:
        ``(n, told_bytes)``.
    """
    n, size, bits = entries.shape
    shifts, told = multiples(delta, size.bit_length() - 1)[None], []
    for start in range(0, n, max(1, _BLOCKS // size)):
        span = slice(start, start + max(1, _BLOCKS // size))
        points = (q[span, None] ^ shifts).reshape(-1, 2)
        pads = _bits(hashed(permutation, points, tweak), bits).reshape(-1, size * bits)
        told.append(np.packbits(entries[span].reshape(len(pads), -1) ^ pads, axis=1, bitorder="little"))
    return np.concatenate(told)


def receive(permutation: Permutation, t: Blocks, numbers: Bytes, tweak: bytes, told: Bytes, bits: int) -> Bytes:
    """The chooser: its entries, ``(n, bits)``; arguments as `send` has them."""
    n = len(numbers)
    tables = np.unpackbits(told, axis=1, bitorder="little")
    at = numbers.astype(np.int64)[:, None] * bits + np.arange(bits)
    entry: Bytes = np.take_along_axis(tables, at, axis=1) ^ _bits(hashed(permutation, t, tweak), bits)
    return entry.reshape(n, bits)


def _bits(pads: Blocks, bits: int) -> Bytes:
    """The low bits of blocks, ``(n, bits)``."""
    octets = np.ascontiguousarray(pads).view(np.uint8).reshape(-1, BLOCK)
    return np.unpackbits(octets[:, : -(-bits // 8)], axis=1, count=bits, bitorder="little")
