"""Powers with one exponent modulo one odd number, of many bases: OpenSSL where it is found, else gmpy2.

Both give the same numbers. OpenSSL is nearly twice as fast and runs in constant time, as an exponent or a modulus that
is secret should have it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache

import gmpy2
from gmpy2 import mpz

from accord_protocols.primitives.libcrypto import BIGNUM, INTEGER, POINTER, load, number

_FUNCTIONS = {
    **BIGNUM,
    "BN_new": (POINTER, []),
    "BN_clear_free": (None, [POINTER]),
    "BN_CTX_new": (POINTER, []),
    "BN_CTX_free": (None, [POINTER]),
    "BN_MONT_CTX_new": (POINTER, []),
    "BN_MONT_CTX_set": (INTEGER, [POINTER] * 3),
    "BN_MONT_CTX_free": (None, [POINTER]),
    "BN_mod_exp_mont_consttime": (INTEGER, [POINTER] * 6),
    "BN_bn2binpad": (INTEGER, [POINTER, ctypes.c_char_p, INTEGER]),
}


def powers(bases: Sequence[int | mpz], exponent: int | mpz, modulus: int | mpz) -> list[mpz]:
    """Every base to the power of `exponent`.

    Args:
        bases: Not negative.
        exponent: Above 0.
        modulus: Odd, above 1.
    """
    library = libcrypto()
    found = None if library is None else openssl(library, bases, exponent, modulus)
    return by_gmpy2(bases, exponent, modulus) if found is None else found


def by_gmpy2(bases: Sequence[int | mpz], exponent: int | mpz, modulus: int | mpz) -> list[mpz]:
    """`powers` by gmpy2."""
    return [gmpy2.powmod(base, exponent, modulus) for base in bases]


def openssl(
    library: ctypes.CDLL, bases: Sequence[int | mpz], exponent: int | mpz, modulus: int | mpz
) -> list[mpz] | None:
    """`powers` by `library`; None if it fails."""
    size, found = (int(modulus).bit_length() + 7) // 8, list[mpz]()
    written = ctypes.create_string_buffer(size)
    with _handles(library, int(exponent), int(modulus)) as (result, base, power, odd, room, form):
        if not library.BN_MONT_CTX_set(form, odd, room):
            return None
        for given in bases:
            library.BN_bin2bn(int(given % modulus).to_bytes(size, "big"), size, base)
            if not library.BN_mod_exp_mont_consttime(result, base, power, odd, room, form):
                return None
            library.BN_bn2binpad(result, written, size)
            found.append(mpz(int.from_bytes(written.raw, "big")))
    return found


@contextmanager
def _handles(library: ctypes.CDLL, exponent: int, modulus: int) -> Iterator[tuple[ctypes.c_void_p, ...]]:
    """Two numbers to be filled, exponent, modulus, room for what lies between, and the modulus in Montgomery's form."""
    numbers = [ctypes.c_void_p(library.BN_new()) for _ in range(2)]
    numbers += [number(library, exponent), number(library, modulus)]
    room, form = ctypes.c_void_p(library.BN_CTX_new()), ctypes.c_void_p(library.BN_MONT_CTX_new())
    try:
        yield (*numbers, room, form)
    finally:
        library.BN_MONT_CTX_free(form)
        library.BN_CTX_free(room)
        for handle in numbers:
            library.BN_clear_free(handle)


@cache
def libcrypto() -> ctypes.CDLL | None:
    """The system's OpenSSL 3, tested against gmpy2 once per process; None if there is any doubt."""
    library = load(_FUNCTIONS)
    return library if library is not None and _agrees(library) else None


def _agrees(library: ctypes.CDLL) -> bool:
    modulus = ((1 << 607) - 1) ** 2  # of a Mersenne prime
    bases, exponent = [2, modulus // 3, modulus - 2, modulus + 5], (1 << 521) - 1
    return openssl(library, bases, exponent, modulus) == by_gmpy2(bases, exponent, modulus)
