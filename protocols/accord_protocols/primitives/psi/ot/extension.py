"""Rows of correlated vectors over F4 out of a few seeds, as many as are needed (the shape of SoftSpokenOT).

For every symbol the leaves' streams r_x give the leader u = Σ r_x and v = Σ x·r_x, and the server w = Σ (x + Δ)·r_x =
v + Δ·u, in which the leaf that it misses has the factor zero. Rows come in chunks of `CHUNK`; a chunk follows from its
number, so that parts of the work may be done anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes
from numpy.typing import NDArray

from accord_protocols.primitives.psi.ot.codes import planes_of
from accord_protocols.primitives.psi.ot.f4 import Rows
from accord_protocols.primitives.psi.ot.loops import loops
from accord_protocols.primitives.psi.ot.seeds import Leaves

CHUNK = 1 << 15
"""Rows of a chunk."""
_SIDE = 64  # bits of a word, and columns that share one: 32 symbols of two bits, or 64 of one
_COLUMN = CHUNK // _SIDE  # words of a column
_AES_BLOCKS = CHUNK // 8 // 16  # of one column of a leaf's stream in a chunk
_MASKS = np.array([(2**64 - 1) // ((1 << (1 << i)) + 1) for i in reversed(range(6))], np.uint64)
_STEPS = tuple(zip((32, 16, 8, 4, 2, 1), _MASKS, strict=True))


def leader_rows(leaves: Leaves, first: int = 0, of: int = 0) -> Iterator[Rows]:
    """u of one chunk after the other, ``(CHUNK, words)``, without end.

    Args:
        leaves: All of every symbol: four over F4, two of bits.
        first: Number of the first chunk.
        of: Ids of the table, which decides by what this is done.
    """
    fast, words = loops(of), words_of(leaves)
    for streams in _streams(leaves, first):
        u = np.empty((CHUNK, words), np.uint64)
        for group, r in enumerate(streams):
            _transpose(np.bitwise_xor.reduce(r, axis=1), u, group, fast)
        yield u


def own_rows(leaves: Leaves, first: int = 0, of: int = 0) -> Iterator[Rows]:
    """v likewise: w of a server whose factors are zero."""
    return server_rows(leaves[:, 1:] if planes_of(leaves.shape[1]) > 1 else leaves[:, :1], first, of)


def server_rows(leaves: Leaves, first: int = 0, of: int = 0) -> Iterator[Rows]:
    """w of one chunk after the other, ``(CHUNK, words)``, without end; `leaves`: all but one of every symbol."""
    fast, planes, words = loops(of), planes_of(leaves.shape[1]), words_of(leaves)
    for streams in _streams(leaves, first):
        w = np.empty((CHUNK, words), np.uint64)
        for group, r in enumerate(streams):
            _transpose(_weighted(r) if planes > 1 else r[:, 0], w, group, fast)
        yield w


def words_of(leaves: Leaves) -> int:
    """Of a vector."""
    return len(leaves) * planes_of(leaves.shape[1]) // _SIDE


def _streams(leaves: Leaves, first: int) -> Iterator[Iterator[NDArray[np.uint64]]]:
    """Per chunk and word of symbols the streams ``(symbols, leaves, planes, _COLUMN)``, a plane per bit of a symbol."""
    planes = planes_of(leaves.shape[1])
    counter = (first * planes * _AES_BLOCKS).to_bytes(16, "big")
    ciphers = [
        [[Cipher(algorithms.AES(leaf.tobytes()), modes.CTR(counter)).encryptor() for leaf in four] for four in group]
        for group in leaves.reshape(words_of(leaves), _SIDE // planes, *leaves.shape[1:])
    ]
    while True:
        yield (_drawn(group, planes) for group in ciphers)


def _drawn(group: list[list[CipherContext]], planes: int) -> NDArray[np.uint64]:
    zeros = bytes(planes * 8 * _COLUMN)
    r = np.empty((len(group), len(group[0]), planes, _COLUMN), "<u8")
    for symbol, target in zip(group, r, strict=True):
        for cipher, stream in zip(symbol, target, strict=True):
            cipher.update_into(zeros, memoryview(stream).cast("B"))
    return r.astype(np.uint64, copy=False)


def _weighted(r: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Σ x·r_x for x = 1, ω, ω + 1: ``(32, 3, 2, k)`` to ``(32, 2, k)``."""
    plain, turned = r[:, 0] ^ r[:, 2], r[:, 1] ^ r[:, 2]  # r_1 + r_3 and r_2 + r_3: the sum is plain + ω·turned
    plain[:, 0] ^= turned[:, 1]
    plain[:, 1] ^= turned[:, 0]
    plain[:, 1] ^= turned[:, 1]
    return plain


def _transpose(columns: NDArray[np.uint64], rows: Rows, word: int, fast: Any) -> None:
    """Bit columns ``(symbols, planes, k)``, low and high of each symbol, as word `word` of ``64·k`` rows.

    Blocks of 64 x 64 bits by swapping ever smaller squares (Warren, Hacker's Delight, section 7-3), k at a time.
    """
    square = np.ascontiguousarray(columns.swapaxes(0, 1)).reshape(_SIDE, -1)
    if fast is not None:
        fast.transpose(square, _MASKS, rows, word)
        return
    for side, mask in _STEPS:
        pairs = square.reshape(_SIDE // (2 * side), 2, side, -1)
        upper, lower, shift = pairs[:, 0], pairs[:, 1], np.uint64(side)
        swapped = ((upper >> shift) ^ lower) & mask
        lower ^= swapped
        upper ^= swapped << shift
    rows[:, word] = square.T.ravel()
