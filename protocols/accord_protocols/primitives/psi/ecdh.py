"""The OPRF on ristretto255: a point per id, times a key that stays with its owner.

``PRF(x) = k·H(x)`` and ``OPRF(x) = SHA-256(tag ‖ sid ‖ PRF(x) ‖ x)``: 2HashDH (Jarecki, Kiayias, Krawczyk, ASIACRYPT
2014; RFC 9497 in its base mode), H of RFC 9380. The client sends r·H(x), the server multiplies, the client divides
by r, of which every id has its own. Unlike an RSA signature a product cannot be checked without a proof: a server that
answers wrongly makes its own ids not be found. Rows are independent: a caller may work on slices of the ids, each with
its own fork of the Xof.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.psi.ristretto import (
    ORDER,
    POINT,
    check_shape,
    hash_to_group,
    multiply,
    multiply_each,
    random_scalar,
)
from accord_protocols.primitives.xof import Xof
from accord_schemas.canonical import digest
from accord_schemas.errors import ProtocolError

_DST = b"ACCORD-V01-PSI-ECDH-ristretto255_XMD:SHA-512_R255MAP_RO_"
_BAD_SIZE = "points of an exchange are not as many as were blinded"


def blind(ids: Sequence[str], sid: bytes, xof: Xof) -> NDArray[np.uint8]:
    """``r·H(x)`` for every id, r uniform.

    Args:
        ids: Normalised ids.
        sid: 32 bytes, the session.
        xof: Draws the r; keep an equal one for `finalise`.

    Returns:
        ``(len(ids), 32) uint8``.
    """
    return multiply_each((random_scalar(xof) for _ in ids), _points(ids, sid))


def evaluate(key: bytes, blinded: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Blinded points times the server's key (from `random_scalar`): ``(n, 32) uint8``.

    Raises:
        ProtocolError: Another shape, an encoding that is not canonical, or the identity.
    """
    return multiply(key, blinded)


def finalise(ids: Sequence[str], sid: bytes, evaluated: NDArray[np.uint8], xof: Xof) -> NDArray[np.uint8]:
    """Unblind, and hash to tags.

    Args:
        ids: The ids that were blinded, in that order.
        sid: 32 bytes, the session.
        evaluated: ``(len(ids), 32) uint8`` from `evaluate`.
        xof: Equal to the one that `blind` was given.

    Returns:
        Tags, ``(len(ids), 32) uint8``.

    Raises:
        ProtocolError: Another number of points, or one that is not acceptable.
    """
    check_shape(evaluated)
    if len(evaluated) != len(ids):
        raise ProtocolError(_BAD_SIZE)
    return _tags(sid, ids, multiply_each(_inverses([random_scalar(xof) for _ in ids]), evaluated))


def own_tags(key: bytes, sid: bytes, ids: Sequence[str]) -> NDArray[np.uint8]:
    """The tags that a client gets for `ids` under `key`, computed by the key's owner: ``(len(ids), 32) uint8``."""
    return _tags(sid, ids, multiply(key, _points(ids, sid)))


def _points(ids: Iterable[str], sid: bytes) -> NDArray[np.uint8]:
    hashed = b"".join(hash_to_group(identifier.encode(), _DST + sid) for identifier in ids)
    return np.frombuffer(hashed, np.uint8).reshape(-1, POINT)


def _tags(sid: bytes, ids: Sequence[str], points: NDArray[np.uint8]) -> NDArray[np.uint8]:
    tags = b"".join(
        digest(b"accord psi ecdh tag", sid, point.tobytes(), identifier.encode())
        for identifier, point in zip(ids, points, strict=True)
    )
    return np.frombuffer(tags, np.uint8).reshape(-1, 32)


def _inverses(scalars: list[bytes]) -> list[bytes]:
    """Inverses modulo the group's order by Montgomery's trick: one inversion, and three products per scalar."""
    numbers, products = [int.from_bytes(scalar, "little") for scalar in scalars], [1]
    for number in numbers:
        products.append(products[-1] * number % ORDER)
    inverse = pow(products[-1], -1, ORDER)
    result = []
    for number, before in zip(reversed(numbers), reversed(products[:-1]), strict=True):
        result.append((inverse * before % ORDER).to_bytes(POINT, "little"))
        inverse = inverse * number % ORDER
    return result[::-1]
