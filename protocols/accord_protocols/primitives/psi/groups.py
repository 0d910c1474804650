"""Groups of prime order in which an alignment by Diffie-Hellman may work."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.psi import ristretto, sm2
from accord_protocols.primitives.xof import Xof
from accord_schemas.suites import DEFAULT, SM, SUITES, Suite

Points = NDArray[np.uint8]


@dataclass(frozen=True)
class Group:
    """A group; every function that takes points refuses what is not canonical, and the identity, as a ProtocolError.

    Args:
        name: The scheme of an agreement that works in it.
        dst: Domain separation tag of its hash, before that of a session.
        order: Its prime order.
        byteorder: Of scalars, which have 32 bytes.
        width: Bytes of a point.
        suite: Whose hash makes tags of points.
        hash_to_group: Message and tag to a point whose logarithm nobody knows.
        random_scalar: A uniform scalar that is not 0.
        multiply: ``(n, width) uint8`` times one scalar.
        multiply_each: The same, times a scalar for each.
        multiply_base: The generator times each of some scalars.
        check_points: That these are points.
        check_shape: That they have the shape of points.
    """

    name: str
    dst: bytes
    order: int
    byteorder: Literal["little", "big"]
    width: int
    suite: Suite
    hash_to_group: Callable[[bytes, bytes], bytes]
    random_scalar: Callable[[Xof], bytes]
    multiply: Callable[[bytes, Points], Points]
    multiply_each: Callable[[Iterable[bytes], Points], Points]
    multiply_base: Callable[[Iterable[bytes]], Points]
    check_points: Callable[[Points], None]
    check_shape: Callable[[Points], None]


RISTRETTO = Group(
    "ecdh",
    b"ACCORD-V01-PSI-ECDH-ristretto255_XMD:SHA-512_R255MAP_RO_",
    ristretto.ORDER,
    "little",
    ristretto.POINT,
    SUITES[DEFAULT],
    ristretto.hash_to_group,
    ristretto.random_scalar,
    ristretto.multiply,
    ristretto.multiply_each,
    ristretto.multiply_base,
    ristretto.check_points,
    ristretto.check_shape,
)
SM2 = Group(
    "sm2",
    b"ACCORD-V01-PSI-ECDH-SM2_XMD:SM3_SSWU_RO_",
    sm2.ORDER,
    "big",
    sm2.POINT,
    SUITES[SM],
    sm2.hash_to_group,
    sm2.random_scalar,
    sm2.multiply,
    sm2.multiply_each,
    sm2.multiply_base,
    sm2.check_points,
    sm2.check_shape,
)
