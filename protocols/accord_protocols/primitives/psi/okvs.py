"""An oblivious key-value store: a table from which everybody can read a value for every key, and no key list.

A 3-wise binary fuse filter (Graf, Lemire, J. Exp. Algorithmics 2022) of 16-byte values under XOR: a key has one slot in
each of three neighbouring segments, and its value is the XOR of the three. Slots that no key needs are random: zeros
would let a reader tell non-members apart. The geometry follows from the number of keys by integer arithmetic alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from numpy.typing import NDArray

from accord_protocols.primitives.psi.ot.loops import loops
from accord_protocols.primitives.psi.peeling import Indices, peel
from accord_protocols.primitives.psi.tags import distinct
from accord_protocols.primitives.xof import Xof
from accord_schemas.errors import ProtocolError

VALUE = 16
_SALT = 16
_MAX_SEGMENT_BITS = 18
_Words = NDArray[np.uint64]


@dataclass(frozen=True)
class Geometry:
    """`segments` segments of `segment` slots (a power of two)."""

    segment: int
    segments: int

    @staticmethod
    def of(size: int) -> Geometry:
        """The geometry for `size` keys.

        Segments of 2^⌊log_3.33(n) + 2.25⌋ slots; room for max(1.125, 0.875 + 0.25 log(10^6) / log(n)) times the keys,
        as the paper found, and 2 % more for fewer failed builds. The logarithm in the second is rounded down.
        """
        n = max(size, 8)
        exponent = 3
        while exponent < _MAX_SEGMENT_BITS and n**4 * 100 ** (4 * exponent - 5) >= 333 ** (4 * exponent - 5):
            exponent += 1
        slots = max(n * 9 // 8, n * 7 // 8 + 5 * n // (n.bit_length() - 1)) * 102 // 100
        return Geometry(1 << exponent, -(-slots >> exponent) + 2)

    @property
    def rows(self) -> int:
        """Rows of the table."""
        return self.segment * self.segments

    def positions(self, tags: NDArray[np.uint8], salt: bytes) -> Indices:
        """The three slots of every tag, ``(n, 3)``: words of AES under the salt, as tags are hash outputs."""
        cipher = Cipher(algorithms.AES(salt), modes.ECB()).encryptor()  # noqa: S305 - a permutation, not encryption
        words = np.frombuffer(cipher.update(tags[:, :16].tobytes()), "<u4").reshape(-1, 4).astype(np.int64)
        first = words[:, 0] * (self.segments - 2) >> 32
        offsets = words[:, 1:] & (self.segment - 1)
        return (first[:, None] + np.arange(3)) * self.segment + offsets


@dataclass(frozen=True, eq=False)
class Store:
    """A built store: what its owner sends.

    Attributes:
        size: Number of keys, announced beforehand.
        salt: 16 bytes.
        table: ``(Geometry.of(size).rows, 16) uint8``.
    """

    size: int
    salt: bytes
    table: NDArray[np.uint8] = field(repr=False)

    def encode(self) -> tuple[bytes, NDArray[np.uint8]]:
        """Salt and table; with the announced size they are the whole store."""
        return self.salt, self.table

    @staticmethod
    def decode(size: int, salt: bytes, table: NDArray[np.uint8]) -> Store:
        """A store that came from outside, for an announced `size`.

        Raises:
            ProtocolError: Not the geometry of that size.
        """
        if len(salt) != _SALT or table.dtype != np.uint8 or table.shape != (Geometry.of(size).rows, VALUE):
            raise ProtocolError("a key-value store is not of the announced size")
        return Store(size, salt, table)

    def get(self, tags: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The values of tags ``(n, 32) uint8``, as ``(n, 16) uint8``; noise for a tag that was not stored."""
        table = _as_words(self.table)
        slots = Geometry.of(self.size).positions(tags, self.salt)
        return _as_bytes(table[slots[:, 0]] ^ table[slots[:, 1]] ^ table[slots[:, 2]])


def build(tags: NDArray[np.uint8], values: NDArray[np.uint8], xof: Xof) -> Store:
    """A store mapping every tag to its value. A build that fails (rarely) is repeated with a new salt.

    Args:
        tags: ``(n, 32) uint8``, outputs of a hash.
        values: ``(n, 16) uint8``.
        xof: Draws the salt and the free slots.

    Raises:
        ValueError: A tag occurs twice.
    """
    if not distinct(tags[:, :16]):
        raise ValueError("the tags of a key-value store are distinct")
    geometry, fast, words = Geometry.of(len(tags)), loops(len(tags)), _as_words(values)
    if fast is not None:
        return _built_fast(fast, geometry, tags, words, xof)
    built = False
    while not built:
        salt = xof.bytes(_SALT)
        positions = geometry.positions(tags, salt)
        layers, core = peel(positions, geometry.rows)
        built = not core.size
    table = xof.words(geometry.rows, 2)
    for keys, slots in reversed(layers):
        near = positions[keys]
        table[slots] = 0
        table[slots] = words[keys] ^ table[near[:, 0]] ^ table[near[:, 1]] ^ table[near[:, 2]]
    return Store(len(tags), salt, _as_bytes(table))


def _built_fast(fast: Any, geometry: Geometry, tags: NDArray[np.uint8], words: _Words, xof: Xof) -> Store:
    """The same, by compiled loops."""
    n, done = len(tags), -1
    keys, slots = np.empty(n, np.int64), np.empty(n, np.int64)
    while done < n:
        salt = xof.bytes(_SALT)
        positions = geometry.positions(tags, salt)
        done = fast.peel(positions, geometry.rows, keys, slots, np.zeros(n, bool))
    table = xof.words(geometry.rows, 2)
    fast.spread(positions, words, keys, slots, table)
    return Store(n, salt, _as_bytes(table))


def _as_words(block: NDArray[np.uint8]) -> _Words:
    return np.ascontiguousarray(block).view(np.uint64).reshape(-1, 2)


def _as_bytes(words: _Words) -> NDArray[np.uint8]:
    return words.view(np.uint8).reshape(-1, VALUE)
