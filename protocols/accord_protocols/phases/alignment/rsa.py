"""RSA blind signatures as the OPRF of the star: a server's key is its modulus n, and a blinded id a number below n."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from accord_protocols.kernel.effects import Fields


class Rsa:
    """See `accord_protocols.phases.alignment.oprf.Oprf`."""

    name = "rsa"
    secrets: tuple[str, ...] = ("rsa",)
    make, check = "keys.oprf.make", "keys.oprf.check"
    blind, evaluate, tag, finalise = "align.blind", "align.sign", "align.tag", "align.finalise"

    def width(self, key: NDArray[np.uint8]) -> int:
        """Bytes of a number below n."""
        return int(key.shape[1])

    def id_bytes(self, key_bits: int) -> int:
        """Bytes of a number below n, before there is a key."""
        return -(-key_bits // 8)

    def terms(self, key: NDArray[np.uint8]) -> Fields:
        """The modulus."""
        return {"modulus": key}
