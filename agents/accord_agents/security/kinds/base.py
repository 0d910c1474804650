"""What a kind of identity is. Who only verifies needs no more of a profile than this and its hash."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


class Keys(Protocol):
    """The private keys of an identity, whatever its kind.

    Attributes:
        signing: The public key that checks signatures.
        encryption: The public key to which channel keys are wrapped.
        encryption_secret: The private key that unwraps them, 32 bytes.
    """

    signing: bytes
    encryption: bytes
    encryption_secret: bytes

    def sign(self, data: bytes) -> bytes:
        """A signature, of one size for all of a kind."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind.

    Args:
        algorithm: The name of its signature algorithm, as evidence says it.
        keys: The private keys in 64 secret bytes.
        verify: Whether the owner of a public signing key signed data: key, data, signature.
        check: Looks at two public keys before they are pinned, signing and encryption: ValueError unless they can be
            used.
    """

    algorithm: str
    keys: Callable[[bytes], Keys]
    verify: Callable[[bytes, bytes, bytes], bool]
    check: Callable[[bytes, bytes], None]
