"""From base transfers to the leaves of the extension: of four seeds the server knows all but the one it chose.

One transfer out of four is a tree of two transfers out of two (all-but-one as in SoftSpokenOT, Roy, CRYPTO 2022). Leaf
x belongs to the element x of F4, high bit first; the server's factor Δ names the leaf that it misses.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.psi import ristretto
from accord_protocols.primitives.psi.ot import base
from accord_protocols.primitives.psi.ot.codes import F4, Code
from accord_protocols.primitives.psi.ot.f4 import SYMBOLS, Bits, Factors
from accord_protocols.primitives.psi.ot.f4 import Secret as Factored
from accord_protocols.primitives.xof import Xof
from accord_schemas.canonical import digest
from accord_schemas.errors import ProtocolError

Block = NDArray[np.uint8]
Leaves = NDArray[np.uint8]
"""``(SYMBOLS, 4, KEY)`` at the leader; ``(SYMBOLS, 3, KEY)`` at the server, leaf x + Δ at x − 1. Of bits 2 and 1."""


@dataclass(frozen=True, eq=False)
class Answer:
    """What the leader says to a server's points.

    Attributes:
        point: ``(1, 32) uint8``.
        corrections: ``(SYMBOLS, 2, KEY) uint8``; none of bits.
    """

    point: Block
    corrections: Block


@dataclass(frozen=True, eq=False)
class Secret:
    """What a server keeps of an exchange."""

    factors: Factored = field(repr=False)
    leaves: Leaves = field(repr=False)

    @property
    def words(self) -> int:
        """64-bit words of a vector."""
        return len(self.leaves) // (32 if isinstance(self.factors, Factors) else 64)


class Server:
    """A server's side.

    Args:
        sid: 32 bytes, of the edge.
        xof: Draws factors and scalars; an equal one gives an equal server.
        code: That of the exchange.
    """

    def __init__(self, sid: bytes, xof: Xof, code: Code = F4) -> None:
        bits = np.frombuffer(xof.bytes(code.transfers), np.uint8) & np.uint8(1)
        self._factors: Factored = Bits(bits)
        if code is F4:
            low, high = bits.reshape(2, SYMBOLS)
            self._factors, bits = Factors(low, high), np.stack([1 - high, 1 - low], axis=1).ravel()
        self._receiver = base.Receiver(bits, sid, xof)

    @property
    def points(self) -> Block:
        """What the leader gets: ``(transfers, 32) uint8``."""
        return self._receiver.points

    def learn(self, answer: Answer) -> Secret:
        """All leaves but one of every symbol.

        Raises:
            ProtocolError: Another shape, or an unacceptable point.
        """
        shape = (0 if isinstance(self._factors, Bits) else SYMBOLS, 2, base.KEY)
        if answer.corrections.dtype != np.uint8 or answer.corrections.shape != shape:
            raise ProtocolError("corrections of an exchange are not acceptable")
        keys = self._receiver.receive(answer.point)
        if isinstance(self._factors, Bits):
            return Secret(self._factors, keys[:, None])
        low, high, every = self._factors.low, self._factors.high, np.arange(SYMBOLS)
        tree = np.zeros((SYMBOLS, 2, 2, base.KEY), np.uint8)
        tree[every, 1 - high] = _children(keys[0::2])
        column = answer.corrections[every, 1 - low] ^ keys[1::2]  # the XOR of both leaves of that low bit
        tree[every, high, 1 - low] = column ^ tree[every, 1 - high, 1 - low]
        missing = 2 * high + low
        return Secret(self._factors, tree.reshape(SYMBOLS, 4, -1)[every[:, None], missing[:, None] ^ np.arange(1, 4)])


def answer(points: Block, sid: bytes, xof: Xof, code: Code = F4) -> tuple[Answer, Leaves]:
    """The leader's side: what the server gets, and all leaves, ``(SYMBOLS, 4, KEY) uint8``; of bits two of each.

    Raises:
        ProtocolError: Another number of points, or an unacceptable one.
    """
    if len(points) != code.transfers:
        raise ProtocolError("points of an exchange are not acceptable")
    ristretto.check_shape(points)
    point, keys = base.send(points, sid, xof)
    if code is not F4:
        return Answer(point, np.empty((0, 2, base.KEY), np.uint8)), keys
    tree = np.stack([_children(keys[0::2, bit]) for bit in (0, 1)], axis=1)
    return Answer(point, keys[1::2] ^ tree[:, 0] ^ tree[:, 1]), tree.reshape(SYMBOLS, 4, -1)


def _children(seeds: Block) -> Block:
    """Two seeds out of each of ``(n, KEY)``: ``(n, 2, KEY)``."""
    doubled = b"".join(digest(b"accord psi ot leaf", seed.tobytes()) for seed in seeds)
    return np.frombuffer(doubled, np.uint8).reshape(-1, 2, base.KEY)
