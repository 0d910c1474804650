"""Encryption and decryption of plaintexts in [0, n)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import gmpy2
import numpy as np
from gmpy2 import mpz
from numpy.typing import NDArray

from accord_protocols.primitives.paillier.comb import Comb
from accord_protocols.primitives.paillier.keys import PrivateKey, PublicKey
from accord_protocols.primitives.paillier.powers import powers
from accord_protocols.primitives.xof import Xof
from accord_schemas.bigints import from_block
from accord_schemas.errors import ProtocolError

_BAD_CIPHERTEXT = "a ciphertext is not of the agreed form"


def encrypt_uniform(public: PublicKey, count: int, xof: Xof) -> tuple[list[mpz], list[int]]:
    """``(1 + R·n)·r^n mod n²`` with R uniform in Z_n and r uniform in Z_n*: uniform among the units modulo n².

    With gcd(n, φ(n)) = 1 the map from (R, r) is one to one (Paillier, EUROCRYPT '99), and as many pairs as
    units. So a product with one of these is uniform as well, and independent of the other factor, whoever chose it.

    Returns:
        Ciphertexts, and their R.
    """
    n, n_squared = mpz(public.n), public.n_squared
    plaintexts, roots = list[int](), list[int]()
    for _ in range(count):
        plaintext, root = xof.below(public.n), _unit(public.n, xof)
        plaintexts.append(plaintext)
        roots.append(root)
    residues = powers(roots, n, n_squared)
    return [(1 + m * n) * r % n_squared for m, r in zip(plaintexts, residues, strict=True)], plaintexts


def encrypt_own(private: PrivateKey, plaintexts: Sequence[int], xof: Xof) -> list[mpz]:
    """Ciphertexts ``(1 + m·n) · h_s^α`` by the owner, modulo p² and q², each with its own α of ``|n|/2`` bits.

    A key of `phe` has no h_s: its obfuscators are ``r^n``, r uniform.

    α is reduced modulo p − 1 and q − 1. Half of these would do for a square, but −x² is none: the halves would choose
    the signs modulo p and q independently of each other, and the Jacobi symbol of a ciphertext would betray it.
    """
    p, q, public = mpz(private.p), mpz(private.q), private.public
    if private.hs is None:
        # r^p mod p² with r uniform modulo p, and so for q, is distributed as r^n mod n²
        residues = [
            powers([_unit(prime, xof) for _ in plaintexts], prime, prime**2) for prime in (private.p, private.q)
        ]
    else:
        alphas = [xof.bits(public.bits // 2) for _ in plaintexts]
        residues = [
            Comb(private.hs % prime**2, prime, prime.bit_length(), len(alphas)).powers(
                [alpha % (prime - 1) for alpha in alphas]
            )
            for prime in (private.p, private.q)
        ]
    inverse = gmpy2.invert(p**2, q**2)
    obfuscators = [low + p**2 * ((high - low) * inverse % q**2) for low, high in zip(*residues, strict=True)]
    n, n_squared = mpz(public.n), public.n_squared
    if any(not 0 <= m < n for m in plaintexts):
        raise ValueError("a plaintext is not below the modulus")
    return [(1 + m * n) * r % n_squared for m, r in zip(plaintexts, obfuscators, strict=True)]


def decrypt(private: PrivateKey, ciphertexts: Iterable[mpz]) -> list[int]:
    """Plaintexts in [0, n), by the Chinese remainder theorem (Paillier, EUROCRYPT '99, section 7)."""
    p, q, n = mpz(private.p), mpz(private.q), private.public.n
    values, inverse = list(ciphertexts), gmpy2.invert(p, q)

    def residues(prime: mpz) -> list[mpz]:
        # (1 + mn)^(p−1) = 1 + (p−1)·mn mod p²
        scale = gmpy2.invert((prime - 1) * (n // prime), prime)
        return [(power - 1) // prime * scale % prime for power in powers(values, prime - 1, prime**2)]

    return [int(low + p * ((high - low) * inverse % q)) for low, high in zip(residues(p), residues(q), strict=True)]


def received(public: PublicKey, block: NDArray[np.uint8]) -> list[mpz]:
    """The ciphertexts of a received ``(n, width) uint8`` block: units modulo n².

    Raises:
        ProtocolError: One of them is not, or the block has another form.
    """
    if block.dtype != np.uint8 or block.ndim != 2 or block.shape[1] != public.width:
        raise ProtocolError(_BAD_CIPHERTEXT)
    values, product = [mpz(value) for value in from_block(block)], mpz(1)
    for value in values:
        product = product * value % public.n
    if any(value >= public.n_squared for value in values) or gmpy2.gcd(product, public.n) != 1:
        raise ProtocolError(_BAD_CIPHERTEXT)
    return values


def _unit(modulus: int, xof: Xof) -> int:
    while gmpy2.gcd(value := xof.below(modulus), modulus) != 1:
        pass
    return value
