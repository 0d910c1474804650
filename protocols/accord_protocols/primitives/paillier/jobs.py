"""The heavy steps of "shares of X^T d", as pure functions for worker processes.

q owns the key and the ring vectors D, p the matrix X: q sends ``Enc(D)``, p answers ``Enc(X^T D + R)``, q decrypts.
Work is split by rows in `encrypt_masks`, by columns in `answer_masks`, by products in `decrypt_products`. Equal bytes
on any number of workers need a split that depends on the sizes alone, and an Xof forked per part.
"""

from __future__ import annotations

import numpy as np
from gmpy2 import mpz
from numpy.typing import NDArray

from accord_protocols.primitives.paillier.cipher import decrypt, encrypt_own, encrypt_uniform, received
from accord_protocols.primitives.paillier.halves import Halves
from accord_protocols.primitives.paillier.keys import PrivateKey, PublicKey
from accord_protocols.primitives.paillier.multiexp import multi_exponentiation
from accord_protocols.primitives.paillier.packing import pack, unpack
from accord_protocols.primitives.ring import Ring
from accord_protocols.primitives.xof import Xof
from accord_schemas.bigints import from_block, to_block


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
    _require(count * slot_bits < private.public.bits, "more slots than a plaintext has")
    values = Ring(64 * words).to_ints(masks, signed=False)
    packed = [pack(values[i * count : (i + 1) * count], slot_bits) for i in range(rows)]
    return to_block(map(int, encrypt_own(private, packed, xof)), private.public.width)


def answer_masks(
    public: PublicKey, columns: int, slots: int, slot_bits: int, ring_bits: int, xof: Xof
) -> tuple[NDArray[np.uint8], NDArray[np.uint64]]:
    """What hides a product from the owner of the key: a uniform ciphertext per column, drawn before the pads are there.

    Args:
        public: The key of the masks' owner, proven.
        columns: m, of X or of a part of it.
        slots: s.
        slot_bits: L.
        ring_bits: 64 or 128.
        xof: Draws R and r.

    Returns:
        The ciphertexts, ``(m, width) uint8``; and the offsets ``R >> L·t`` modulo the ring, ``(m, s, words) uint64``.
    """
    ring = Ring(ring_bits)
    ciphertexts, plaintexts = encrypt_uniform(public, columns, xof)
    offsets = ring.from_ints(value for plaintext in plaintexts for value in unpack(plaintext, slot_bits, slots))
    return to_block(map(int, ciphertexts), public.width), offsets.reshape(columns, slots, ring.words)


def masked_products(
    public: PublicKey,
    ciphertexts: NDArray[np.uint8],
    X: NDArray[np.int64],
    masks: NDArray[np.uint8],
    exponent_bits: int,
) -> NDArray[np.uint8]:
    """``E[a] = Π_i C[i]^X[i,a] · (1 + R[a]·n) · r[a]^n``: uniform, whatever C is, because the mask is.

    Args:
        public: The key of the masks' owner.
        ciphertexts: C as received, ``(n, width) uint8``.
        X: ``(n, m) int64``, every ``|x| <= 2^(exponent_bits-1)``.
        masks: From `answer_masks`, ``(m, width) uint8``; used once.
        exponent_bits: Bits of a matrix entry with its sign.

    Returns:
        ``(m, width) uint8``.

    Raises:
        ProtocolError: A ciphertext is no unit modulo n².
    """
    _require(len(X) == len(ciphertexts) and masks.shape == (X.shape[1], public.width), "shapes differ")
    largest = max(int(X.max(initial=0)), -int(X.min(initial=0)))
    _require(largest <= 1 << (exponent_bits - 1), "an entry of X is too large")
    bases = Halves.split(received(public, ciphertexts), public.n)
    products = (
        multi_exponentiation(bases, X[:, a]) * mpz(mask) % public.n_squared for a, mask in enumerate(from_block(masks))
    )
    return to_block(map(int, products), public.width)


def decrypt_products(
    private: PrivateKey, products: NDArray[np.uint8], slots: int, slot_bits: int, ring_bits: int
) -> NDArray[np.uint64]:
    """``V = X^T D + offsets mod 2^ring_bits``, up to one unit (see `packing`).

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
