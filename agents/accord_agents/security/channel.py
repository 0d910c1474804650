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
from typing import ClassVar

from Crypto.Protocol import DH, HPKE
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC

from accord_agents.security.identity import Identity, PublicIdentity
from accord_schemas.canonical import digest, framed
from accord_schemas.errors import FrameError
from accord_schemas.suites import DEFAULT, SM, sm3

KEY_BYTES, TAG_BYTES = 32, 16
_REASON = "the event cannot be opened"


class Channel(ABC):
    """How one profile wraps channel keys and encrypts under them.

    Attributes:
        wrap_bytes: The size of every wrap.
    """

    wrap_bytes: ClassVar[int]

    @abstractmethod
    def wrap(self, sender: Identity, recipient: PublicIdentity, key: bytes, info: bytes) -> bytes:
        """A channel key for one recipient: `wrap_bytes` bytes, other ones each time."""

    @abstractmethod
    def unwrap(self, recipient: Identity, sender: PublicIdentity, wrapped: bytes, info: bytes) -> bytes:
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
        """Seal under a channel key: (salt of 32 bytes, ciphertext with tag)."""
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
            raise FrameError(_REASON) from None
        if not hmac.compare_digest(self._salt(key, aad, plaintext), salt):
            raise FrameError(_REASON)
        return plaintext

    def pack(self, wraps: Sequence[bytes], ciphertext: bytes) -> bytes:
        """A encrypted payload: the wraps in order of the sorted recipients, then the ciphertext."""
        return b"".join([*wraps, ciphertext])

    def unpack(self, payload: bytes, recipients: int) -> tuple[list[bytes], bytes]:
        """(wraps, ciphertext) of an encrypted payload.

        Raises:
            FrameError: Too short for that many recipients.
        """
        size = recipients * self.wrap_bytes
        if recipients < 1 or len(payload) < size + TAG_BYTES:
            raise FrameError(_REASON)
        return [payload[i : i + self.wrap_bytes] for i in range(0, size, self.wrap_bytes)], payload[size:]

    def _message_key(self, key: bytes, salt: bytes) -> tuple[bytes, bytes]:
        """Key and nonce of one message. The nonce is secret too: with a fixed one, a search of 128-bit keys would be
        shared by all messages on a log (Biham, IPL 84(3), 2002)."""
        return self.derive(key, b"accord encrypt", salt), self.derive(key, b"accord nonce", salt)[:12]

    def _salt(self, key: bytes, aad: bytes, plaintext: bytes) -> bytes:
        return self._mac(self.derive(key, b"accord mac"), len(aad).to_bytes(8, "big") + aad, plaintext)


class DefaultChannel(Channel):
    """HPKE in auth mode (RFC 9180: X25519, HKDF-SHA256, AES-256-GCM), HMAC-SHA256, AES-256-GCM."""

    wrap_bytes = 32 + KEY_BYTES + TAG_BYTES  # encapsulated key, wrapped key, tag

    def wrap(self, sender: Identity, recipient: PublicIdentity, key: bytes, info: bytes) -> bytes:
        """A wrap that tells its recipient who made it."""
        receiver = DH.import_x25519_public_key(recipient.encryption)
        own = DH.import_x25519_private_key(sender.encryption_secret)
        box = HPKE.new(receiver_key=receiver, aead_id=HPKE.AEAD.AES256_GCM, sender_key=own, info=info)
        encrypted: bytes = box.seal(key)
        return bytes(box.enc) + encrypted

    def unwrap(self, recipient: Identity, sender: PublicIdentity, wrapped: bytes, info: bytes) -> bytes:
        """The channel key in `wrapped`, which `sender` made."""
        try:
            own = DH.import_x25519_private_key(recipient.encryption_secret)
            other = DH.import_x25519_public_key(sender.encryption)
            box = HPKE.new(
                receiver_key=own, aead_id=HPKE.AEAD.AES256_GCM, enc=wrapped[:32], sender_key=other, info=info
            )
            return bytes(box.unseal(wrapped[32:]))
        except ValueError:
            raise FrameError(_REASON) from None

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


class SmChannel(Channel):
    """SM2 encryption (GM/T 0003.4), HMAC-SM3, SM4-GCM (RFC 8998).

    SM2 encryption takes no `info` and does not tell who encrypted. So what is encrypted is the key and SM3 of `info`,
    compared when it is opened: a wrap serves one collaboration, sender and recipient set. That the sender made it, the
    frame's signature says, which covers the payload with all wraps; nobody else can make a wrap under that signature,
    and a wrap copied out of another's frame names another sender.
    """

    wrap_bytes = 65 + 32 + KEY_BYTES + 32  # C1, C3, and C2: key and SM3(info)

    def wrap(self, sender: Identity, recipient: PublicIdentity, key: bytes, info: bytes) -> bytes:
        """A wrap that only a signed frame attributes to its sender."""
        from accord_agents.security import sm2

        return sm2.encrypt(recipient.encryption, key + sm3(info))

    def unwrap(self, recipient: Identity, sender: PublicIdentity, wrapped: bytes, info: bytes) -> bytes:
        """The channel key in `wrapped`."""
        from accord_agents.security import sm2

        try:
            plain = sm2.decrypt(recipient.encryption_secret, wrapped)
        except ValueError:
            raise FrameError(_REASON) from None
        if len(plain) != KEY_BYTES + 32 or not hmac.compare_digest(plain[KEY_BYTES:], sm3(info)):
            raise FrameError(_REASON)
        return plain[:KEY_BYTES]

    def derive(self, key: bytes, label: bytes, *context: bytes) -> bytes:
        """HMAC-SM3 over label and context."""
        return self._mac(key, b"".join(framed(label, *context)), b"")

    def _mac(self, key: bytes, data: bytes, text: bytes) -> bytes:
        mac = HMAC(key, hashes.SM3())
        mac.update(data)
        mac.update(text)
        return mac.finalize()

    def _encrypt(self, key: bytes, nonce: bytes, aad: bytes, plaintext: bytes) -> bytes:
        box = Cipher(algorithms.SM4(key[:16]), modes.GCM(nonce)).encryptor()
        box.authenticate_additional_data(aad)
        return box.update(plaintext) + box.finalize() + box.tag

    def _decrypt(self, key: bytes, nonce: bytes, aad: bytes, ciphertext: bytes) -> bytes:
        if len(ciphertext) < TAG_BYTES:
            raise InvalidTag
        tag = ciphertext[-TAG_BYTES:]
        box = Cipher(algorithms.SM4(key[:16]), modes.GCM(nonce, tag)).decryptor()
        box.authenticate_additional_data(aad)
        return box.update(ciphertext[:-TAG_BYTES]) + box.finalize()


CHANNELS: dict[str, Channel] = {DEFAULT: DefaultChannel(), SM: SmChannel()}
"""By profile."""
