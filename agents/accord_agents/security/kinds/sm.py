"""The kind of identity of the profile `sm`: two SM2 keys, one signs, one receives channel keys (`sm2`)."""

from __future__ import annotations

from accord_agents.security import sm2
from accord_agents.security.kinds.base import Kind


class Keys:
    """Both private keys, out of 64 secret bytes, of which each half is expanded to a number in [1, N-2]."""

    def __init__(self, secret: bytes) -> None:
        self._signing_secret = sm2.private_key(secret[:32], "signing")
        self.encryption_secret = sm2.private_key(secret[32:], "encryption")
        self.signing, self.encryption = map(sm2.public_key, (self._signing_secret, self.encryption_secret))

    def sign(self, data: bytes) -> bytes:
        """An SM2 signature with the default ID; its nonce is GmSSL's, of the operating system."""
        return sm2.sign(self._signing_secret, self.signing, data)


def check(signing: bytes, encryption: bytes) -> None:
    """Look at public keys before they are pinned.

    Raises:
        ValueError: One is no point of the curve.
    """
    sm2.check(signing)
    sm2.check(encryption)


KIND = Kind("sm2", Keys, sm2.verify, check)
