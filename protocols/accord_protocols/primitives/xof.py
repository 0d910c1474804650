"""Extendable output: every random value inside a protocol comes from here, and from nowhere else.

A stream is AES-256 in counter mode under a key derived by SHA-256 from (parent key, label). The parent key is the
root seed bound to a transcript, or 32 bytes of the operating system for keys. Equal key and label, equal stream,
on every machine.
"""

from __future__ import annotations

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from numpy.typing import NDArray

from accord_schemas.canonical import digest


class Xof:
    """A deterministic random stream.

    Args:
        key: 32 secret bytes.
        label: What the stream is for; parts are joined without ambiguity.
    """

    def __init__(self, key: bytes, *label: str | bytes | int) -> None:
        if len(key) != 32:
            raise ValueError("an Xof key has 32 bytes")
        parts = [part if isinstance(part, bytes | str) else str(part) for part in label]
        self._key = digest(b"accord xof", key, *parts)
        self._stream = Cipher(algorithms.AES(self._key), modes.CTR(bytes(16))).encryptor()

    def __repr__(self) -> str:
        return "Xof(<secret>)"

    def fork(self, *label: str | bytes | int) -> Xof:
        """A stream of its own for `label`; independent of how much was read here."""
        return Xof(self._key, "fork", *label)

    def bytes(self, count: int) -> bytes:
        """The next `count` bytes."""
        return self._stream.update(bytes(count))

    def bits(self, count: int) -> int:
        """A uniform integer of `count` bits."""
        size = -(-count // 8)
        return int.from_bytes(self.bytes(size), "big") >> (8 * size - count)

    def below(self, bound: int) -> int:
        """A uniform integer in [0, bound), by rejection."""
        if bound < 1:
            raise ValueError("bound must be positive")
        size = (bound - 1).bit_length()
        while (value := self.bits(size)) >= bound:
            pass
        return value

    def words(self, *shape: int) -> NDArray[np.uint64]:
        """Uniform 64-bit words of the given shape."""
        count = int(np.prod(shape))
        return np.frombuffer(self.bytes(8 * count), "<u8").reshape(shape).copy()

    def permutation(self, count: int) -> NDArray[np.int64]:
        """A uniform permutation of range(count): the order of 128-bit words (collisions below 2^-80)."""
        keys = self.words(count, 2)
        order = np.argsort(keys[:, 1])  # several times as fast as by both words, which the second tells apart
        ordered = keys[order, 1]
        if (ordered[1:] == ordered[:-1]).any():
            order = np.lexsort((keys[:, 0], keys[:, 1]))
        return order.astype(np.int64)
