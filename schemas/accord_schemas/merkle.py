"""Merkle trees as RFC 9162 section 2.1 hashes them: one root stands for an ordered list of entries.

An inclusion proof shows that an entry is among them, a consistency proof that a longer list continues a shorter one.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence

Hash = Callable[[bytes], bytes]


def sha256(data: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(data).digest()


def leaf_hash(entry: bytes, hash: Hash = sha256) -> bytes:  # noqa: A002 - as the RFC calls it
    """The hash of a leaf, RFC 9162 section 2.1.1; never that of a node."""
    return hash(b"\x00" + entry)


class Tree:
    """An append-only tree.

    Keeps the hash of every complete subtree, two per entry, so that roots and proofs of every earlier size cost
    O(log n).

    Args:
        hash: Of the tree; 32 bytes.
    """

    def __init__(self, hash: Hash = sha256) -> None:  # noqa: A002 - as the RFC calls it
        self._hash = hash
        self._levels: list[list[bytes]] = [[]]

    @property
    def size(self) -> int:
        """How many entries were appended."""
        return len(self._levels[0])

    def append(self, entry: bytes) -> None:
        """Take one more entry."""
        complete, level = leaf_hash(entry, self._hash), 0
        self._levels[0].append(complete)
        while len(self._levels[level]) % 2 == 0:
            complete = self._node(self._levels[level][-2], complete)
            level += 1
            if level == len(self._levels):
                self._levels.append([])
            self._levels[level].append(complete)

    def root(self, size: int | None = None) -> bytes:
        """The root over the first `size` entries, over all by default."""
        size = self.size if size is None else size
        self._within(size)
        return self._range(0, size) if size else self._hash(b"")

    def consistency(self, old: int, new: int) -> list[bytes]:
        """PROOF(old, D[0:new]), RFC 9162 section 2.1.4.1; empty where the trees are equal, or the old one is empty.

        Raises:
            ValueError: `old` is larger, or the tree is smaller than `new`.
        """
        self._within(old, new)
        if old in (0, new):
            return []
        path, start, end = [], 0, new
        while old != end:
            middle = start + _split(end - start)
            if old <= middle:
                path.append(self._range(middle, end))
                end = middle
            else:
                path.append(self._range(start, middle))
                start = middle
        return ([self._range(start, end)] if start else []) + path[::-1]

    def _within(self, *sizes: int) -> None:
        bounds = [0, *sizes, self.size]
        if bounds != sorted(bounds):
            raise ValueError(f"the tree has {self.size} entries")

    def _node(self, left: bytes, right: bytes) -> bytes:
        return self._hash(b"\x01" + left + right)

    def _range(self, start: int, end: int) -> bytes:
        """MTH(D[start:end]) for a range that the recursion of the definition meets; not empty."""
        count = end - start
        if count & (count - 1) == 0:
            level = count.bit_length() - 1
            return self._levels[level][start >> level]
        middle = start + _split(count)
        return self._node(self._range(start, middle), self._range(middle, end))


def verify_consistency(
    old: int,
    old_root: bytes,
    new: int,
    new_root: bytes,
    proof: Sequence[bytes],
    hash: Hash = sha256,  # noqa: A002 - as the RFC calls it
) -> bool:
    """Whether a proof shows that the tree of `new` entries continues that of `old`, RFC 9162 section 2.1.4.2."""
    if not 0 <= old <= new:
        return False
    if old in (0, new):
        return not proof and hmac.compare_digest(old_root, new_root if old else hash(b""))
    at, last, left = old - 1, new - 1, list(proof)
    while at & 1:
        at, last = at >> 1, last >> 1
    if at:
        if not left:
            return False
        first = second = left.pop(0)
    else:
        first = second = old_root
    while last:
        if at & 1 or at != last:
            if not left:
                return False
            other = left.pop(0)
            if at & 1:
                first, second = hash(b"\x01" + other + first), hash(b"\x01" + other + second)
            else:
                second = hash(b"\x01" + second + other)
        at, last = at >> 1, last >> 1
    return not left and hmac.compare_digest(first, old_root) and hmac.compare_digest(second, new_root)


def _split(count: int) -> int:
    """The largest power of two below `count`."""
    return 1 << (count - 1).bit_length() - 1
