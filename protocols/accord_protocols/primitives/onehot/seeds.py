"""From 128 base transfers to the seeds of the extension: of sixteen in each group the sender misses one, its Δ's.

One out of 16 is a tree of four transfers out of two, and the holder shows that all its leaves are consistent before the
sender uses any (SoftSpokenOT, Roy, CRYPTO 2022, figures 11 and 13). Four bits of Δ, high bit first, name the leaf that
is missed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.psi import ristretto
from accord_protocols.primitives.psi.ot import base
from accord_protocols.primitives.xof import Xof
from accord_schemas.canonical import digest
from accord_schemas.errors import ProtocolError

BITS = 128
"""Of Δ, and base transfers."""
DEPTH = 4
GROUPS, LEAVES = BITS // DEPTH, 1 << DEPTH
Bytes = NDArray[np.uint8]
INCONSISTENT = "an oblivious transfer is inconsistent"
"""What is said of every failed check: the same, so that it tells nothing of Δ."""


@dataclass(frozen=True, eq=False)
class Answer:
    """What the holder says to a sender's points.

    Attributes:
        point: ``(1, 32)``.
        corrections: ``(BITS, 2, 16)``, of each level the sums of both sides, under the base keys.
        proofs: ``(GROUPS, 64)``: a sum and a hash over all leaves.
    """

    point: Bytes
    corrections: Bytes
    proofs: Bytes

    def digest(self, points: Bytes) -> bytes:
        """Of the whole exchange, which later checks bind."""
        said = (points, self.point, self.corrections, self.proofs)
        return digest(b"accord onehot exchange", *(part.tobytes() for part in said))


@dataclass(frozen=True, eq=False)
class Secret:
    """What a sender keeps.

    Attributes:
        delta: ``(BITS,)`` bits.
        seeds: ``(GROUPS, LEAVES, 16)``, zeros at the leaf that it misses.
    """

    delta: Bytes = field(repr=False)
    seeds: Bytes = field(repr=False)

    @property
    def block(self) -> NDArray[np.uint64]:
        """Δ as a block, ``(2,)``."""
        return np.packbits(self.delta, bitorder="little").view("<u8").astype(np.uint64)

    @property
    def missing(self) -> NDArray[np.int64]:
        """``(GROUPS,)``: which leaf of each group it misses."""
        weights = 1 << np.arange(DEPTH)[::-1]
        return self.delta.reshape(GROUPS, DEPTH).astype(np.int64) @ weights


class Sender:
    """The side that has Δ, and receives the base transfers.

    Args:
        sid: 32 bytes, of the edge and its direction.
        xof: Draws Δ and scalars; an equal one gives an equal sender. Another history, another Δ.
    """

    def __init__(self, sid: bytes, xof: Xof) -> None:
        self._sid = sid
        self._delta = np.unpackbits(np.frombuffer(xof.bytes(BITS // 8), np.uint8), bitorder="little")
        self._receiver = base.Receiver(1 - self._delta, sid, xof)  # of each level it learns the side beside its path

    @property
    def points(self) -> Bytes:
        """What the holder gets: ``(BITS, 32)``."""
        return self._receiver.points

    def learn(self, answer: Answer) -> Secret:
        """All seeds but one of every group.

        Raises:
            ProtocolError: Another shape, an unacceptable point, or leaves that are not those of the proofs.
        """
        if answer.corrections.shape != (BITS, 2, base.KEY) or answer.proofs.shape != (GROUPS, 64):
            raise ProtocolError(INCONSISTENT)
        keys, delta = self._receiver.receive(answer.point), self._delta
        opened = answer.corrections[np.arange(BITS), 1 - delta] ^ keys  # the sum of the side beside the path
        opened = opened.reshape(GROUPS, DEPTH, base.KEY)
        every, level, path = np.arange(GROUPS), np.zeros((GROUPS, 1, base.KEY), np.uint8), np.zeros(GROUPS, np.int64)
        for depth in range(DEPTH):
            bit = delta.reshape(GROUPS, DEPTH)[:, depth].astype(np.int64)
            level = _children(level)
            level[every, 2 * path], level[every, 2 * path + 1] = 0, 0  # what grows from a missing node means nothing
            known = np.bitwise_xor.reduce(_side(level, 1 - bit), axis=1)
            level[every, 2 * path + 1 - bit] = opened[:, depth] ^ known
            path = 2 * path + bit
        seeds, marks = _leaves(level)
        sums, hashes = answer.proofs[:, :32], answer.proofs[:, 32:]
        marks[every, path] = 0
        marks[every, path] = sums ^ np.bitwise_xor.reduce(marks, axis=1)
        if not np.array_equal(_hashes(marks), hashes):
            raise ProtocolError(INCONSISTENT)
        seeds[every, path] = 0
        return Secret(delta, seeds)


def answer(points: Bytes, sid: bytes, xof: Xof) -> tuple[Answer, Bytes]:
    """The holder's side: what the sender gets, and all seeds ``(GROUPS, LEAVES, 16)``.

    Raises:
        ProtocolError: Another number of points, or an unacceptable one.
    """
    ristretto.check_shape(points)
    if len(points) != BITS:
        raise ProtocolError(INCONSISTENT)
    point, keys = base.send(points, sid, xof)
    level = np.frombuffer(xof.bytes(GROUPS * base.KEY), np.uint8).reshape(GROUPS, 1, base.KEY)
    sums = np.empty((GROUPS, DEPTH, 2, base.KEY), np.uint8)
    for depth in range(DEPTH):
        level = _children(level)
        for side in (0, 1):
            sums[:, depth, side] = np.bitwise_xor.reduce(level[:, side::2], axis=1)
    seeds, marks = _leaves(level)
    proofs = np.hstack([np.bitwise_xor.reduce(marks, axis=1), _hashes(marks)])
    return Answer(point, sums.reshape(BITS, 2, -1) ^ keys, proofs), seeds


def _side(level: Bytes, side: NDArray[np.int64]) -> Bytes:
    """The nodes of one side of each group, ``(GROUPS, k, 16)``."""
    pairs = level.reshape(len(level), -1, 2, base.KEY)
    return np.where(side[:, None, None] == 1, pairs[:, :, 1], pairs[:, :, 0])


def _children(level: Bytes) -> Bytes:
    """``(GROUPS, k, 16)`` to ``(GROUPS, 2k, 16)``."""
    return _expanded(level, b"accord onehot node").reshape(len(level), -1, base.KEY)


def _leaves(level: Bytes) -> tuple[Bytes, Bytes]:
    """Of every leaf a seed of 16 bytes, and a mark of 32 by which it is checked."""
    seeds = _expanded(level, b"accord onehot seed")[..., : base.KEY].copy()
    return seeds, _expanded(level, b"accord onehot mark").copy()


def _hashes(marks: Bytes) -> Bytes:
    said = b"".join(digest(b"accord onehot marks", group.tobytes()) for group in marks)
    return np.frombuffer(said, np.uint8).reshape(-1, 32)


def _expanded(level: Bytes, label: bytes) -> Bytes:
    """A hash of every node, ``(..., 32)``."""
    flat = level.reshape(-1, base.KEY)
    hashes = b"".join(digest(label, node.tobytes()) for node in flat)
    return np.frombuffer(hashes, np.uint8).reshape(*level.shape[:-1], 32).copy()
