"""Ed25519 (RFC 8032) and X25519 (RFC 7748): signatures, and public keys that prove or hide nothing."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

_PROBE = bytes(31) + b"\x01"  # any private key does to try a public one
_P = 2**255 - 19
_Y8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL = frozenset({0, 1, _P - 1, _Y8, _P - _Y8})
"""The y of all points whose order divides the cofactor 8."""


def verify(signing: bytes, data: bytes, signature: bytes) -> bool:
    """Whether the owner of a public key signed `data`."""
    try:
        Ed25519PublicKey.from_public_bytes(signing).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def check(signing: bytes, encryption: bytes) -> None:
    """Look at public keys before they are pinned.

    Raises:
        ValueError: One is no key, one for which anybody can sign, or one to which nothing can be encrypted.
    """
    check_signing(signing)
    check_exchange(encryption)


def check_signing(public: bytes) -> None:
    """Look at an Ed25519 key; ValueError as in `check`."""
    y = int.from_bytes(public, "little") & (2**255 - 1)
    if y >= _P or y in _SMALL:  # 8·A = 0: some signatures hold for any message, and so prove nothing
        raise ValueError("a signing key of small order, or not in its one form")
    Ed25519PublicKey.from_public_bytes(public)


def check_exchange(public: bytes) -> None:
    """Look at an X25519 key; ValueError as in `check`."""
    # a point of small order gives everybody the same secret; the exchange refuses it (RFC 7748, section 6.1)
    X25519PrivateKey.from_private_bytes(_PROBE).exchange(X25519PublicKey.from_public_bytes(public))
