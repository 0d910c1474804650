"""Both ends of an edge, made of its primitives."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from accord_protocols.primitives.onehot import cot, halftree, portable, seeds
from accord_protocols.primitives.onehot.blocks import Permutation
from accord_protocols.primitives.xof import Xof

SID, CONTEXT, ONCE, SPARE = b"s" * 32, b"extension 0", b"n" * 16, bytes(range(16))


def stream(name: str) -> Xof:
    """A stream of its own."""
    return Xof(hashlib.sha256(name.encode()).digest(), "test")


def exchange(name: str = "") -> tuple[seeds.Secret, np.ndarray]:
    """What the sender keeps of the base transfers, and the holder's seeds."""
    sender = seeds.Sender(SID, stream(f"sender {name}"))
    answer, leaves = seeds.answer(sender.points, SID, stream(f"holder {name}"))
    return sender.learn(answer), leaves


@dataclass(frozen=True)
class Ends:
    """An edge over cells with these bins, ``(n, m)``."""

    depth: int
    bins: np.ndarray
    secret: seeds.Secret
    q: np.ndarray
    t: np.ndarray
    told: np.ndarray
    leaves: np.ndarray

    @property
    def kept(self) -> np.ndarray:
        """What the holder keeps, a row for each of the edge."""
        rows, columns = self.bins.shape
        t, own = self.t.reshape(-1, self.depth, 2), self.bins.reshape(-1)
        cells = halftree.siblings(Permutation(SID, "grow", 0), t, self.told, own)
        return cells.reshape(rows, columns * self.depth * 2)

    @property
    def sent(self) -> np.ndarray:
        """What the sender keeps."""
        return self.q.reshape(len(self.bins), -1)


def ends(bins: np.ndarray, depth: int) -> Ends:
    """An edge."""
    secret, seeds_ = exchange()
    bits = halftree.choices(bins.reshape(-1), depth).reshape(-1)
    said, t = cot.choose(seeds_, CONTEXT, ONCE, bits, SPARE)
    q = cot.accept(secret, CONTEXT, said, len(bits))
    growing, cells = Permutation(SID, "grow", 0), q.reshape(-1, depth, 2)
    told = halftree.grow(growing, cells, secret.block)
    leaves = portable.leaves(growing, cells, secret.block)[portable.places(depth)].swapaxes(0, 1)
    return Ends(depth, bins, secret, q, t, told, leaves)
