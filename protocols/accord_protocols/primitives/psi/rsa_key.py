"""RSA keys of the alignment. They serve one OPRF and never a signature."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import gmpy2

from accord_protocols.primitives.full_domain import width
from accord_protocols.primitives.primes import prime
from accord_protocols.primitives.xof import Xof

E = 65537


@dataclass(frozen=True, repr=False)
class PrivateKey:
    """The two primes of a modulus, the larger one first; ``e`` is `E`."""

    p: int
    q: int

    def __repr__(self) -> str:
        return f"PrivateKey(<{self.n.bit_length()} secret bits>)"

    @staticmethod
    def generate(bits: int, xof: Xof) -> PrivateKey:
        """A key whose modulus has exactly `bits` bits (even); both primes uniform among those with e ∤ p − 1."""
        first = _prime(bits // 2, xof)
        while (second := _prime(bits // 2, xof)) == first:
            pass
        return PrivateKey(max(first, second), min(first, second))

    @cached_property
    def n(self) -> int:
        """The public modulus."""
        return self.p * self.q

    @property
    def width(self) -> int:
        """Bytes of a number modulo n."""
        return width(self.n)

    @cached_property
    def d(self) -> int:
        """The private exponent, ``e^-1 mod (p−1)(q−1)``."""
        return int(gmpy2.invert(E, (self.p - 1) * (self.q - 1)))

    @cached_property
    def crt(self) -> tuple[int, int, int]:
        """``d mod p−1``, ``d mod q−1`` and ``q^-1 mod p`` (RFC 8017, section 3.2)."""
        return self.d % (self.p - 1), self.d % (self.q - 1), int(gmpy2.invert(self.q, self.p))

    def encode(self) -> bytes:
        """Both primes, big-endian, for an encrypted keystore."""
        size = (self.p.bit_length() + 7) // 8
        return self.p.to_bytes(size, "big") + self.q.to_bytes(size, "big")

    @staticmethod
    def decode(data: bytes) -> PrivateKey:
        """The key that `encode` wrote."""
        half = len(data) // 2
        return PrivateKey(int.from_bytes(data[:half], "big"), int.from_bytes(data[half:], "big"))


def _prime(bits: int, xof: Xof) -> int:
    return prime(bits, xof, low=1, accept=lambda p: p % E != 1)
