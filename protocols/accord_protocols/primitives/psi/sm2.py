"""The group of the SM2 curve (GM/T 0003.5): points of 33 bytes, scalars of 32, both big-endian; hashing by SM3.

OpenSSL multiplies where it is found, by a ladder that takes the same time for every scalar; else this module's own
formulas do, in gmpy2 and in no constant time. Both give the same bytes.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator
from functools import cache, partial
from itertools import repeat

import numpy as np
from gmpy2 import mpz
from numpy.typing import NDArray

from accord_protocols.primitives.libcrypto import BIGNUM, INTEGER, POINTER, SIZE, load, number
from accord_protocols.primitives.psi.weierstrass import Affine, Curve
from accord_protocols.primitives.psi.xmd import SM3, expand_message_xmd
from accord_protocols.primitives.xof import Xof
from accord_schemas.errors import ProtocolError

P = 0xFFFFFFFE_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_00000000_FFFFFFFF_FFFFFFFF
B = 0x28E9FA9E_9D9F5E34_4D5A9E4B_CF6509A7_F39789F5_15AB8F92_DDBCBD41_4D940E93
ORDER = 0xFFFFFFFE_FFFFFFFF_FFFFFFFF_FFFFFFFF_7203DF6B_21C6052B_53BBF409_39D54123
GX = 0x32C4AE2C_1F198119_5F990446_6A39C994_8FE30BBF_F2660BE1_715A4589_334C74C7
GY = 0xBC3736A2_F4F6779C_59BDCEE3_6B692153_D0A9877C_C62A4740_02DF32E5_2139F0A0
CURVE = Curve(mpz(P), mpz(B), ORDER, (mpz(GX), mpz(GY)), z=mpz(-9))
POINT = 33
_NID, _COMPRESSED = 1172, 2  # of OpenSSL: NID_sm2, POINT_CONVERSION_COMPRESSED
_BAD_POINTS = "points of the group are not acceptable"
_FUNCTIONS = {
    **BIGNUM,
    "BN_clear_free": (None, [POINTER]),
    "BN_CTX_new": (POINTER, []),
    "BN_CTX_free": (None, [POINTER]),
    "EC_GROUP_new_by_curve_name": (POINTER, [INTEGER]),
    "EC_GROUP_free": (None, [POINTER]),
    "EC_POINT_new": (POINTER, [POINTER]),
    "EC_POINT_clear_free": (None, [POINTER]),
    "EC_POINT_mul": (INTEGER, [POINTER] * 6),
    "EC_POINT_oct2point": (INTEGER, [POINTER, POINTER, ctypes.c_char_p, SIZE, POINTER]),
    "EC_POINT_point2oct": (SIZE, [POINTER, POINTER, INTEGER, ctypes.c_char_p, SIZE, POINTER]),
    "ERR_clear_error": (None, []),
}


def hash_to_group(message: bytes, dst: bytes) -> bytes:
    """A point whose logarithm nobody knows: two maps of simplified SWU, Z = −9, XMD of SM3, L = 48 (RFC 9380)."""
    return encode(CURVE.hash_to_curve(message, dst, partial(expand_message_xmd, SM3)))


def random_scalar(xof: Xof) -> bytes:
    """A uniform scalar in [1, ORDER), 32 bytes."""
    return (1 + xof.below(ORDER - 1)).to_bytes(32, "big")


def multiply(scalar: bytes, points: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Points times a scalar; as `multiply_each`."""
    check_shape(points)
    return multiply_each(repeat(scalar, len(points)), points)


def multiply_each(scalars: Iterable[bytes], points: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Every point times a scalar of its own.

    Args:
        scalars: From `random_scalar`.
        points: ``(n, 33) uint8``.

    Returns:
        ``(n, 33) uint8``.

    Raises:
        ProtocolError: Another shape, an encoding that is not canonical, or the identity.
    """
    check_shape(points)
    work = zip(scalars, (point.tobytes() for point in points), strict=True)
    library = libcrypto()
    return _block(by_gmpy2(work) if library is None else openssl(library, work))


def multiply_base(scalars: Iterable[bytes]) -> NDArray[np.uint8]:
    """The generator times every scalar: ``(n, 33) uint8``."""
    scalars = list(scalars)
    return multiply_each(scalars, np.repeat(_block([encode(CURVE.base)]), len(scalars), axis=0))


def check_points(points: NDArray[np.uint8]) -> None:
    """Refuse what is no array of points that a peer may send.

    Raises:
        ProtocolError: Another shape, an encoding that is not canonical, or the identity.
    """
    check_shape(points)
    for point in points:
        decode(point.tobytes())


def check_shape(points: NDArray[np.uint8]) -> None:
    """Refuse what is not ``(n, 33) uint8``.

    Raises:
        ProtocolError: Another shape or type.
    """
    if points.dtype != np.uint8 or points.ndim != 2 or points.shape[1] != POINT:
        raise ProtocolError(_BAD_POINTS)


def encode(point: Affine) -> bytes:
    """Compressed: 2 or 3 by the parity of y, then x (SEC 1, section 2.3.3).

    Raises:
        ProtocolError: The identity, which has no encoding of that length.
    """
    if point is None:
        raise ProtocolError(_BAD_POINTS)
    x, y = point
    return bytes([2 + int(y % 2)]) + int(x).to_bytes(32, "big")


def decode(encoded: bytes) -> tuple[mpz, mpz]:
    """The point of an encoding (SEC 1, section 2.3.4). The order is prime: every point but the identity generates all.

    Raises:
        ProtocolError: No encoding, or not below p, or of no point of the curve.
    """
    x = mpz(int.from_bytes(encoded[1:], "big"))
    y = CURVE.root(CURVE.right(x)) if encoded[0] in (2, 3) and x < P else None
    if y is None:
        raise ProtocolError(_BAD_POINTS)
    return x, y if y % 2 == encoded[0] - 2 else P - y


def by_gmpy2(work: Iterable[tuple[bytes, bytes]]) -> Iterator[bytes]:
    """Products of scalars and points, encoded."""
    for scalar, point in work:
        yield encode(CURVE.multiply(int.from_bytes(scalar, "big"), decode(point)))


def openssl(library: ctypes.CDLL, work: Iterable[tuple[bytes, bytes]]) -> Iterator[bytes]:
    """`by_gmpy2` by `library`."""
    group, context = library.EC_GROUP_new_by_curve_name(_NID), library.BN_CTX_new()
    source, target, found = library.EC_POINT_new(group), library.EC_POINT_new(group), ctypes.create_string_buffer(POINT)
    before, factor = b"", None
    try:
        for scalar, point in work:
            if scalar != before:  # a server's is the same for all
                library.BN_clear_free(factor)
                before, factor = scalar, number(library, int.from_bytes(scalar, "big"))
            made = (
                library.EC_POINT_oct2point(group, source, point, POINT, context)
                and library.EC_POINT_mul(group, target, None, source, factor, context)
                and library.EC_POINT_point2oct(group, target, _COMPRESSED, found, POINT, context) == POINT
            )
            if not made:
                library.ERR_clear_error()
                raise ProtocolError(_BAD_POINTS)
            yield found.raw
    finally:
        library.BN_clear_free(factor)
        library.EC_POINT_clear_free(source)
        library.EC_POINT_clear_free(target)
        library.BN_CTX_free(context)
        library.EC_GROUP_free(group)


@cache
def libcrypto() -> ctypes.CDLL | None:
    """The system's OpenSSL 3, tested against gmpy2 once per process; None if there is any doubt."""
    library = load(_FUNCTIONS)
    return library if library is not None and _agrees(library) else None


def _agrees(library: ctypes.CDLL) -> bool:
    """Some builds have no SM2: there a new group is a null pointer."""
    group = library.EC_GROUP_new_by_curve_name(_NID)
    if not group:
        library.ERR_clear_error()
        return False
    library.EC_GROUP_free(group)
    scalars = [scalar.to_bytes(32, "big") for scalar in (1, ORDER // 3, ORDER - 2)]
    work = [(scalar, encode(CURVE.base)) for scalar in scalars]
    try:
        return list(openssl(library, work)) == list(by_gmpy2(work))
    except ProtocolError:
        return False


def _block(points: Iterable[bytes]) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(points), np.uint8).reshape(-1, POINT)
