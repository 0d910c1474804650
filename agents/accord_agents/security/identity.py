"""Who speaks: an Ed25519 key that signs frames and an X25519 key to which events are sealed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from accord_schemas.canonical import canonical_json, digest
from accord_schemas.errors import UsageError
from accord_schemas.header import PARTY

_PROBE = bytes(31) + b"\x01"  # any private key does to try a public one


@dataclass(frozen=True, slots=True)
class PublicIdentity:
    """What others pin of a party: its name and two public keys of 32 bytes."""

    party: str
    signing: bytes
    sealing: bytes

    @property
    def fingerprint(self) -> str:
        """SHA-256 over name and keys, in groups of four hex digits, for people to compare."""
        text = digest(b"accord identity", self.party, self.signing, self.sealing).hex()
        return "-".join(text[i : i + 4] for i in range(0, 40, 4))

    def verify(self, data: bytes, signature: bytes) -> bool:
        """Whether this identity signed `data`."""
        try:
            Ed25519PublicKey.from_public_bytes(self.signing).verify(signature, data)
        except (InvalidSignature, ValueError):
            return False
        return True


class Identity:
    """A party's private keys.

    Args:
        party: Its name.
        secret: 64 bytes: the Ed25519 seed and the X25519 private key, of the operating system.
    """

    def __init__(self, party: str, secret: bytes) -> None:
        if len(secret) != 64:
            raise ValueError("an identity is made of 64 secret bytes")
        self._signing = Ed25519PrivateKey.from_private_bytes(secret[:32])
        self.sealing_secret = secret[32:]
        sealing = X25519PrivateKey.from_private_bytes(secret[32:]).public_key().public_bytes_raw()
        self.public = PublicIdentity(party, self._signing.public_key().public_bytes_raw(), sealing)

    def __repr__(self) -> str:
        return f"Identity({self.public.party!r}, <secret>)"

    def sign(self, data: bytes) -> bytes:
        """An Ed25519 signature (RFC 8032)."""
        return self._signing.sign(data)

    def export(self) -> dict[str, str]:
        """The public identity as JSON, signed by itself so that a damaged copy is noticed."""
        body = _body(self.public)
        return {**body, "signature": self.sign(canonical_json(body)).hex()}


@dataclass(frozen=True, slots=True)
class _Export:
    party: str
    signing: str
    sealing: str
    signature: str = field(repr=False)


def imported(value: Any, where: str) -> PublicIdentity:
    """The public identity in an export.

    Raises:
        UsageError: It is not one, was damaged, or holds a key to which nothing can be sealed.
    """
    trouble = UsageError(
        f"{where} is no exported identity, or was damaged.", hint="Export it again with: accord keys export FILE"
    )
    try:
        export = _Export(**(json.loads(value) if isinstance(value, str | bytes) else value))
        public = PublicIdentity(export.party, bytes.fromhex(export.signing), bytes.fromhex(export.sealing))
        body = _body(public)
        signed = public.verify(canonical_json(body), bytes.fromhex(export.signature))
        named = re.fullmatch(PARTY, export.party) is not None
        # a point of small order gives everybody the same secret; the exchange refuses it (RFC 7748, section 6.1)
        X25519PrivateKey.from_private_bytes(_PROBE).exchange(X25519PublicKey.from_public_bytes(public.sealing))
    except (TypeError, ValueError, RecursionError):
        raise trouble from None
    if not (signed and named) or (export.signing, export.sealing) != (body["signing"], body["sealing"]):
        raise trouble
    return public


def _body(public: PublicIdentity) -> dict[str, str]:
    return {"party": public.party, "signing": public.signing.hex(), "sealing": public.sealing.hex()}
