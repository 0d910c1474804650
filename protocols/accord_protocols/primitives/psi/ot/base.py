"""Base oblivious transfers: of two keys the receiver learns the one it chose, and the sender does not learn which.

Bellare and Micali (CRYPTO '89) on ristretto255, the receiver moving first: its two public keys add up to a point whose
logarithm nobody has, so that it knows the secret of one alone. The keys are random; they come out of the exchange.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.psi import ristretto
from accord_protocols.primitives.xof import Xof
from accord_schemas.canonical import digest
from accord_schemas.errors import ProtocolError

KEY = 16
"""Bytes of a key."""
_DST = b"ACCORD-V01-PSI-OT-ristretto255_XMD:SHA-512_R255MAP_RO_"
_BAD = "base transfers are not acceptable"


class Receiver:
    """The side that chooses.

    Args:
        choices: ``(n,) uint8``, zeros and ones.
        sid: 32 bytes, the session.
        xof: Draws the secret scalars; an equal one gives an equal receiver.

    Attributes:
        points: What the sender gets: one of two public keys for every choice, ``(n, 32) uint8``.
    """

    def __init__(self, choices: NDArray[np.uint8], sid: bytes, xof: Xof) -> None:
        self._choices, self._sid = choices, sid
        self._scalars = [ristretto.random_scalar(xof) for _ in choices]
        public = ristretto.multiply_base(self._scalars)
        self.points = np.where(choices[:, None] == 0, public, ristretto.subtract(_whole(sid, len(choices)), public))

    def receive(self, answer: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The chosen keys, ``(n, KEY) uint8``.

        Args:
            answer: ``(1, 32) uint8`` from `send`.

        Raises:
            ProtocolError: Another shape, or a point that is not canonical or the identity.
        """
        if answer.shape != (1, ristretto.POINT):
            raise ProtocolError(_BAD)
        shared = ristretto.multiply_each(self._scalars, np.repeat(answer, len(self._scalars), axis=0))
        return _keys(self._sid, answer, self.points, self._choices, shared)


def send(points: NDArray[np.uint8], sid: bytes, xof: Xof) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The other side: what the receiver needs, and both keys of every transfer.

    A public key is multiplied before anything is added to it: multiplying checks it, adding would not.

    Args:
        points: ``(n, 32) uint8``, a receiver's.
        sid: 32 bytes, the session.
        xof: Draws one secret scalar.

    Returns:
        A point ``(1, 32) uint8``, and keys ``(n, 2, KEY) uint8``.

    Raises:
        ProtocolError: Another shape, a point that is not canonical or the identity, or whose other key is the identity.
    """
    scalar = ristretto.random_scalar(xof)
    answer = ristretto.multiply_base([scalar])
    zero = ristretto.multiply(scalar, points)
    one = ristretto.subtract(ristretto.multiply(scalar, _whole(sid, 1)).repeat(len(points), axis=0), zero)
    if not one.any(axis=1).all():
        raise ProtocolError(_BAD)
    choices = np.zeros(len(points), np.uint8)
    keys = [_keys(sid, answer, points, choices + i, shared) for i, shared in enumerate((zero, one))]
    return answer, np.stack(keys, axis=1)


def _whole(sid: bytes, count: int) -> NDArray[np.uint8]:
    point = ristretto.hash_to_group(b"sum of both keys", _DST + sid)
    return np.frombuffer(point, np.uint8).reshape(1, -1).repeat(count, axis=0)


def _keys(
    sid: bytes,
    answer: NDArray[np.uint8],
    points: NDArray[np.uint8],
    choices: NDArray[np.uint8],
    shared: NDArray[np.uint8],
) -> NDArray[np.uint8]:
    """Hash what both sides share of each transfer; its number, both messages and the choice are bound in."""
    context = digest(b"accord psi ot base", sid, answer.tobytes())
    keys = (
        digest(context, number.to_bytes(4, "big"), bytes([choice]), point.tobytes(), secret.tobytes())[:KEY]
        for number, (point, choice, secret) in enumerate(zip(points, choices, shared, strict=True))
    )
    return np.frombuffer(b"".join(keys), np.uint8).reshape(-1, KEY)
