"""How many ids two parties have in common, and nothing else (De Cristofaro, Gasti, Tsudik, CANS 2012).

B sends its hashed ids times b, shuffled; A returns them times a, shuffled again, with its own times a; B multiplies
those by b and counts the points that occur on both sides. Only B learns the count. Scalars, sample and domain are fresh
for every gate and are never those of the alignment.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.psi.ristretto import check_shape, hash_to_group, multiply
from accord_protocols.primitives.psi.tags import as_strings
from accord_protocols.primitives.xof import Xof
from accord_schemas.errors import ProtocolError

SAMPLE = 2000
"""Ids of the smaller set that take part on average; a smaller set up to this size takes part wholly."""

_DST = b"ACCORD-V01-PSI-CA-ristretto255_XMD:SHA-512_R255MAP_RO_"


def is_sampled(sizes: tuple[int, int]) -> bool:
    """Whether a gate between sets of these announced sizes looks at a sample only."""
    return min(sizes) > SAMPLE


def sample(ids: Sequence[str], key: bytes, sizes: tuple[int, int]) -> list[str]:
    """The ids that take part: those with F_K(id) below a bound, so that both parties choose alike.

    Args:
        ids: Normalised ids.
        key: 32 bytes that both parties' nonces determine.
        sizes: The announced sizes of both sets, in either order.
    """
    if not is_sampled(sizes):
        return list(ids)
    bound = (SAMPLE << 64) // min(sizes)

    def hashed(identifier: str) -> int:
        h = hashlib.blake2b(identifier.encode(), key=key, digest_size=8, person=b"accord psi gate")
        return int.from_bytes(h.digest(), "big")

    return [identifier for identifier in ids if hashed(identifier) < bound]


def blind(ids: Sequence[str], scalar: bytes, domain: bytes, xof: Xof) -> NDArray[np.uint8]:
    """Texts hashed to the group, times `scalar`, shuffled: ``(len(ids), 32) uint8``.

    Args:
        ids: Distinct normalised ids, or column names.
        scalar: From `ristretto.random_scalar`.
        domain: What is compared, and the session: up to 200 bytes.
        xof: Draws the order.
    """
    hashed = b"".join(hash_to_group(identifier.encode(), _DST + domain) for identifier in ids)
    return _shuffled(multiply(scalar, np.frombuffer(hashed, np.uint8).reshape(-1, 32)), xof)


def reblind(points: NDArray[np.uint8], scalar: bytes, xof: Xof) -> NDArray[np.uint8]:
    """A peer's points ``(n, 32) uint8``, times `scalar`, shuffled.

    Raises:
        ProtocolError: A point is repeated, not canonical, or the identity.
    """
    products = multiply(scalar, points)
    _check_distinct(products)
    return _shuffled(products, xof)


def count(double_blinded_own: NDArray[np.uint8], double_blinded_other: NDArray[np.uint8]) -> int:
    """How many points occur in both, each ``(n, 32) uint8``.

    Raises:
        ProtocolError: Another shape, or a point is repeated.
    """
    for points in (double_blinded_own, double_blinded_other):
        check_shape(points)
        _check_distinct(points)
    return len(np.intersect1d(as_strings(double_blinded_own), as_strings(double_blinded_other), assume_unique=True))


def _shuffled(points: NDArray[np.uint8], xof: Xof) -> NDArray[np.uint8]:
    return points[xof.permutation(len(points))]


def _check_distinct(points: NDArray[np.uint8]) -> None:
    if len(np.unique(as_strings(points))) != len(points):
        raise ProtocolError("points of the group are not distinct")
