"""ECDH on ristretto255 as the OPRF of the star: a server's key is k·G, and a blinded id a point."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from accord_protocols.kernel.effects import Fields
from accord_protocols.primitives.psi.ristretto import POINT


class Ecdh:
    """See `accord_protocols.phases.alignment.oprf.Oprf`."""

    name = "ecdh"
    secrets: tuple[str, ...] = ("ecdh",)
    make, check = "keys.ecdh.make", "keys.ecdh.check"
    blind, evaluate, tag, finalise = "ecdh.blind", "ecdh.evaluate", "ecdh.tag", "ecdh.finalise"

    def width(self, key: NDArray[np.uint8]) -> int:
        """Bytes of a point."""
        return POINT

    def id_bytes(self, key_bits: int) -> int:
        """The same, whatever was agreed."""
        return POINT

    def terms(self, key: NDArray[np.uint8]) -> Fields:
        """Nothing: blinding needs no key."""
        return {}
