"""The system's OpenSSL 3, by name, for what no Python package gives: raw RSA and points of the SM2 curve."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from typing import Any

LIBRARIES = ("libcrypto.so.3", "libcrypto.3.dylib")  # by version: loading an unversioned one kills a process on macOS
MAJOR = 3
POINTER, INTEGER, SIZE = ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t

Signatures = Mapping[str, tuple[Any, Sequence[Any]]]
"""Result and arguments of each function that is called."""


def load(signatures: Signatures) -> ctypes.CDLL | None:
    """The library with these functions declared; None where there is none that has them.

    Its calls release the GIL. Whoever loads it compares a few results with its own before it believes any.
    """
    for name in LIBRARIES:
        try:
            library = ctypes.CDLL(name)
            library.OpenSSL_version_num.restype = ctypes.c_ulong
            for function, (result, arguments) in signatures.items():
                declared = getattr(library, function)
                declared.restype, declared.argtypes = result, list(arguments)
        except (OSError, AttributeError):  # not there, or built without these functions
            continue
        if library.OpenSSL_version_num() >> 28 == MAJOR:
            return library
    return None


def number(library: ctypes.CDLL, value: int) -> ctypes.c_void_p:
    """A new BIGNUM, which the caller owns; ``BN_bin2bn`` is declared."""
    data = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return ctypes.c_void_p(library.BN_bin2bn(data, len(data), None))


BIGNUM: Signatures = {"BN_bin2bn": (POINTER, [ctypes.c_char_p, INTEGER, POINTER])}
