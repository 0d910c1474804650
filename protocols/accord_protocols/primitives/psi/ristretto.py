"""The prime-order group ristretto255 (RFC 9496) and hashing to it (RFC 9380)."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from itertools import repeat
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.psi import xmd
from accord_protocols.primitives.xof import Xof
from accord_schemas.errors import ProtocolError

ORDER = 2**252 + 27742317777372353535851937790883648493
POINT = 32
_BAD_POINTS = "points of the group are not acceptable"


@functools.cache
def sodium() -> ModuleType:
    """libsodium, loaded where it computes: who only checks shapes, as an agent's own process, is spared 5 MiB.

    `rbcl` unpacks its copy into a new file of the temporary folder at every import, 2.8 MB, and never removes it. A
    library that is loaded needs no name any more.
    """
    import rbcl

    Path(rbcl._sodium._name).unlink(missing_ok=True)
    return rbcl  # type: ignore[no-any-return]  # rbcl is untyped


def expand_message_xmd(message: bytes, dst: bytes, length: int) -> bytes:
    """`length` uniform bytes by SHA-512 (RFC 9380, section 5.3.1).

    Args:
        message: What is hashed.
        dst: Domain separation tag, 1 to 255 bytes.
        length: 1 to 255 · 64.

    Raises:
        ValueError: `dst` or `length` out of range.
    """
    return xmd.expand_message_xmd(xmd.SHA512, message, dst, length)


def hash_to_group(message: bytes, dst: bytes) -> bytes:
    """A point (32 bytes) whose logarithm nobody knows: hash_to_ristretto255 (RFC 9380, appendix B)."""
    point: bytes = sodium().crypto_core_ristretto255_from_hash(expand_message_xmd(message, dst, 64))
    return point


def random_scalar(xof: Xof) -> bytes:
    """A uniform scalar in [1, ORDER), 32 bytes little-endian."""
    return (1 + xof.below(ORDER - 1)).to_bytes(32, "little")


def multiply(scalar: bytes, points: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Points times a scalar.

    Args:
        scalar: From `random_scalar`.
        points: ``(n, 32) uint8``.

    Returns:
        ``(n, 32) uint8``.

    Raises:
        ProtocolError: Another shape, an encoding that is not canonical, or the identity.
    """
    check_shape(points)
    return multiply_each(repeat(scalar, len(points)), points)


def multiply_each(scalars: Iterable[bytes], points: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Every point times a scalar of its own; as `multiply`."""
    check_shape(points)
    times = sodium().crypto_scalarmult_ristretto255
    try:
        products = [times(scalar, point.tobytes()) for scalar, point in zip(scalars, points, strict=True)]
    except RuntimeError:  # libsodium refuses both kinds, and a product that is the identity
        raise ProtocolError(_BAD_POINTS) from None
    return np.frombuffer(b"".join(products), np.uint8).reshape(-1, POINT)


def multiply_base(scalars: Iterable[bytes]) -> NDArray[np.uint8]:
    """The generator times every scalar: ``(n, 32) uint8``."""
    times = sodium().crypto_scalarmult_ristretto255_base
    products = [times(scalar) for scalar in scalars]
    return np.frombuffer(b"".join(products), np.uint8).reshape(-1, POINT)


def subtract(left: NDArray[np.uint8], right: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Differences of points, each ``(n, 32) uint8``; the identity, which is all zeros, where they are equal.

    Raises:
        ProtocolError: Another shape, the identity, or an encoding that is not canonical: the library would answer with
            zeros.
    """
    for points in (left, right):
        check_points(points)
    minus = sodium().crypto_core_ristretto255_sub
    differences = [minus(a.tobytes(), b.tobytes()) for a, b in zip(left, right, strict=True)]
    return np.frombuffer(b"".join(differences), np.uint8).reshape(-1, POINT)


def check_points(points: NDArray[np.uint8]) -> None:
    """Refuse what is no array of points that a peer may send.

    Raises:
        ProtocolError: Another shape, an encoding that is not canonical, or the identity.
    """
    check_shape(points)
    valid = sodium().crypto_core_ristretto255_is_valid_point
    if not points.any(axis=1).all() or not all(valid(point.tobytes()) for point in points):
        raise ProtocolError(_BAD_POINTS)


def check_shape(points: NDArray[np.uint8]) -> None:
    """Refuse what is not ``(n, 32) uint8``, each below 2^255: the libsodium of rbcl 1.1 passes over the highest bit.

    With it a point would have two encodings, one more than what tells points apart can know.

    Raises:
        ProtocolError: Another shape or type, or the bit is set.
    """
    shaped = points.dtype == np.uint8 and points.ndim == 2 and points.shape[1] == POINT
    if not shaped or (points[:, -1] >> 7).any():
        raise ProtocolError(_BAD_POINTS)
