"""Identities of the default profile: Ed25519 (RFC 8032) signs, X25519 (RFC 7748) receives channel keys."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

ALGORITHM = "ed25519"
_PROBE = bytes(31) + b"\x01"  # any private key does to try a public one
_P = 2**255 - 19
_Y8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL = frozenset({0, 1, _P - 1, _Y8, _P - _Y8})
"""The y of all points whose order divides the cofactor 8."""


class Keys:
    """Both private keys, out of 64 secret bytes: the Ed25519 seed and the X25519 scalar. Public ones have 32 bytes."""

    def __init__(self, secret: bytes) -> None:
        self._signing = Ed25519PrivateKey.from_private_bytes(secret[:32])
        self.encryption_secret = secret[32:]
        self.signing = self._signing.public_key().public_bytes_raw()
        self.encryption = X25519PrivateKey.from_private_bytes(secret[32:]).public_key().public_bytes_raw()

    def sign(self, data: bytes) -> bytes:
        """An Ed25519 signature, 64 bytes."""
        return self._signing.sign(data)


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
    y = int.from_bytes(signing, "little") & (2**255 - 1)
    if y >= _P or y in _SMALL:  # 8·A = 0: some signatures hold for any message, and so prove nothing
        raise ValueError("a signing key of small order, or not in its one form")
    Ed25519PublicKey.from_public_bytes(signing)
    # a point of small order gives everybody the same secret; the exchange refuses it (RFC 7748, section 6.1)
    X25519PrivateKey.from_private_bytes(_PROBE).exchange(X25519PublicKey.from_public_bytes(encryption))
