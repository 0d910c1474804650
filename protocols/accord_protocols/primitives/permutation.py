"""A proof that x -> x^e permutes the units modulo n: e-th roots of hashed challenges.

Goldberg, Reyzin, Sagga, Baldimtsi, "Efficient noninteractive certification of RSA moduli and beyond", ePrint 2018/057,
section 3. Without a prime factor up to 65537, a map that is no permutation reaches at most one unit in 65537. With e a
fixed prime the proof is one of an RSA key; with e = n it says gcd(n, φ(n)) = 1, on which Paillier encryption rests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import gmpy2
import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.full_domain import FullDomainHash, width
from accord_schemas.bigints import from_block, to_block

ROOTS = 9
"""Roots in a proof: a modulus that is no permutation passes with probability 65537^-9 < 2^-143."""
_SMALL = gmpy2.primorial(65537)


@dataclass(frozen=True, slots=True)
class Statement:
    """What is proven of a modulus.

    Args:
        purpose: Separates the challenges of different schemes.
        sid: 32 bytes, the session: no proof serves in another.
        n: The modulus.
        exponent: e.
    """

    purpose: bytes
    sid: bytes
    n: int
    exponent: int

    def challenges(self) -> list[int]:
        """The numbers whose roots are asked for."""
        target = FullDomainHash(self.purpose, self.sid, self.n)
        return [int(target(bytes([k]))) for k in range(ROOTS)]

    def prove(self, primes: tuple[int, int]) -> NDArray[np.uint8]:
        """The roots, computed modulo each prime of n.

        A root that is right modulo one prime alone would give the other away (Boneh, DeMillo, Lipton, EUROCRYPT '97):
        every one is checked modulo both before it leaves.

        Returns:
            ``(ROOTS, width) uint8``.

        Raises:
            ArithmeticError: A root is wrong: the machine computes wrongly.
        """
        challenges = self.challenges()
        roots = self._roots(primes, challenges)
        for prime in primes:
            power = self.exponent % (prime - 1)
            for root, challenge in zip(roots, challenges, strict=True):
                if gmpy2.powmod(root, power, prime) != challenge % prime:
                    raise ArithmeticError("a root of a proof is wrong: this machine computes wrongly")
        return to_block(roots, width(self.n))

    def holds(self, proof: NDArray[np.uint8]) -> bool:
        """Whether `proof` shows it: no prime factor up to 65537, and every root below n is one."""
        if proof.dtype != np.uint8 or proof.shape != (ROOTS, width(self.n)) or gmpy2.gcd(self.n, _SMALL) != 1:
            return False
        pairs = zip(from_block(proof), self.challenges(), strict=True)
        return all(r < self.n and gmpy2.powmod(r, self.exponent, self.n) == challenge for r, challenge in pairs)

    def _roots(self, primes: tuple[int, int], challenges: Sequence[int]) -> list[int]:
        p, q = map(gmpy2.mpz, primes)
        powers = [gmpy2.invert(self.exponent, prime - 1) for prime in (p, q)]
        inverse = gmpy2.invert(q, p)

        def root(challenge: int) -> int:
            high, low = (gmpy2.powmod(challenge, d, prime) for d, prime in zip(powers, (p, q), strict=True))
            return int(low + q * ((high - low) * inverse % p))

        return [root(challenge) for challenge in challenges]
