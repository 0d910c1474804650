"""Encryption of what a party keeps for itself in its journal: its words and the results of its jobs."""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from accord_schemas.errors import TamperError


class StorageCipher:
    """AES-256-GCM under the party's storage key, which lives in the keystore."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def __repr__(self) -> str:
        return "StorageCipher(<secret>)"

    def encrypt(self, body: bytes, aad: bytes) -> bytes:
        """Nonce and ciphertext, bound to `aad`."""
        nonce = os.urandom(12)
        return nonce + self._cipher.encrypt(nonce, body, aad)

    def decrypt(self, encrypted: bytes, aad: bytes) -> bytes:
        """What was encrypted.

        Raises:
            TamperError: It was changed, or belongs elsewhere.
        """
        try:
            return self._cipher.decrypt(encrypted[:12], encrypted[12:], aad)
        except (InvalidTag, ValueError):
            raise TamperError("a row of the journal was changed.") from None
