"""The channel of the profile `pq`: HPKE with X-Wing, AES-256-GCM."""

from __future__ import annotations

from accord_agents.security import xwing
from accord_agents.security.channels.base import KEY_BYTES, REASON, AesChannel, Owner, Peer
from accord_schemas.errors import FrameError


class PqChannel(AesChannel):
    """HPKE in base mode with X-Wing around channel keys.

    Base mode does not tell who encrypted, and X-Wing has no other. That the sender made a wrap, the frame's signature
    says, which covers the payload with all wraps; `info`, to which a wrap is bound, names collaboration, sender and
    recipients, so that one copied out of another's frame does not open.
    """

    wrap_bytes = xwing.OVERHEAD + KEY_BYTES

    def wrap(self, sender: Owner, recipient: Peer, key: bytes, info: bytes) -> bytes:
        """A wrap that only a signed frame attributes to its sender."""
        return xwing.encrypt(recipient.encryption, key, info)

    def unwrap(self, recipient: Owner, sender: Peer, wrapped: bytes, info: bytes) -> bytes:
        """The channel key in `wrapped`."""
        try:
            return xwing.decrypt(recipient.encryption_secret, wrapped, info)
        except ValueError:
            raise FrameError(REASON) from None


PQ_CHANNEL = PqChannel()
