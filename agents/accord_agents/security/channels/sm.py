"""The channel of the profile `sm`: SM2 encryption, HMAC-SM3, SM4-GCM."""

from __future__ import annotations

import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hmac import HMAC

from accord_agents.security import sm2
from accord_agents.security.channels.base import KEY_BYTES, REASON, TAG_BYTES, Channel, Owner, Peer
from accord_schemas.canonical import framed
from accord_schemas.errors import FrameError
from accord_schemas.suites import sm3


class SmChannel(Channel):
    """SM2 encryption (GM/T 0003.4), HMAC-SM3, SM4-GCM (RFC 8998).

    SM2 encryption takes no `info` and does not tell who encrypted. So what is encrypted is the key and SM3 of `info`,
    compared when it is opened: a wrap serves one collaboration, sender and recipient set. That the sender made it, the
    frame's signature says, which covers the payload with all wraps; nobody else can make a wrap under that signature,
    and a wrap copied out of another's frame names another sender.
    """

    wrap_bytes = 65 + 32 + KEY_BYTES + 32  # C1, C3, and C2: key and SM3(info)

    def wrap(self, sender: Owner, recipient: Peer, key: bytes, info: bytes) -> bytes:
        """A wrap that only a signed frame attributes to its sender."""
        return sm2.encrypt(recipient.encryption, key + sm3(info))

    def unwrap(self, recipient: Owner, sender: Peer, wrapped: bytes, info: bytes) -> bytes:
        """The channel key in `wrapped`."""
        try:
            plain = sm2.decrypt(recipient.encryption_secret, wrapped)
        except ValueError:
            raise FrameError(REASON) from None
        if len(plain) != KEY_BYTES + 32 or not hmac.compare_digest(plain[KEY_BYTES:], sm3(info)):
            raise FrameError(REASON)
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


SM_CHANNEL = SmChannel()
