"""HPKE (RFC 9180, base mode) with X-Wing: one secret out of ML-KEM-768 (FIPS 203) and X25519 (RFC 7748).

X-Wing (draft-connolly-cfrg-xwing-kem; KEM 0x647a, MLKEM768-X25519 in draft-ietf-hpke-pq) hashes both shared secrets
with X25519's ciphertext and key by SHA3-256; a private key is a seed of 32 bytes, which SHAKE-256 expands to those of
both. Here with HKDF-SHA256 and AES-256-GCM.
"""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from accord_agents.security import ed25519

KEY_BYTES = 1184 + 32
OVERHEAD = 1088 + 32 + 16
"""How much longer than its plaintext a ciphertext is: both encapsulations, and the tag."""
_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def public_key(seed: bytes) -> bytes:
    """The public key of a private one: ML-KEM's, then X25519's."""
    ml_kem, x25519 = _halves(seed)
    return ml_kem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()


def check(public: bytes) -> None:
    """Look at a public key before it is pinned.

    Raises:
        ValueError: It is none, or one to which nothing can be encrypted.
    """
    if len(public) != KEY_BYTES:
        raise ValueError("no X-Wing key")
    MLKEM768PublicKey.from_public_bytes(public[:-32])  # refuses coefficients that are not reduced (FIPS 203, 7.2)
    ed25519.check_exchange(public[-32:])


def encrypt(public: bytes, plaintext: bytes, info: bytes) -> bytes:
    """A ciphertext bound to `info`, other ones each time: ``OVERHEAD`` bytes longer than the plaintext."""
    halves = MLKEM768PublicKey.from_public_bytes(public[:-32]), X25519PublicKey.from_public_bytes(public[-32:])
    return _SUITE.encrypt(plaintext, MLKEM768X25519PublicKey(*halves), info=info)


def decrypt(seed: bytes, ciphertext: bytes, info: bytes) -> bytes:
    """The plaintext.

    Raises:
        ValueError: It was changed, is for another key, or was bound to something else.
    """
    try:
        return _SUITE.decrypt(ciphertext, MLKEM768X25519PrivateKey(*_halves(seed)), info=info)
    except InvalidTag:
        raise ValueError("the ciphertext cannot be opened") from None


def _halves(seed: bytes) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
    expanded = hashlib.shake_256(seed).digest(96)
    return MLKEM768PrivateKey.from_seed_bytes(expanded[:64]), X25519PrivateKey.from_private_bytes(expanded[64:])
