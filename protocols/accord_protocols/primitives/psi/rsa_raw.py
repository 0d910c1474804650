"""The raw private RSA operation, ``m^d mod n``, for many numbers: OpenSSL where it is found, else gmpy2.

Both give the same bytes. OpenSSL runs in constant time, checks its own result against faults, releases the GIL and is
up to three times as fast, by its version and the processor. Its blinding stays on: it costs a few per cent, hides the
exponent from local timing, and cancels out of the result.
"""

from __future__ import annotations

import ctypes
from functools import cache

import gmpy2
import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.libcrypto import BIGNUM, INTEGER, POINTER, load, number
from accord_protocols.primitives.psi.rsa_key import E, PrivateKey
from accord_schemas.bigints import from_block, to_block

_NO_PADDING = 3
_FUNCTIONS = {
    **BIGNUM,
    "RSA_new": (POINTER, []),
    "RSA_free": (None, [POINTER]),
    "RSA_set0_key": (INTEGER, [POINTER] * 4),
    "RSA_set0_factors": (INTEGER, [POINTER] * 3),
    "RSA_set0_crt_params": (INTEGER, [POINTER] * 4),
    "RSA_private_encrypt": (INTEGER, [INTEGER, POINTER, POINTER, POINTER, INTEGER]),
}


def private_operation(key: PrivateKey, block: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Raise every row to the private exponent.

    Args:
        key: The private key.
        block: ``(n, width) uint8``, every number below the modulus.

    Returns:
        ``(n, width) uint8``.
    """
    library = libcrypto()
    result = None if library is None else openssl(library, key, block)
    return by_gmpy2(key, block) if result is None else result


def by_gmpy2(key: PrivateKey, block: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """`private_operation` by the Chinese remainder theorem (RFC 8017, section 5.1.2).

    A result that is right modulo one prime alone would give the other away (Boneh, DeMillo, Lipton, EUROCRYPT '97):
    each is checked before it leaves, as OpenSSL does.

    Raises:
        ArithmeticError: A result is wrong: the machine computes wrongly.
    """
    p, q = gmpy2.mpz(key.p), gmpy2.mpz(key.q)
    d_p, d_q, q_inverse = map(gmpy2.mpz, key.crt)

    def power(number: int) -> int:
        low = gmpy2.powmod(number, d_q, q)
        result = low + q * ((gmpy2.powmod(number, d_p, p) - low) * q_inverse % p)
        if gmpy2.powmod(result, E, key.n) != number % key.n:
            raise ArithmeticError("a private RSA operation is wrong: this machine computes wrongly")
        return int(result)

    return to_block(map(power, from_block(block)), key.width)


def openssl(library: ctypes.CDLL, key: PrivateKey, block: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """`private_operation` by `library`; None if it fails."""
    numbers = np.ascontiguousarray(block)
    result = np.empty_like(numbers)
    source, target = numbers.ctypes.data, result.ctypes.data
    handle = library.RSA_new()
    try:
        # The handle owns the numbers from here on and wipes the secret ones when it is freed.
        library.RSA_set0_key(handle, number(library, key.n), number(library, E), number(library, key.d))
        library.RSA_set0_factors(handle, number(library, key.p), number(library, key.q))
        library.RSA_set0_crt_params(handle, *(number(library, value) for value in key.crt))
        for at in range(0, numbers.size, key.width):
            if library.RSA_private_encrypt(key.width, source + at, target + at, handle, _NO_PADDING) != key.width:
                return None
    finally:
        library.RSA_free(handle)
    return result


@cache
def libcrypto() -> ctypes.CDLL | None:
    """The system's OpenSSL 3, tested against gmpy2 once per process; None if there is any doubt."""
    library = load(_FUNCTIONS)
    return library if library is not None and _agrees(library) else None


def _agrees(library: ctypes.CDLL) -> bool:
    key = PrivateKey((1 << 607) - 1, (1 << 521) - 1)  # Mersenne primes: a key that needs no generating
    block = to_block([2, key.n // 3, key.n - 2], key.width)
    result = openssl(library, key, block)
    return result is not None and np.array_equal(result, by_gmpy2(key, block))
