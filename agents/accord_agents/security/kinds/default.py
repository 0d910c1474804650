"""The default kind of identity: Ed25519 (RFC 8032) signs, X25519 (RFC 7748) receives channel keys."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from accord_agents.security import ed25519
from accord_agents.security.kinds.base import Kind


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


KIND = Kind("ed25519", Keys, ed25519.verify, ed25519.check)
