"""The heavy steps of "shares of A·d", A sparse and square, as pure functions for worker processes.

q owns the key and the ring vectors D, one a round; it sends ``Enc(D)``, as in `jobs`. Every other party p has a matrix
A_p of its own. Only the sum of their products is wanted, so one of them, c, adds up what the others send it, and
answers q with a ciphertext a row: ``Enc(Σ_p A_p·D + R)``. c knows R, and nobody but q can decrypt; what the others send
to c is made unlike what c could compute itself by an n-th residue.
"""

from __future__ import annotations

from collections.abc import Iterable

import gmpy2
import numpy as np
from gmpy2 import mpz
from numpy.typing import NDArray

from accord_protocols.graph.adjacency import Adjacency
from accord_protocols.primitives.paillier.blinding import residues
from accord_protocols.primitives.paillier.cipher import received
from accord_protocols.primitives.paillier.halves import Halves
from accord_protocols.primitives.paillier.keys import PublicKey
from accord_protocols.primitives.paillier.multiexp import multi_exponentiation
from accord_protocols.primitives.paillier.packing import unpack
from accord_protocols.primitives.ring import Ring
from accord_protocols.primitives.xof import Xof
from accord_schemas.bigints import from_block, to_block

RING = Ring(128)
Bytes = NDArray[np.uint8]


def blinds(public: PublicKey, count: int, xof: Xof) -> Bytes:
    """What makes an answer to c unlike its parts: n-th residues, ``(count, width) uint8``."""
    return to_block(map(int, residues(public, count, xof)), public.width)


def masks(public: PublicKey, count: int, slots: int, slot_bits: int, xof: Xof) -> tuple[Bytes, NDArray[np.uint64]]:
    """What hides an answer from the owner of the key: uniform ciphertexts, and what they add to each slot.

    Returns:
        ``(count, width) uint8``; and ``R >> L·t`` modulo 2^128, ``(count, slots, 2) uint64``.
    """
    n = mpz(public.n)
    plaintexts = [xof.below(public.n) for _ in range(count)]
    units = residues(public, count, xof.fork("residues"))
    numbers = [(1 + r * n) * unit % public.n_squared for r, unit in zip(plaintexts, units, strict=True)]
    offsets = RING.from_ints(value for r in plaintexts for value in unpack(r, slot_bits, slots))
    return to_block(map(int, numbers), public.width), offsets.reshape(count, slots, RING.words)


def products(public: PublicKey, numbers: Bytes, matrix: Adjacency, rows: range, hiding: Bytes) -> Bytes:
    """``Π_u C[u]^A[v,u]`` of some rows v, each times what hides it.

    Args:
        public: The key of the vectors' owner.
        numbers: C as received, ``(n, width) uint8``.
        matrix: A.
        rows: Which v.
        hiding: From `blinds` or `masks`, ``(len(rows), width) uint8``; used once.

    Raises:
        ProtocolError: A ciphertext is no unit modulo n².
    """
    bases, zeros = Halves.split(received(public, numbers), public.n), matrix.twos
    found = []
    for row, hidden in zip(rows, from_block(hiding), strict=True):
        near = slice(int(matrix.starts[row]), int(matrix.starts[row + 1]))
        columns = matrix.columns[near].tolist()
        some = Halves(bases.root, [bases.heads[c] for c in columns], [bases.tails[c] for c in columns])
        power = multi_exponentiation(some, matrix.weights[near] >> zeros) if columns else mpz(1)
        power = gmpy2.powmod(power, 1 << zeros, public.n_squared)  # weights in whole units have these zeros
        found.append(int(power * hidden % public.n_squared))
    return to_block(found, public.width)


def combined(public: PublicKey, parts: Iterable[Bytes]) -> Bytes:
    """Products row by row: the ciphertexts of sums.

    Raises:
        ProtocolError: A ciphertext is no unit modulo n².
    """
    first, *others = (received(public, part) for part in parts)
    for other in others:
        first = [a * b % public.n_squared for a, b in zip(first, other, strict=True)]
    return to_block(map(int, first), public.width)
