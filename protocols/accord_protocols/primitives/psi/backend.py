"""By what a scheme of the alignment computes on this machine, for people: the bytes are the same by any."""

from __future__ import annotations

import ctypes
from importlib.metadata import PackageNotFoundError, version

from accord_protocols.primitives.psi import rsa_raw, sm2
from accord_protocols.primitives.psi.ot.loops import LARGE


def backend(scheme: str, ids: int) -> str:
    """Its name and version.

    Args:
        scheme: As an agreement names it.
        ids: How many ids the own set has.
    """
    match scheme:
        case "rsa" | "sm2":
            library = (rsa_raw if scheme == "rsa" else sm2).libcrypto()
            return _named("gmpy2") if library is None else _openssl(library)
        case "ot":
            return (_named("numba") if ids >= LARGE else "") or _named("numpy")
    return _named("rbcl")


def _openssl(library: ctypes.CDLL) -> str:
    library.OpenSSL_version.restype = ctypes.c_char_p
    text = library.OpenSSL_version(0).decode()
    return f"{' '.join(text.split()[:2])} (libcrypto)"


def _named(package: str) -> str:
    """A package with its version; empty where it is not there."""
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return ""
