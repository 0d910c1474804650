"""A full-domain hash: numbers modulo n that nobody chose."""

from __future__ import annotations

import hashlib

import gmpy2

from accord_schemas.canonical import digest

_EXCESS_BITS = 128  # bits beyond the modulus, so that the reduced hash is uniform up to 2^-128


class FullDomainHash:
    """A hash into [0, n): MGF1-SHA-256 (RFC 8017, B.2.1) of a digest of purpose, sid, n and the input.

    Args:
        purpose: What the numbers are for; no two purposes share any.
        sid: 32 bytes, the session.
        n: The modulus.
    """

    def __init__(self, purpose: bytes, sid: bytes, n: int) -> None:
        self._context = digest(purpose, sid, n.to_bytes(width(n), "big"))
        self._n = gmpy2.mpz(n)
        self._size = (n.bit_length() + _EXCESS_BITS + 7) // 8
        self._counters = [i.to_bytes(4, "big") for i in range((self._size + 31) // 32)]

    def __call__(self, data: bytes) -> gmpy2.mpz:
        """The number of `data`."""
        seed = digest(self._context, data)
        stream = b"".join(hashlib.sha256(seed + counter).digest() for counter in self._counters)
        return int.from_bytes(stream[: self._size], "big") % self._n


def width(n: int) -> int:
    """Bytes of a number modulo `n`."""
    return (n.bit_length() + 7) // 8
