"""The default profile's channel: HPKE in auth mode, AES-256-GCM."""

from __future__ import annotations

from Crypto.Protocol import DH, HPKE

from accord_agents.security.channels.base import KEY_BYTES, REASON, TAG_BYTES, AesChannel, Owner, Peer
from accord_schemas.errors import FrameError


class DefaultChannel(AesChannel):
    """HPKE in auth mode (RFC 9180: X25519, HKDF-SHA256, AES-256-GCM) around channel keys."""

    wrap_bytes = 32 + KEY_BYTES + TAG_BYTES  # encapsulated key, wrapped key, tag

    def wrap(self, sender: Owner, recipient: Peer, key: bytes, info: bytes) -> bytes:
        """A wrap that tells its recipient who made it."""
        receiver = DH.import_x25519_public_key(recipient.encryption)
        own = DH.import_x25519_private_key(sender.encryption_secret)
        box = HPKE.new(receiver_key=receiver, aead_id=HPKE.AEAD.AES256_GCM, sender_key=own, info=info)
        wrapped: bytes = box.seal(key)
        return bytes(box.enc) + wrapped

    def unwrap(self, recipient: Owner, sender: Peer, wrapped: bytes, info: bytes) -> bytes:
        """The channel key in `wrapped`, which `sender` made."""
        try:
            own = DH.import_x25519_private_key(recipient.encryption_secret)
            other = DH.import_x25519_public_key(sender.encryption)
            box = HPKE.new(
                receiver_key=own, aead_id=HPKE.AEAD.AES256_GCM, enc=wrapped[:32], sender_key=other, info=info
            )
            return bytes(box.unseal(wrapped[32:]))
        except ValueError:
            raise FrameError(REASON) from None


DEFAULT_CHANNEL = DefaultChannel()
