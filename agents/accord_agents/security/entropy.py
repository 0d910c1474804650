"""Where keys and root seeds come from: the operating system or, for demos and tests only, one number for all."""

from __future__ import annotations

import os
from typing import Protocol

from accord_schemas.canonical import digest


class Entropy(Protocol):
    """32 secret bytes for a purpose; asked once per purpose, then kept in the keystore."""

    def secret(self, *purpose: str) -> bytes:
        """Fresh bytes of the operating system, or those that a demo's seed gives for this purpose."""


class SystemEntropy:
    """The operating system's randomness."""

    def secret(self, *purpose: str) -> bytes:
        """32 fresh bytes."""
        return os.urandom(32)


class SeedEntropy:
    """Everything from one public number: the same contents in every run, and no secrecy at all.

    Args:
        seed: The scenario's seed.
        party: This party's name.
    """

    def __init__(self, seed: int, party: str) -> None:
        self._root = digest(b"accord insecure seed", str(seed), party)

    def secret(self, *purpose: str) -> bytes:
        """The same 32 bytes each time."""
        return digest(b"accord seeded", self._root, *purpose)


def identity_secret(entropy: Entropy) -> bytes:
    """64 bytes for an identity."""
    return entropy.secret("identity", "signing") + entropy.secret("identity", "encryption")
