"""Keyed BLAKE3 of many short messages at once (O'Connor, Aumasson, Neves, Wilcox-O'Hearn 2020).

A message of up to 1024 bytes is a single chunk: its blocks of 64 bytes are compressed one after the other, and there is
no tree. Messages lie side by side and numpy works on a word of all of them at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

MOST = 1024
"""Bytes of a message."""
BLOCK, KEY, DIGEST = 64, 32, 32
_IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A)
_START, _END, _ROOT, _KEYED = 1, 2, 8, 16
_ROUNDS = 7
_PERMUTATION = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
_MIXES = (  # columns, then diagonals
    *((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15)),
    *((0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)),
)
_LANES = 4096  # messages at a time: their words fit into a second-level cache
_Words = NDArray[np.uint32]


@runtime_checkable
class Packed(Protocol):
    """Texts that lie one after the other."""

    def utf8(self) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """``(n + 1,)`` where each begins and the last one ends, and their bytes."""
        ...


def keyed_texts(key: bytes, texts: Sequence[str], size: int = DIGEST, loops: Any = None) -> NDArray[np.uint8]:
    """The digests of texts in UTF-8.

    Args:
        key: 32 bytes.
        texts: Of up to `MOST` bytes each.
        size: Bytes of a digest, 1 to 32.
        loops: The module that has the inner loops compiled, if any.

    Returns:
        ``(len(texts), size) uint8``.

    Raises:
        ValueError: A text is longer.
    """
    result = np.empty((len(texts), size), np.uint8)
    if loops is not None and isinstance(texts, Packed):
        offsets, data = texts.utf8()
        lengths = np.diff(offsets)
        width = -(-max(int(lengths.max(initial=1)), 1) // BLOCK) * BLOCK
        for start in range(0, len(texts), _LANES):
            some = slice(start, start + _LANES)
            padded = np.empty((len(lengths[some]), width), np.uint8)
            loops.pad(data, offsets[start:], padded)
            result[some] = keyed(key, padded, lengths[some], size, loops)
        return result
    for start in range(0, len(texts), _LANES):
        encoded = [*map(str.encode, texts[start : start + _LANES])]
        lengths = np.fromiter(map(len, encoded), np.int64, len(encoded))
        width = -(-max(int(lengths.max()), 1) // BLOCK) * BLOCK
        padded = np.array(encoded, f"S{width}").view(np.uint8).reshape(-1, width)
        result[start : start + _LANES] = keyed(key, padded, lengths, size, loops)
    return result


def keyed(
    key: bytes, messages: NDArray[np.uint8], lengths: NDArray[np.int64], size: int = DIGEST, loops: Any = None
) -> NDArray[np.uint8]:
    """The digests of messages side by side.

    Args:
        key: 32 bytes.
        messages: ``(n, width) uint8``, width a multiple of 64; zeros behind each one's end.
        lengths: Bytes of every message, ``(n,)``.
        size: Bytes of a digest, 1 to 32.
        loops: See `keyed_texts`.

    Returns:
        ``(n, size) uint8``.

    Raises:
        ValueError: A message is longer than `MOST`, or the key has another length.
    """
    if len(key) != KEY or messages.shape[1] % BLOCK or messages.shape[1] > MOST:
        raise ValueError("keyed BLAKE3: key or messages are of another size")
    if loops is not None:
        words = np.ascontiguousarray(messages).view("<u4").astype(np.uint32, copy=False)
        digests = np.empty((len(messages), DIGEST // 4), np.uint32)
        loops.digests(np.frombuffer(key, "<u4").astype(np.uint32, copy=False), words, lengths, digests)
        return digests.astype("<u4", copy=False).view(np.uint8)[:, :size]
    result = np.empty((len(messages), size), np.uint8)
    for start in range(0, len(messages), _LANES):
        lanes = slice(start, start + _LANES)
        result[lanes] = _chunk(np.frombuffer(key, "<u4"), messages[lanes], lengths[lanes])[:, :size]
    return result


def _chunk(key: _Words, messages: NDArray[np.uint8], lengths: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Chain the blocks of each message, as many as it has."""
    words = np.ascontiguousarray(messages).view("<u4")
    blocks = np.maximum(-(-lengths // BLOCK), 1)
    chain = np.repeat(key[:, None], len(messages), axis=1)
    for number in range(int(blocks.max())):
        alive = slice(None) if number == 0 else np.flatnonzero(blocks > number)
        last = blocks[alive] == number + 1
        filled = np.where(last, lengths[alive] - number * BLOCK, BLOCK).astype(np.uint32)
        flags = (_KEYED | _START * (number == 0) | np.where(last, _END | _ROOT, 0)).astype(np.uint32)
        block = np.ascontiguousarray(words[alive, 16 * number : 16 * number + 16].T)
        chain[:, alive] = _compress(chain[:, alive], block, filled, flags)
    return np.ascontiguousarray(chain.T.astype("<u4", copy=False)).view(np.uint8)


def _compress(chain: _Words, block: _Words, filled: _Words, flags: _Words) -> _Words:
    """The compression function with counter 0 (section 2.2), a lane per message.

    Args:
        chain: Chaining values, ``(8, n)``.
        block: ``(16, n)``.
        filled: Bytes of the block that are message, ``(n,)``.
        flags: ``(n,)``.

    Returns:
        The next chaining values, ``(8, n)``.
    """
    lanes = block.shape[1]
    state = np.zeros((16, lanes), np.uint32)
    state[:8], state[8:12], state[14], state[15] = chain, np.array(_IV, np.uint32)[:, None], filled, flags
    spare, v, m = np.empty(lanes, np.uint32), list(state), list(block)
    for _ in range(_ROUNDS):
        for number, (a, b, c, d) in enumerate(_MIXES):
            _half(v[a], v[b], v[c], v[d], m[2 * number], (16, 12), spare)
            _half(v[a], v[b], v[c], v[d], m[2 * number + 1], (8, 7), spare)
        m = [m[i] for i in _PERMUTATION]
    return state[:8] ^ state[8:]


def _half(a: _Words, b: _Words, c: _Words, d: _Words, m: _Words, turns: tuple[int, int], spare: _Words) -> None:
    """Half a quarter-round, in place."""
    a += b
    a += m
    d ^= a
    _rotate(d, turns[0], spare)
    c += d
    b ^= c
    _rotate(b, turns[1], spare)


def _rotate(word: _Words, right: int, spare: _Words) -> None:
    np.left_shift(word, np.uint32(32 - right), out=spare)
    np.right_shift(word, np.uint32(right), out=word)
    np.bitwise_or(word, spare, out=word)
