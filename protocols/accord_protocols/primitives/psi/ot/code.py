"""What an id stands for in the exchange: a random vector R(x) over F4, and the rows of the table that it reads.

All of it follows from a 128-bit hash of the id under a key of the session, so that leader and server agree on it
without a word, and the leader computes it once for all servers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from numpy.typing import NDArray

from accord_protocols.primitives.psi.blake3 import keyed_texts
from accord_protocols.primitives.psi.ot.codes import F4, Code
from accord_protocols.primitives.psi.ot.f4 import Rows
from accord_protocols.primitives.psi.ot.loops import loops
from accord_schemas.canonical import digest

DENSE = 56
"""Rows behind the sparse ones, of which every id reads a random half: they take up what peeling leaves."""
BUCKET = 1 << 18
"""Ids of a bucket, about: so much is worked on at a time, however many there are."""
_HASH = 16
_AT_ONCE = 1 << 13  # ids whose cipher blocks are in memory
_LOW = np.uint64(0xFFFFFFFF)


@dataclass(frozen=True)
class Shape:
    """The table of a set whose size was announced: one after the other for each bucket, all of one size.

    A bucket has room for nine standard deviations more than its share, so that what it holds does not show. Its rows
    are 1.223 an id and 12·n^0.45 more: at least what Raghuraman and Rindal (CCS 2022) found for weight 3 and a failure
    of 2^-40 for all buckets of 20 million ids together. In integers, so that both sides compute the same.
    """

    size: int
    code: Code = F4

    @property
    def loops(self) -> Any:
        """The compiled inner loops for it, see `loops`; None where numpy does it, as with bits."""
        return loops(self.size) if self.code is F4 else None

    @property
    def buckets(self) -> int:
        """How many there are."""
        return max(1, self.size // BUCKET)

    @property
    def capacity(self) -> int:
        """Ids that a bucket has room for."""
        share = -(-self.size // self.buckets)
        return max(share + 9 * math.isqrt(share) * (self.buckets > 1), 64)

    @property
    def sparse(self) -> int:
        """Rows of a bucket of which an id reads three."""
        n = self.capacity
        return n * 1223 // 1000 + 12 * _root(n**9, 20) + 1

    @property
    def bucket_rows(self) -> int:
        """Rows of a bucket."""
        return self.sparse + DENSE

    @property
    def rows(self) -> int:
        """All rows of the table."""
        return self.buckets * self.bucket_rows

    def numbers(self, hashes: NDArray[np.uint8]) -> NDArray[np.int64]:
        """The bucket of every hash, ``(n, 16) uint8`` to ``(n,)``."""
        words = np.ascontiguousarray(hashes[:, :4]).view("<u4").astype(np.uint64).reshape(-1)
        return (words * np.uint64(self.buckets) >> np.uint64(32)).astype(np.int64)

    def order(self, hashes: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The hashes ``(n, 16) uint8`` by bucket: which come one after the other, and where each bucket ends."""
        numbers = self.numbers(hashes)
        ends = np.cumsum(np.bincount(numbers, minlength=self.buckets))
        narrow = numbers.astype(np.uint16) if self.buckets <= 1 << 16 else numbers  # sorted by their digits
        return np.argsort(narrow, kind="stable"), ends

    def rows_of(self, bucket: int) -> slice:
        """A bucket's rows of the table."""
        return slice(bucket * self.bucket_rows, (bucket + 1) * self.bucket_rows)

    def parts(self, hashes: NDArray[np.uint8]) -> Iterator[tuple[slice, NDArray[np.int64]]]:
        """Per bucket its rows of the table, and which of the hashes ``(n, 16) uint8`` are in it."""
        order, ends = self.order(hashes)
        for bucket, end in enumerate(ends.tolist()):
            yield self.rows_of(bucket), order[ends[bucket - 1] if bucket else 0 : end]


@dataclass(frozen=True, eq=False)
class Items:
    """What n ids of one bucket stand for.

    Attributes:
        hashes: ``(n, 16) uint8``.
        codes: The vectors R(x), ``(n, words) uint64``.
        slots: Three different sparse rows of the bucket each, ``(n, 3) int64``.
        masks: Which dense rows, as bits: ``(n,) uint64``.
    """

    hashes: NDArray[np.uint8] = field(repr=False)
    codes: Rows = field(repr=False)
    slots: NDArray[np.int64] = field(repr=False)
    masks: NDArray[np.uint64] = field(repr=False)

    @staticmethod
    def of(hashes: NDArray[np.uint8], sid: bytes, shape: Shape) -> Items:
        """The items of distinct ids.

        Args:
            hashes: ``(n, 16) uint8`` from `hash_ids`, of one bucket.
            sid: 32 bytes, the session that all parties share.
            shape: Of the leader's table.
        """
        cipher = Cipher(algorithms.AES(digest(b"accord psi ot code", sid)[:16]), modes.ECB())  # noqa: S305 - a function
        encryptor, n, fast, width = cipher.encryptor(), len(hashes), shape.loops, shape.code.words
        items = Items(hashes, np.empty((n, width), np.uint64), np.empty((n, 3), np.int64), np.empty(n, np.uint64))
        for span in _spans(n):
            drawn = encryptor.update(_blocks(hashes[span], shape.code, fast))
            words = np.frombuffer(drawn, "<u8").reshape(-1, 2 * shape.code.blocks)
            if fast is not None:
                fast.items(words, shape.sparse, DENSE, items.codes[span], items.masks[span], items.slots[span])
                continue
            items.codes[span], items.masks[span] = words[:, :width], words[:, width] >> np.uint64(64 - DENSE)
            items.slots[span] = _slots(words[:, width + 1 : width + 3], shape.sparse)
        return items

    def __len__(self) -> int:
        return len(self.hashes)


def hash_ids(ids: Sequence[str], sid: bytes, of: int = 0) -> NDArray[np.uint8]:
    """Keyed hashes of normalised ids, which have at most 1024 bytes of UTF-8 each: ``(n, 16) uint8``.

    Args:
        ids: Some of a set's.
        sid: 32 bytes, the session.
        of: How many ids the set has, which decides by what they are hashed.
    """
    return keyed_texts(digest(b"accord psi ot id", sid), ids, _HASH, loops(of))


def _spans(count: int) -> Iterator[slice]:
    return (slice(start, start + _AT_ONCE) for start in range(0, count, _AT_ONCE))


def _blocks(hashes: NDArray[np.uint8], code: Code, fast: Any) -> bytes:
    """Inputs of AES for every hash, ``(n, blocks, 16) uint8``: its top bits make room for their number."""
    if fast is not None:
        made = np.empty((len(hashes), code.blocks, _HASH), np.uint8)
        fast.blocks(hashes, made)
        return made.tobytes()
    blocks, kept = np.repeat(hashes[:, None, :], code.blocks, axis=1), 8 - code.marked
    numbers = np.arange(code.blocks, dtype=np.uint8) << kept
    blocks[:, :, -1] = (blocks[:, :, -1] & np.uint8((1 << kept) - 1)) | numbers
    return blocks.tobytes()


def _slots(words: NDArray[np.uint64], sparse: int) -> NDArray[np.int64]:
    """Three different numbers below `sparse` from 32 bits each: uniform but for sparse / 2^32."""
    drawn = (words[:, 0] & _LOW, words[:, 0] >> np.uint64(32), words[:, 1] & _LOW)
    first, second, third = ((word * np.uint64(sparse - i) >> np.uint64(32)) for i, word in enumerate(drawn))
    second += second >= first  # each skips those before it
    third += third >= np.minimum(first, second)
    third += third >= np.maximum(first, second)
    return np.stack([first, second, third], axis=1).astype(np.int64)


def _root(number: int, degree: int) -> int:
    """The integer root, rounded up."""
    low, high = 0, 1 << -(-number.bit_length() // degree)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if middle**degree >= number else (middle + 1, high)
    return low
