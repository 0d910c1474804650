"""Sealing of events: encrypted to exactly their recipients, deterministic in what they say.

One 256-bit channel key per (collaboration, sender, recipient set, epoch) travels wrapped by HPKE (RFC 9180, auth mode)
to each recipient, in front of the ciphertext. A content is sealed under a key derived from a salt that is a MAC of the
content itself: no counter can repeat after a restore, and the same content gives the same ciphertext.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from Crypto.Protocol import DH, HPKE
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from accord_agents.security.identity import Identity, PublicIdentity
from accord_schemas.canonical import digest
from accord_schemas.errors import FrameError

KEY_BYTES = 32
WRAP_BYTES = 32 + KEY_BYTES + 16
"""Encapsulated key, wrapped key, tag."""
_NONCE = bytes(12)  # every message has a key of its own
_REASON = "the event cannot be opened"


def wrap(sender: Identity, recipient: PublicIdentity, key: bytes, info: bytes) -> bytes:
    """A channel key for one recipient, which learns from it who sent it: ``WRAP_BYTES`` bytes."""
    receiver = DH.import_x25519_public_key(recipient.sealing)
    own = DH.import_x25519_private_key(sender.sealing_secret)
    box = HPKE.new(receiver_key=receiver, aead_id=HPKE.AEAD.AES256_GCM, sender_key=own, info=info)
    sealed: bytes = box.seal(key)
    return bytes(box.enc) + sealed


def unwrap(recipient: Identity, sender: PublicIdentity, wrapped: bytes, info: bytes) -> bytes:
    """The channel key in `wrapped`.

    Raises:
        FrameError: Not wrapped by `sender` for `recipient` with this `info`.
    """
    try:
        own = DH.import_x25519_private_key(recipient.sealing_secret)
        other = DH.import_x25519_public_key(sender.sealing)
        box = HPKE.new(receiver_key=own, aead_id=HPKE.AEAD.AES256_GCM, enc=wrapped[:32], sender_key=other, info=info)
        return bytes(box.unseal(wrapped[32:]))
    except ValueError:
        raise FrameError(_REASON) from None


def seal(key: bytes, aad: bytes, plaintext: bytes) -> tuple[bytes, bytes]:
    """Seal under a channel key: (salt of 32 bytes, ciphertext with tag)."""
    salt = _salt(key, aad, plaintext)
    return salt, AESGCM(digest(b"accord seal", key, salt)).encrypt(_NONCE, plaintext, aad)


def open_sealed(key: bytes, aad: bytes, salt: bytes, ciphertext: bytes) -> bytes:
    """The plaintext.

    Raises:
        FrameError: Anything is not as it was sealed; one reason for all.
    """
    try:
        plaintext = AESGCM(digest(b"accord seal", key, salt)).decrypt(_NONCE, ciphertext, aad)
    except InvalidTag:
        raise FrameError(_REASON) from None
    if not hmac.compare_digest(_salt(key, aad, plaintext), salt):
        raise FrameError(_REASON)
    return plaintext


def pack(wraps: Sequence[bytes], ciphertext: bytes) -> bytes:
    """A sealed payload: the wraps in order of the sorted recipients, then the ciphertext."""
    return b"".join([*wraps, ciphertext])


def unpack(payload: bytes, recipients: int) -> tuple[list[bytes], bytes]:
    """(wraps, ciphertext) of a sealed payload.

    Raises:
        FrameError: Too short for that many recipients.
    """
    size = recipients * WRAP_BYTES
    if recipients < 1 or len(payload) < size + 16:
        raise FrameError(_REASON)
    return [payload[i : i + WRAP_BYTES] for i in range(0, size, WRAP_BYTES)], payload[size:]


def _salt(key: bytes, aad: bytes, plaintext: bytes) -> bytes:
    mac = hmac.new(digest(b"accord mac", key), len(aad).to_bytes(8, "big") + aad, "sha256")
    mac.update(plaintext)
    return mac.digest()
