"""What the parties tell of their sets and keys before anything else."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from accord_schemas.arrays import Numbers
from accord_schemas.events.base import Commitment, Count, Event


class IdSet(Event):
    """The sizes of a party's id set and, where the gate compares them, of its column names; a commitment to both."""

    family, name = "keys", "ids"
    ids: Count
    commitment: Commitment
    names: Count = 0


class ExchangeKey(Event):
    """The X25519 key from which a party derives a secret with each peer."""

    family, name = "keys", "exchange"
    key: Annotated[bytes, Field(min_length=32, max_length=32)]


class PaillierKey(Event):
    """The modulus n of a computing party, and nine n-th roots: gcd(n, φ(n)) = 1."""

    family, name = "keys", "paillier"
    key: Numbers
    proof: Numbers


class LatticeKey(Event):
    """A ring-LWE key: ``-a·s + e`` in the rings of degree 16,384 and 8,192; a follows from session and owner."""

    family, name = "keys", "lattice"
    large: Numbers
    small: Numbers


class OprfKey(Event):
    """The key of who serves alignment or queries, by its scheme: `rsa`: modulus, nine roots; `ecdh`, `sm2`: a point."""

    family, name = "keys", "oprf"
    scheme: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]
    key: Numbers
    proof: Numbers
