"""Composite signatures of ML-DSA-65 (FIPS 204) and Ed25519 (RFC 8032): both sign one text, and both have to hold.

The algorithm is `id-MLDSA65-Ed25519-SHA512` (OID 1.3.6.1.5.5.7.6.48; draft-ietf-lamps-pq-composite-sigs, sections 3
and 6), with the empty context. Keys and signatures are those of ML-DSA, then those of Ed25519. The label in what is
signed, and in ML-DSA's own context, keeps a half from passing for a signature of its algorithm alone.
"""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA65PublicKey

from accord_agents.security import ed25519

ALGORITHM = "ml-dsa-65+ed25519"
KEY_BYTES, SIGNATURE_BYTES = 1952 + 32, 3309 + 64
_PREFIX, _LABEL = b"CompositeAlgorithmSignatures2025", b"COMPSIG-MLDSA65-Ed25519-SHA512"


class Signer:
    """Both private keys.

    Args:
        seeds: Of ML-DSA-65 and of Ed25519, 32 bytes each.

    Attributes:
        public: The public key, `KEY_BYTES` bytes.
    """

    def __init__(self, seeds: bytes) -> None:
        self._ml_dsa = MLDSA65PrivateKey.from_seed_bytes(seeds[:32])
        self._ed25519 = Ed25519PrivateKey.from_private_bytes(seeds[32:])
        halves = self._ml_dsa.public_key().public_bytes_raw(), self._ed25519.public_key().public_bytes_raw()
        self.public = b"".join(halves)

    def sign(self, data: bytes) -> bytes:
        """A signature, `SIGNATURE_BYTES` bytes; ML-DSA's half is randomised."""
        text = representative(data)
        return self._ml_dsa.sign(text, _LABEL) + self._ed25519.sign(text)


def representative(data: bytes) -> bytes:
    """What both halves sign: prefix ‖ label ‖ length of the context, 0 ‖ SHA-512 of the data."""
    return b"".join([_PREFIX, _LABEL, b"\0", hashlib.sha512(data).digest()])


def verify(public: bytes, data: bytes, signature: bytes) -> bool:
    """Whether the owner of a public key signed `data`, with both halves."""
    if len(public) != KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    text = representative(data)
    try:
        MLDSA65PublicKey.from_public_bytes(public[:-32]).verify(signature[:-64], text, _LABEL)
    except InvalidSignature:
        return False
    return ed25519.verify(public[-32:], text, signature[-64:])


def check(public: bytes) -> None:
    """Look at a public key before it is pinned.

    Raises:
        ValueError: It is none, or one for which anybody can sign.
    """
    if len(public) != KEY_BYTES:
        raise ValueError("no composite signing key")
    if not any(public[32:-32]):  # t = 0: signatures hold that nobody needed a secret for
        raise ValueError("an empty ML-DSA key")
    MLDSA65PublicKey.from_public_bytes(public[:-32])
    ed25519.check_signing(public[-32:])
