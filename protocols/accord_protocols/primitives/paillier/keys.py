"""Paillier keys with Damgård-Jurik-Nielsen obfuscation.

Source: Damgård, Jurik, Nielsen, "A generalization of Paillier's public-key system with applications to electronic
voting", International Journal of Information Security 9 (2010), section 4: p ≡ q ≡ 3 mod 4, gcd(p−1, q−1) = 2,
h = −x², h_s = h^n mod n². The plain numbers n, p and q are those of `phe`: a key without h_s came from there.

Only n is published. Who answers multiplies with ``r^n`` for an r of its own, so that no base chosen by the owner, such
as an h_s of order 3, is ever raised to a secret.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import gmpy2
import numpy as np
from gmpy2 import mpz
from numpy.typing import NDArray

from accord_protocols.primitives.permutation import Statement
from accord_protocols.primitives.primes import ROUNDS, prime
from accord_protocols.primitives.xof import Xof
from accord_schemas.errors import ProtocolError

_BAD_KEY = "a public key is not of the agreed form"


@dataclass(frozen=True)
class PublicKey:
    """The modulus ``n``: all that others need, who randomise by ``r^n`` and never by h_s."""

    n: int

    @cached_property
    def n_squared(self) -> mpz:
        """The modulus of ciphertexts."""
        return mpz(self.n) ** 2

    @property
    def bits(self) -> int:
        """Bits of n."""
        return self.n.bit_length()

    @cached_property
    def width(self) -> int:
        """Bytes of a ciphertext."""
        return (int(self.n_squared).bit_length() + 7) // 8

    def verify(self, proof: NDArray[np.uint8], sid: bytes, bits: int) -> None:
        """Refuse a received key unless it is proven that gcd(n, φ(n)) = 1: only then is `encrypt_uniform` uniform.

        Args:
            proof: From `PrivateKey.prove`.
            sid: 32 bytes, the session.
            bits: The length of n that was agreed.

        Raises:
            ProtocolError: One reason for all.
        """
        if self.bits != bits or gmpy2.is_prime(self.n, ROUNDS) or not _permutes(self.n, sid).holds(proof):
            raise ProtocolError(_BAD_KEY)


@dataclass(frozen=True)
class PrivateKey:
    """The primes of n, and ``hs``, the base of the owner's own obfuscators: None for a key of `phe`."""

    p: int = field(repr=False)
    q: int = field(repr=False)
    hs: int | None = field(repr=False)

    @cached_property
    def public(self) -> PublicKey:
        """What others may know."""
        return PublicKey(self.p * self.q)

    def prove(self, sid: bytes) -> NDArray[np.uint8]:
        """Show that gcd(n, φ(n)) = 1.

        Without it the owner of n could read from the randomness of what others answer (CVE-2023-33241 is a modulus of
        that kind); Canetti, Gennaro, Goldfeder, Makriyannis, Peled, CCS 2020, prove the same of theirs.

        Args:
            sid: 32 bytes, the session.

        Returns:
            ``(ROOTS, bytes of n) uint8``, see `Statement`.
        """
        return _permutes(self.public.n, sid).prove((self.p, self.q))

    def encode(self) -> bytes:
        """Fixed-width p, q and hs (0 where it is None), for an encrypted keystore."""
        size = _prime_size(self.p, self.q)
        return self.p.to_bytes(size, "big") + self.q.to_bytes(size, "big") + (self.hs or 0).to_bytes(4 * size, "big")

    @staticmethod
    def decode(data: bytes) -> PrivateKey:
        """The key that `encode` wrote."""
        size, rest = divmod(len(data), 6)
        if not size or rest:
            raise ValueError("not an encoded Paillier key")
        p, q, hs = (int.from_bytes(part, "big") for part in (data[:size], data[size : 2 * size], data[2 * size :]))
        return PrivateKey(p, q, hs or None)


def generate(bits: int, xof: Xof) -> PrivateKey:
    """A fresh key whose n has exactly `bits` bits (even)."""
    if bits % 2 or bits < 16:
        raise ValueError("the length of a Paillier modulus is even and at least 16 bits")
    p = _prime(bits // 2, xof)
    while gmpy2.gcd(p - 1, (q := _prime(bits // 2, xof)) - 1) != 2:  # also excludes q = p
        pass
    n = p * q
    while gmpy2.gcd(x := xof.below(n), n) != 1:
        pass
    return PrivateKey(p, q, int(gmpy2.powmod(-x * x, n, mpz(n) ** 2)))


def _permutes(n: int, sid: bytes) -> Statement:
    return Statement(b"accord paillier proof", sid, n, n)


def _prime(bits: int, xof: Xof) -> int:
    return prime(bits, xof, low=3)


def _prime_size(p: int, q: int) -> int:
    return (max(p, q).bit_length() + 7) // 8
