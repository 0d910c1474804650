"""Events encrypted to exactly their recipients, deterministic in what they say.

One 256-bit channel key per (collaboration, sender, recipient set, epoch) travels wrapped to each recipient, in front of
the ciphertext. A content is encrypted under a key derived from a salt that is a MAC of the content itself: no
counter can repeat after a restore, and the same content gives the same ciphertext (a synthetic IV: Rogaway, Shrimpton,
EUROCRYPT 2006; here the salt selects key and nonce, and is checked again after opening).
"""

from __future__ import annotations

import hmac
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from accord_schemas.canonical import digest
from accord_schemas.errors import FrameError

KEY_BYTES, TAG_BYTES = 32, 16
REASON = "the event cannot be opened"


class Owner(Protocol):
    """Who holds the private key to which channel keys are wrapped."""

    @property
    def encryption_secret(self) -> bytes:
        """That key."""


class Peer(Protocol):
    """Whose public key it is."""

    @property
    def encryption(self) -> bytes:
        """That key."""


class Channel(ABC):
    """How one profile wraps channel keys and encrypts under them.

    Attributes:
        wrap_bytes: The size of every wrap.
    """

    wrap_bytes: ClassVar[int]

    @abstractmethod
    def wrap(self, sender: Owner, recipient: Peer, key: bytes, info: bytes) -> bytes:
        """A channel key for one recipient: `wrap_bytes` bytes, other ones each time."""

    @abstractmethod
    def unwrap(self, recipient: Owner, sender: Peer, wrapped: bytes, info: bytes) -> bytes:
        """The channel key in `wrapped`.

        Raises:
            FrameError: Not wrapped for `recipient` with this `info`.
        """

    @abstractmethod
    def derive(self, key: bytes, label: bytes, *context: bytes) -> bytes:
        """32 bytes out of a key, for one purpose."""

    @abstractmethod
    def _mac(self, key: bytes, data: bytes, text: bytes) -> bytes: ...

    @abstractmethod
    def _encrypt(self, key: bytes, nonce: bytes, aad: bytes, plaintext: bytes) -> bytes: ...

    @abstractmethod
    def _decrypt(self, key: bytes, nonce: bytes, aad: bytes, ciphertext: bytes) -> bytes: ...

    def encrypt(self, key: bytes, aad: bytes, plaintext: bytes) -> tuple[bytes, bytes]:
        """Encrypt under a channel key: (salt of 32 bytes, ciphertext with tag)."""
        salt = self._salt(key, aad, plaintext)
        return salt, self.reseal(key, aad, salt, plaintext)

    def reseal(self, key: bytes, aad: bytes, salt: bytes, plaintext: bytes) -> bytes:
        """The ciphertext that `encrypt` gave together with this salt."""
        return self._encrypt(*self._message_key(key, salt), aad, plaintext)

    def decrypt(self, key: bytes, aad: bytes, salt: bytes, ciphertext: bytes) -> bytes:
        """The plaintext.

        Raises:
            FrameError: Anything is not as it was encrypted; one reason for all.
        """
        try:
            plaintext = self._decrypt(*self._message_key(key, salt), aad, ciphertext)
        except InvalidTag:
            raise FrameError(REASON) from None
        if not hmac.compare_digest(self._salt(key, aad, plaintext), salt):
            raise FrameError(REASON)
        return plaintext

    def pack(self, wraps: Sequence[bytes], ciphertext: bytes) -> bytes:
        """An encrypted payload: the wraps in order of the sorted recipients, then the ciphertext."""
        return b"".join([*wraps, ciphertext])

    def unpack(self, payload: bytes, recipients: int) -> tuple[list[bytes], bytes]:
        """(wraps, ciphertext) of an encrypted payload.

        Raises:
            FrameError: Too short for that many recipients.
        """
        size = recipients * self.wrap_bytes
        if recipients < 1 or len(payload) < size + TAG_BYTES:
            raise FrameError(REASON)
        return [payload[i : i + self.wrap_bytes] for i in range(0, size, self.wrap_bytes)], payload[size:]

    def _message_key(self, key: bytes, salt: bytes) -> tuple[bytes, bytes]:
        """Key and nonce of one message. The nonce is secret too: with a fixed one, a search of 128-bit keys would be
        shared by all messages on a log (Biham, IPL 84(3), 2002)."""
        return self.derive(key, b"accord encrypt", salt), self.derive(key, b"accord nonce", salt)[:12]

    def _salt(self, key: bytes, aad: bytes, plaintext: bytes) -> bytes:
        return self._mac(self.derive(key, b"accord mac"), len(aad).to_bytes(8, "big") + aad, plaintext)


class AesChannel(Channel):
    """Encrypts by AES-256-GCM, under keys that SHA-256 and HMAC-SHA256 derive; wrapping is left to the kind."""

    def derive(self, key: bytes, label: bytes, *context: bytes) -> bytes:
        """SHA-256 over label, key and context."""
        return digest(label, key, *context)

    def _mac(self, key: bytes, data: bytes, text: bytes) -> bytes:
        mac = hmac.new(key, data, "sha256")
        mac.update(text)
        return mac.digest()

    def _encrypt(self, key: bytes, nonce: bytes, aad: bytes, plaintext: bytes) -> bytes:
        return AESGCM(key).encrypt(nonce, plaintext, aad)

    def _decrypt(self, key: bytes, nonce: bytes, aad: bytes, ciphertext: bytes) -> bytes:
        return AESGCM(key).decrypt(nonce, ciphertext, aad)
