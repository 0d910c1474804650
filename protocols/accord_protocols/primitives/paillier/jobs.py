"""The heavy steps of "shares of X^T d", as pure functions for worker processes.

q owns the key and the ring vectors D, p the matrix X: q sends ``Enc(D)``, p answers ``Enc(X^T D + ρ)``, q decrypts.
Work is split by rows in `encrypt_masks`, by columns in `masked_products` and by products in `decrypt_products`. Equal
bytes on any number of workers need a split that depends on the sizes alone, and an Xof forked per part.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.paillier.cipher import decrypt, encrypt, encrypt_own, received
from accord_protocols.primitives.paillier.halves import Halves
from accord_protocols.primitives.paillier.keys import PrivateKey, PublicKey
from accord_protocols.primitives.paillier.multiexp import multi_exponentiation
from accord_protocols.primitives.paillier.packing import STATISTICAL_BITS, log2_ceil, pack, slots, unpack
from accord_protocols.primitives.ring import Ring
from accord_protocols.primitives.xof import Xof
from accord_schemas.bigints import to_block


def encrypt_masks(private: PrivateKey, masks: NDArray[np.uint64], slot_bits: int, xof: Xof) -> NDArray[np.uint8]:
    """``C[i] = Enc(Σ_t D[i,t] · 2^(L·t))``.

    Args:
        private: The key of the masks' owner.
        masks: D, ``(n, s, words) uint64``.
        slot_bits: L, see `slot_bits`.
        xof: Obfuscators.

    Returns:
        ``(n, width) uint8``, width the bytes of n².
    """
    rows, count, words = masks.shape
    _require(count <= slots(private.public.bits, slot_bits), "more slots than a plaintext has")
    values = Ring(64 * words).to_ints(masks, signed=False)
    packed = [pack(values[i * count : (i + 1) * count], slot_bits) for i in range(rows)]
    return to_block(map(int, encrypt_own(private, packed, xof)), private.public.width)


def masked_products(
    public: PublicKey,
    ciphertexts: NDArray[np.uint8],
    X: NDArray[np.int64],
    offsets: Sequence[Sequence[int]],
    slot_bits: int,
    exponent_bits: int,
    xof: Xof,
) -> NDArray[np.uint8]:
    """``E[a] = Π_i C[i]^X[i,a] · Enc(Σ_t ρ[a,t] · 2^(L·t))``.

    The fresh encryption is what hides X from the owner of the key: the obfuscator of the product alone is
    ``h_s^(Σ α_i x_i)``. Its α is 40 bits longer than that sum.

    Args:
        public: The key of the masks' owner.
        ciphertexts: C as received, ``(n, width) uint8``.
        X: ``(n, m) int64``, every ``|x| <= 2^(exponent_bits-1)``.
        offsets: ρ, m lists of s integers in [0, 2^(L−1)), see `offset`.
        slot_bits: L.
        exponent_bits: Bits of a matrix entry with its sign.
        xof: Obfuscators.

    Returns:
        ``(m, width) uint8``.

    Raises:
        ProtocolError: A ciphertext is no unit modulo n².
    """
    _require(len(X) == len(ciphertexts) and X.shape[1] == len(offsets), "shapes differ")
    largest = max(int(X.max(initial=0)), -int(X.min(initial=0)))
    _require(largest <= 1 << (exponent_bits - 1), "an entry of X is too large")
    bases = Halves.split(received(public, ciphertexts), public.n)
    limit = slots(public.bits, slot_bits)
    _require(all(len(row) <= limit for row in offsets), "more slots than a plaintext has")
    _require(all(0 <= rho < 1 << (slot_bits - 1) for row in offsets for rho in row), "an offset exceeds its slot")
    extra = exponent_bits + log2_ceil(max(len(X), 1)) + STATISTICAL_BITS
    fresh = encrypt(public, [pack(row, slot_bits) for row in offsets], xof, extra_bits=extra)
    products = (multi_exponentiation(bases, X[:, a]) * fresh[a] % public.n_squared for a in range(len(fresh)))
    return to_block(map(int, products), public.width)


def decrypt_products(
    private: PrivateKey, products: NDArray[np.uint8], slots: int, slot_bits: int, ring_bits: int
) -> NDArray[np.uint64]:
    """``V = X^T D + ρ mod 2^ring_bits``.

    Args:
        private: The key of the masks' owner.
        products: E as received, ``(m, width) uint8``.
        slots: s, how many to read of each.
        slot_bits: L.
        ring_bits: 64 or 128.

    Returns:
        ``(m, s, words) uint64``.

    Raises:
        ProtocolError: A ciphertext is no unit modulo n².
    """
    plaintexts = decrypt(private, received(private.public, products))
    values = [value for plaintext in plaintexts for value in unpack(plaintext, slot_bits, slots)]
    ring = Ring(ring_bits)
    return ring.from_ints(values).reshape(len(plaintexts), slots, ring.words)


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)
