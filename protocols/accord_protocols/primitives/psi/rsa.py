"""The RSA OPRF: blind signatures as a pseudo-random function whose key and inputs stay with their owners.

De Cristofaro and Tsudik (Financial Cryptography 2010): ``PRF(x) = FDH(sid, n, x)^d mod n`` and
``OPRF(x) = SHA-256(tag ‖ sid ‖ PRF(x) ‖ x)``. The client sends ``FDH·r^e``, the server signs, the client divides by r
and checks the signature. Rows are independent: a caller may work on slices of the ids, each with its own fork of the
Xof. Every refusal has one reason and no index, so that nobody learns about one id by trying.
"""

from __future__ import annotations

from collections.abc import Sequence

import gmpy2
import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.full_domain import FullDomainHash, width
from accord_protocols.primitives.permutation import Statement
from accord_protocols.primitives.psi.rsa_key import E, PrivateKey
from accord_protocols.primitives.psi.rsa_raw import private_operation
from accord_protocols.primitives.xof import Xof
from accord_schemas.bigints import from_block, to_block
from accord_schemas.canonical import digest
from accord_schemas.errors import ProtocolError

_BAD_KEY = "a public alignment key is not acceptable"
_BAD_BLINDED = "blinded ids are not acceptable"
_BAD_SIGNED = "signed ids are not acceptable"


def _id_hash(sid: bytes, n: int) -> FullDomainHash:
    return FullDomainHash(b"accord psi rsa fdh", sid, n)


def _tags(sid: bytes, ids: Sequence[str], roots: NDArray[np.uint8]) -> NDArray[np.uint8]:
    tags = b"".join(
        digest(b"accord psi rsa tag", sid, root.tobytes(), identifier.encode())
        for identifier, root in zip(ids, roots, strict=True)
    )
    return np.frombuffer(tags, np.uint8).reshape(-1, 32)


def public_proof(private: PrivateKey, sid: bytes) -> NDArray[np.uint8]:
    """Show that x -> x^e permutes the numbers modulo n: with e | p − 1 a server could tell blinded ids apart.

    Returns:
        ``(ROOTS, width) uint8``, see `Statement`.
    """
    return _permutes(private.n, sid).prove((private.p, private.q))


def verify_public(n: int, proof: NDArray[np.uint8], sid: bytes, bits: int) -> None:
    """Check a modulus of `bits` bits and its `public_proof` before anything is blinded under it.

    Raises:
        ProtocolError: Wrong length, a prime factor up to 65537, or a root that does not verify.
    """
    if n.bit_length() != bits or not _permutes(n, sid).holds(proof):
        raise ProtocolError(_BAD_KEY)


def _permutes(n: int, sid: bytes) -> Statement:
    return Statement(b"accord psi rsa proof", sid, n, E)


def blind(ids: Sequence[str], n: int, sid: bytes, xof: Xof) -> NDArray[np.uint8]:
    """``FDH(x)·r^e mod n`` for every id, r uniform.

    Args:
        ids: Normalised ids.
        n: The server's modulus, already verified.
        sid: 32 bytes, the session.
        xof: Draws the r; keep an equal one for `finalise`.

    Returns:
        ``(len(ids), width) uint8``.
    """
    hashed, modulus = _id_hash(sid, n), gmpy2.mpz(n)
    blinded = (hashed(x.encode()) * gmpy2.powmod(_factor(n, xof), E, modulus) % modulus for x in ids)
    return to_block(blinded, width(n))


def evaluate(private: PrivateKey, blinded: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Sign blinded ids.

    Args:
        private: The server's key.
        blinded: ``(n, width) uint8`` from `blind`.

    Returns:
        ``(n, width) uint8``.

    Raises:
        ProtocolError: Another shape, or a number that is not above 1, below the modulus and coprime to it.
    """
    _check_block(blinded, None, private.n, _BAD_BLINDED)
    modulus, product = gmpy2.mpz(private.n), gmpy2.mpz(1)
    for number in from_block(blinded):
        if not 1 < number < modulus:
            raise ProtocolError(_BAD_BLINDED)
        product = product * number % modulus
    if gmpy2.gcd(product, modulus) != 1:
        raise ProtocolError(_BAD_BLINDED)
    return private_operation(private, blinded)


def finalise(ids: Sequence[str], n: int, sid: bytes, signed: NDArray[np.uint8], xof: Xof) -> NDArray[np.uint8]:
    """Unblind, check every signature, and hash to tags.

    Args:
        ids: The ids that were blinded, in that order.
        n: The server's modulus.
        sid: 32 bytes, the session.
        signed: ``(len(ids), width) uint8`` from `evaluate`.
        xof: Equal to the one that `blind` was given.

    Returns:
        Tags, ``(len(ids), 32) uint8``.

    Raises:
        ProtocolError: Another shape, or any signature that does not verify.
    """
    _check_block(signed, len(ids), n, _BAD_SIGNED)
    hashed, modulus = _id_hash(sid, n), gmpy2.mpz(n)
    inverses = _inverses([_factor(n, xof) for _ in ids], modulus)
    roots = []
    for identifier, number, inverse in zip(ids, from_block(signed), inverses, strict=True):
        root = number * inverse % modulus
        if number >= modulus or gmpy2.powmod(root, E, modulus) != hashed(identifier.encode()):
            raise ProtocolError(_BAD_SIGNED)
        roots.append(root)
    return _tags(sid, ids, to_block(roots, width(n)))


def own_tags(private: PrivateKey, sid: bytes, ids: Sequence[str]) -> NDArray[np.uint8]:
    """The tags that a client gets for `ids` under `private`, computed by the key's owner: ``(len(ids), 32) uint8``."""
    hashed = _id_hash(sid, private.n)
    numbers = to_block((int(hashed(identifier.encode())) for identifier in ids), private.width)
    return _tags(sid, ids, private_operation(private, numbers))


def _factor(n: int, xof: Xof) -> int:
    return 1 + xof.below(n - 1)


def _inverses(numbers: list[int], modulus: gmpy2.mpz) -> list[gmpy2.mpz]:
    # Montgomery's trick: one inversion and three products per number.
    products = [gmpy2.mpz(1)]
    for number in numbers:
        products.append(products[-1] * number % modulus)
    try:
        inverse = gmpy2.invert(products[-1], modulus)
    except ZeroDivisionError:  # a factor of the modulus was met by chance, so it has a small one
        raise ProtocolError(_BAD_KEY) from None
    result = []
    for number, before in zip(reversed(numbers), reversed(products[:-1]), strict=True):
        result.append(inverse * before % modulus)
        inverse = inverse * number % modulus
    return result[::-1]


def _check_block(block: NDArray[np.uint8], rows: int | None, n: int, reason: str) -> None:
    if block.dtype != np.uint8 or block.ndim != 2 or block.shape[1] != width(n) or rows not in (None, len(block)):
        raise ProtocolError(reason)
