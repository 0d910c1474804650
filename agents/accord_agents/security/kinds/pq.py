"""The kind of identity of the profile `pq`, for what lies on logs until there are quantum computers.

Both keys are hybrids: one makes composite signatures of ML-DSA-65 and Ed25519 (`composite`), one receives channel keys
by X-Wing, ML-KEM-768 with X25519 (`xwing`). Who breaks one of the two algorithms, old or new, has nothing.
"""

from __future__ import annotations

from cryptography.exceptions import UnsupportedAlgorithm

from accord_agents.security import composite, xwing
from accord_agents.security.kinds.base import Kind
from accord_schemas.canonical import digest
from accord_schemas.errors import UsageError


class Keys:
    """Both private keys, out of 64 secret bytes: one half gives the seeds of a signer, the other is X-Wing's seed."""

    def __init__(self, secret: bytes) -> None:
        names = ("ml-dsa-65", "ed25519")
        self._signer = composite.Signer(b"".join(digest(b"accord pq", name, secret[:32]) for name in names))
        self.encryption_secret = secret[32:]
        self.signing, self.encryption = self._signer.public, xwing.public_key(secret[32:])

    def sign(self, data: bytes) -> bytes:
        """A composite signature, 3,373 bytes."""
        return self._signer.sign(data)


def check(signing: bytes, encryption: bytes) -> None:
    """Look at public keys before they are pinned.

    Raises:
        ValueError: One is no key, one for which anybody can sign, or one to which nothing can be encrypted.
    """
    composite.check(signing)
    xwing.check(encryption)


def _kind() -> Kind:
    try:
        Keys(bytes(64))
    except UnsupportedAlgorithm:
        raise UsageError(
            "the profile pq needs ML-KEM and ML-DSA, which the installed cryptography was built without.",
            hint="Install the wheel of PyPI: pip install --upgrade --only-binary cryptography cryptography",
        ) from None
    return Kind(composite.ALGORITHM, Keys, composite.verify, check)


KIND = _kind()
