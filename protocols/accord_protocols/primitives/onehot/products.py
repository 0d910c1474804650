"""A bit of the holder times a number of the sender, in shares: 4 bytes a row from the holder, a number back.

The hash is TMMO with a tweak that follows from the sender's secret, its history, its numbers and what the holder said:
a sender that was set back to an earlier state repeats no pad.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.onehot.blocks import Blocks, Permutation, hashed

Words = NDArray[np.uint64]
Bits = NDArray[np.uint8]


def send(sid: bytes, number: int, q: Blocks, delta: Words, nonce: bytes, x: Words) -> tuple[Words, Words]:
    """The sender: what it tells, ``(n,)``, and its share of bit · x modulo 2^64, ``(n,)``.

    Args:
        sid: Of the edge and its direction.
        number: Of the extension.
        q: ``(n, 2)``.
        delta: ``(2,)``.
        nonce: 16 bytes, the tweak.
        x: ``(n,)``.
    """
    permutation = Permutation(sid, "bit", number)
    zero = hashed(permutation, np.ascontiguousarray(q), nonce)[:, 0].copy()
    one = hashed(permutation, q ^ delta, nonce)[:, 0]
    return zero - one + x, np.uint64(0) - zero


def receive(sid: bytes, number: int, t: Blocks, bits: Bits, nonce: bytes, told: Words) -> Words:
    """The holder's share, ``(n,)``."""
    pad = hashed(Permutation(sid, "bit", number), np.ascontiguousarray(t), nonce)[:, 0]
    return np.where(bits == 1, told + pad, pad)
