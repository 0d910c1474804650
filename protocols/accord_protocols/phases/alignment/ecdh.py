"""Diffie-Hellman in a group as the OPRF of the star: a server's key is k·G, and a blinded id a point."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from accord_protocols.kernel.effects import Fields


class Ecdh:
    """See `accord_protocols.phases.alignment.oprf.Oprf`.

    Args:
        name: The scheme, by which its tasks are called.
        point: Bytes of a point.
    """

    def __init__(self, name: str, point: int) -> None:
        self.name, self._point = name, point
        self.secrets: tuple[str, ...] = (name,)
        self.make, self.check = f"keys.{name}.make", f"keys.{name}.check"
        self.blind, self.evaluate, self.tag, self.finalise = (
            f"{name}.{step}" for step in ("blind", "evaluate", "tag", "finalise")
        )

    def width(self, key: NDArray[np.uint8]) -> int:
        """Bytes of a point."""
        return self._point

    def id_bytes(self, key_bits: int) -> int:
        """The same, whatever was agreed."""
        return self._point

    def terms(self, key: NDArray[np.uint8]) -> Fields:
        """Nothing: blinding needs no key."""
        return {}
