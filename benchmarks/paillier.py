"""The Paillier engine against `phe` and against a plain loop, on one core.

Processor time. The others are measured on a sample and scaled: all their costs are linear in the number of entries.
"naive" is a loop over textbook Paillier with gmpy2: ``(1 + mn)·r^n``, one modular power per matrix entry and an
inversion per negative one. Ours carries several packed vectors through one product, the others one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

import gmpy2
import numpy as np
import phe
from gmpy2 import mpz
from numpy.typing import NDArray

from accord_protocols.primitives.paillier import packing
from accord_protocols.primitives.paillier.cipher import decrypt, encrypt_own, encrypt_uniform
from accord_protocols.primitives.paillier.halves import Halves
from accord_protocols.primitives.paillier.jobs import (
    answer_masks,
    decrypt_products,
    encrypt_masks,
    masked_products,
)
from accord_protocols.primitives.paillier.keys import PrivateKey, generate
from accord_protocols.primitives.paillier.multiexp import multi_exponentiation
from accord_protocols.primitives.ring import Ring
from accord_protocols.primitives.xof import Xof

X_BITS = 22
ROUNDS = 100
RING = Ring(128)
SAMPLE = 20
REPEATS = 3
CHUNK = 2048


@dataclass(frozen=True)
class Row:
    """One line of the table, in seconds for the whole operation; None where there is nothing to compare with."""

    name: str
    ours: float
    phe: float | None = None
    naive: float | None = None


def seconds(work: Callable[[], object], repeats: int = 1) -> float:
    """Processor time of one call, the best of some: neighbours of a shared machine count as little as can be."""

    def once() -> float:
        start = time.process_time()
        work()
        return time.process_time() - start

    return min(once() for _ in range(repeats))


@dataclass(frozen=True)
class Others:
    """Seconds per operation of `phe` and of the plain loop; "scale" is a matrix entry: ``total + ciphertext · x``."""

    phe_encrypt: float
    phe_decrypt: float
    phe_scale: float
    naive_encrypt: float
    naive_decrypt: float
    naive_scale: float


def measure_others(key: PrivateKey, entries: list[int]) -> Others:
    """Time a sample of every operation of the others."""
    public = phe.PaillierPublicKey(key.public.n)
    private = phe.PaillierPrivateKey(public, key.p, key.q)
    n, n_squared, order = mpz(key.public.n), key.public.n_squared, mpz(key.p - 1) * (key.q - 1)
    inverse = gmpy2.invert(order, n)
    encrypted = public.encrypt(1)
    ciphertext = mpz(encrypted.ciphertext())
    units = [xof_below(key.public.n) for _ in range(SAMPLE)]

    def naive_scale() -> None:
        total = mpz(1)
        for x in entries:
            base = ciphertext if x >= 0 else gmpy2.invert(ciphertext, n_squared)
            total = total * gmpy2.powmod(base, abs(x), n_squared) % n_squared

    def phe_scale() -> None:
        total = encrypted
        for x in entries:
            total = total + encrypted * x

    return Others(
        phe_encrypt=seconds(lambda: [public.encrypt(m) for m in range(SAMPLE)], REPEATS) / SAMPLE,
        phe_decrypt=seconds(lambda: [private.decrypt(encrypted) for _ in range(SAMPLE)], REPEATS) / SAMPLE,
        phe_scale=seconds(phe_scale, REPEATS) / len(entries),
        naive_encrypt=seconds(lambda: [(1 + 5 * n) * gmpy2.powmod(r, n, n_squared) % n_squared for r in units], REPEATS)
        / SAMPLE,
        naive_decrypt=seconds(
            lambda: [(gmpy2.powmod(ciphertext, order, n_squared) - 1) // n * inverse % n for _ in range(SAMPLE)],
            REPEATS,
        )
        / SAMPLE,
        naive_scale=seconds(naive_scale, REPEATS) / len(entries),
    )


def xof_below(bound: int) -> int:
    """A number for a sample."""
    return Xof(os.urandom(32)).below(bound)


def run(bits: int, rows: int, columns: int) -> list[Row]:
    """Measure everything at one key size.

    Args:
        bits: Length of the modulus.
        rows: n, of the matrix.
        columns: m, of the matrix.
    """
    xof = Xof(os.urandom(32))
    key = generate(bits, xof)
    X = np.random.default_rng(0).integers(-(1 << (X_BITS - 1)), 1 << (X_BITS - 1), (rows, columns))
    others = measure_others(key, X.reshape(-1)[: 40 * SAMPLE].tolist())
    messages = list(range(CHUNK))
    ciphertexts = encrypt_own(key, messages, xof)
    halves = Halves.split(ciphertexts[:rows], key.public.n)
    singles = [
        Row(
            "key generation (mean of 3)",
            seconds(lambda: [generate(bits, xof) for _ in range(3)]) / 3,
            seconds(lambda: phe.generate_paillier_keypair(n_length=bits)),
        ),
        Row(
            "encrypt, owner",
            seconds(lambda: encrypt_own(key, messages, xof), REPEATS) / CHUNK,
            others.phe_encrypt,
            others.naive_encrypt,
        ),
        Row(
            "encrypt, others, uniform",
            seconds(lambda: encrypt_uniform(key.public, SAMPLE, xof), REPEATS) / SAMPLE,
            others.phe_encrypt,
            others.naive_encrypt,
        ),
        Row(
            "decrypt",
            seconds(lambda: decrypt(key, ciphertexts[:SAMPLE]), REPEATS) / SAMPLE,
            others.phe_decrypt,
            others.naive_decrypt,
        ),
        Row(
            "multi-exponentiation, per term",
            seconds(lambda: multi_exponentiation(halves, X[:CHUNK, 0]), REPEATS) / len(halves.heads),
            others.phe_scale,
            others.naive_scale,
        ),
    ]
    return singles + training(key, X, others, xof)


def training(key: PrivateKey, X: NDArray[np.int64], others: Others, xof: Xof) -> list[Row]:
    """X^T d once, and one iteration of level `shared` between a key owner and a party with X."""
    rows, columns = X.shape
    length = packing.slot_bits(RING.bits, X_BITS, rows)
    count = packing.slots(key.public.bits, length, 2 * columns * ROUNDS)
    masks = RING.random(xof, rows, count)
    encrypted: list[NDArray[np.uint8]] = []
    hiding: list[tuple[NDArray[np.uint8], NDArray[np.uint64]]] = []
    products: list[NDArray[np.uint8]] = []
    shares: list[NDArray[np.uint64]] = []

    def encrypt_all() -> None:
        parts = [encrypt_masks(key, masks[at : at + CHUNK], length, xof.fork(at)) for at in range(0, rows, CHUNK)]
        encrypted.append(np.concatenate(parts))

    def online() -> None:
        # the owner sends d − D and its share of the product, the party adds and removes the offsets
        delta = RING.sub(RING.random(xof, rows), masks[:, 0])
        RING.add(RING.matvec(X, delta), RING.sub(shares[0][:, 0], hiding[0][1][:, 0]))

    masking = seconds(encrypt_all)
    hidden = seconds(lambda: hiding.append(answer_masks(key.public, columns, count, length, RING.bits, xof)))
    product = hidden + seconds(
        lambda: products.append(masked_products(key.public, encrypted[0], X, hiding[0][0], X_BITS))
    )
    opening = seconds(lambda: shares.append(decrypt_products(key, products[0], count, length, RING.bits)))
    expected = RING.add(RING.matvec(X, masks[:, 0]), hiding[0][1][:, 0])
    assert max(map(abs, RING.to_ints(RING.sub(shares[0][:, 0], expected)))) <= 1

    phe_product, naive_product = rows * columns * others.phe_scale, rows * columns * others.naive_scale
    return [
        Row(f"X^T d, {rows:,} x {columns}, {count} vectors at once", product, phe_product, naive_product),
        Row(f"one iteration (offline / {count} + online)", (masking + product + opening) / count + seconds(online),
            rows * others.phe_encrypt + phe_product + columns * others.phe_decrypt,
            rows * others.naive_encrypt + naive_product + columns * others.naive_decrypt),
        Row("  of it online", seconds(online)),
    ]  # fmt: skip
