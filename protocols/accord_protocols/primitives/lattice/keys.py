"""Keys of the lattice engine: a ternary secret for each of the two rings, and an encryption of zero under it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.xof import Xof


@dataclass(frozen=True, eq=False)
class PublicKey:
    """What others may know of a key: per ring ``-a·s + e``, with `a` derived from session and owner."""

    context: bytes

    @staticmethod
    def decode(sid: bytes, owner: str, large: NDArray[np.uint8], small: NDArray[np.uint8]) -> PublicKey:
        """A published key.

        Args:
            sid: 32 bytes, the session.
            owner: Whose it is.
            large: ``(1, width) uint8``, of the ring of 16,384.
            small: ``(1, width) uint8``, of the ring of 8,192.

        Raises:
            ProtocolError: It is not of the one form.
        """
        raise NotImplementedError

    def encode(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """``large`` and ``small``, as `decode` reads them."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class SecretKey:
    """A party's secret, uniform in {-1, 0, 1}^N for each ring."""

    context: bytes = field(repr=False)

    @staticmethod
    def generate(sid: bytes, owner: str, xof: Xof) -> SecretKey:
        """A fresh key of `owner` in session `sid`."""
        raise NotImplementedError

    @property
    def public(self) -> PublicKey:
        """What others may know."""
        raise NotImplementedError

    def encode(self) -> bytes:
        """For an encrypted keystore."""
        raise NotImplementedError

    @staticmethod
    def decode(data: bytes) -> SecretKey:
        """The key that `encode` wrote."""
        raise NotImplementedError
