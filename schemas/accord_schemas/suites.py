"""Families of algorithms that a collaboration may use, and how each of them hashes what travels."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from cryptography.hazmat.primitives import hashes

from accord_schemas.canonical import framed

Profile = Literal["default", "sm", "pq"]
DEFAULT: Profile = "default"
SM: Profile = "sm"
PQ: Profile = "pq"


@dataclass(frozen=True, slots=True)
class Suite:
    """One family.

    Args:
        name: The profile that an agreement names.
        hash: Of the payload, the chain and what is signed: bytes to 32 bytes.
    """

    name: Profile
    hash: Callable[[bytes], bytes]

    def digest(self, *parts: bytes | str) -> bytes:
        """The hash over the parts, each prefixed by its length in 8 bytes."""
        return self.hash(b"".join(framed(*parts)))

    @property
    def attribute(self) -> str:
        """The header's attribute `suite`, which the default family leaves away."""
        return "" if self.name == DEFAULT else self.name


def sha256(data: bytes) -> bytes:
    """SHA-256 (FIPS 180-4)."""
    return hashlib.sha256(data).digest()


def sm3(data: bytes) -> bytes:
    """SM3 (GM/T 0004, GB/T 32905)."""
    h = hashes.Hash(hashes.SM3())
    h.update(data)
    return h.finalize()


SUITES: dict[str, Suite] = {suite.name: suite for suite in (Suite(DEFAULT, sha256), Suite(SM, sm3), Suite(PQ, sha256))}
"""By profile. `pq` keeps SHA-256: no quantum computer is known to find collisions at less cost than a classical one."""
NAMED = tuple(sorted(suite.attribute for suite in SUITES.values() if suite.attribute))
"""What the attribute `suite` may say."""
