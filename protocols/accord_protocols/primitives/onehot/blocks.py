"""AES as a public permutation of 128-bit blocks, under another key for each use and every 4,096 rows of an edge.

One key for all would let an attacker hold one table of its blocks against all cells of all runs (the multi-instance
attack of Guo, Katz, Wang, Weng and Yu, CRYPTO 2020).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from numpy.typing import NDArray

from accord_schemas.canonical import digest

ROWS = 4096
"""Rows of an edge that share a key: the parts in which tasks work."""
BLOCK = 16
"""Bytes."""
Blocks = NDArray[np.uint64]
"""``(..., 2)``: blocks as two little-endian words."""
Use = Literal["grow", "leaf", "bit", "table"]


class Permutation:
    """Blocks in, blocks out. What a call returns is overwritten by the next one.

    Args:
        sid: 32 bytes, of the edge and its direction.
        use: What it serves.
        number: Of the block of rows, or of the extension.

    Attributes:
        key: 16 bytes, no secret.
    """

    def __init__(self, sid: bytes, use: Use, number: int) -> None:
        self.key = digest(b"accord onehot permutation", sid, use, number.to_bytes(8, "big"))[:BLOCK]
        self._cipher = Cipher(algorithms.AES(self.key), modes.ECB()).encryptor()  # noqa: S305 - a permutation
        self._out = np.empty(0, np.uint8)

    def __call__(self, x: Blocks) -> Blocks:
        """π of every block; `x` is contiguous."""
        if self._out.size < x.nbytes + BLOCK - 1:  # the cipher asks for so much room
            self._out = np.empty(x.nbytes + BLOCK - 1, np.uint8)
        self._cipher.update_into(x.data.cast("B"), self._out.data)
        return self._out[: x.nbytes].view(np.uint64).reshape(x.shape)


def hashed(permutation: Permutation, x: Blocks, tweak: bytes) -> Blocks:
    """TMMO, π(π(x) ⊕ τ) ⊕ π(x): tweakable circular correlation robust for an ideal π (the same authors, S&P 2020)."""
    y = permutation(x).copy()
    z = permutation(y ^ block(tweak))
    return z ^ y


def block(data: bytes) -> NDArray[np.uint64]:
    """16 bytes as a block, ``(2,)``."""
    return np.frombuffer(data, "<u8").astype(np.uint64)
