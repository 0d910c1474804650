"""The OPRF in a group of prime order: a point per id, times a key that stays with its owner.

``PRF(x) = k·H(x)`` and ``OPRF(x) = hash(tag ‖ sid ‖ PRF(x) ‖ x)``: 2HashDH (Jarecki, Kiayias, Krawczyk, ASIACRYPT
2014; RFC 9497 in its base mode), H of RFC 9380. The client sends r·H(x), the server multiplies, the client divides
by r, of which every id has its own. Unlike an RSA signature a product cannot be checked without a proof: a server that
answers wrongly makes its own ids not be found. Rows are independent: a caller may work on slices of the ids, each with
its own fork of the Xof.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.psi.groups import Group
from accord_protocols.primitives.xof import Xof
from accord_schemas.errors import ProtocolError

_BAD_SIZE = "points of an exchange are not as many as were blinded"


def blind(group: Group, ids: Sequence[str], sid: bytes, xof: Xof) -> NDArray[np.uint8]:
    """``r·H(x)`` for every id, r uniform.

    Args:
        group: Where.
        ids: Normalised ids.
        sid: 32 bytes, the session.
        xof: Draws the r; keep an equal one for `finalise`.

    Returns:
        ``(len(ids), group.width) uint8``.
    """
    return group.multiply_each((group.random_scalar(xof) for _ in ids), _points(group, ids, sid))


def evaluate(group: Group, key: bytes, blinded: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Blinded points times the server's key (from `random_scalar`): ``(n, group.width) uint8``.

    Raises:
        ProtocolError: Another shape, an encoding that is not canonical, or the identity.
    """
    return group.multiply(key, blinded)


def finalise(group: Group, ids: Sequence[str], sid: bytes, evaluated: NDArray[np.uint8], xof: Xof) -> NDArray[np.uint8]:
    """Unblind, and hash to tags.

    Args:
        group: Where.
        ids: The ids that were blinded, in that order.
        sid: 32 bytes, the session.
        evaluated: ``(len(ids), group.width) uint8`` from `evaluate`.
        xof: Equal to the one that `blind` was given.

    Returns:
        Tags, ``(len(ids), 32) uint8``.

    Raises:
        ProtocolError: Another number of points, or one that is not acceptable.
    """
    group.check_shape(evaluated)
    if len(evaluated) != len(ids):
        raise ProtocolError(_BAD_SIZE)
    scalars = _inverses(group, [group.random_scalar(xof) for _ in ids])
    return _tags(group, sid, ids, group.multiply_each(scalars, evaluated))


def own_tags(group: Group, key: bytes, sid: bytes, ids: Sequence[str]) -> NDArray[np.uint8]:
    """The tags that a client gets for `ids` under `key`, computed by the key's owner: ``(len(ids), 32) uint8``."""
    return _tags(group, sid, ids, group.multiply(key, _points(group, ids, sid)))


def _points(group: Group, ids: Iterable[str], sid: bytes) -> NDArray[np.uint8]:
    hashed = b"".join(group.hash_to_group(identifier.encode(), group.dst + sid) for identifier in ids)
    return np.frombuffer(hashed, np.uint8).reshape(-1, group.width)


def _tags(group: Group, sid: bytes, ids: Sequence[str], points: NDArray[np.uint8]) -> NDArray[np.uint8]:
    tags = b"".join(
        group.suite.digest(b"accord psi ecdh tag", sid, point.tobytes(), identifier.encode())
        for identifier, point in zip(ids, points, strict=True)
    )
    return np.frombuffer(tags, np.uint8).reshape(-1, 32)


def _inverses(group: Group, scalars: list[bytes]) -> list[bytes]:
    """Inverses modulo the group's order by Montgomery's trick: one inversion, and three products per scalar."""
    numbers, products = [int.from_bytes(scalar, group.byteorder) for scalar in scalars], [1]
    for number in numbers:
        products.append(products[-1] * number % group.order)
    inverse = pow(products[-1], -1, group.order)
    result = []
    for number, before in zip(reversed(numbers), reversed(products[:-1]), strict=True):
        result.append((inverse * before % group.order).to_bytes(32, group.byteorder))
        inverse = inverse * number % group.order
    return result[::-1]
