"""Keys of the lattice engine: a ternary secret for each ring, and ``-a·s + e`` for others to randomise with.

No party chooses the uniform polynomials a: they are derived from the session and the owner, so that what another adds
of ``a·u`` hides under the key of anybody.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.lattice.ntt import transform
from accord_protocols.primitives.lattice.packing import MALFORMED, pack, unpack
from accord_protocols.primitives.lattice.parameters import ERROR_BITS, LARGE, SMALL, Degree
from accord_protocols.primitives.lattice.residues import Integers
from accord_protocols.primitives.lattice.sampling import errors, ternary, uniform
from accord_protocols.primitives.xof import Xof
from accord_schemas.canonical import digest
from accord_schemas.errors import ProtocolError

Bytes = NDArray[np.uint8]
Residues = NDArray[np.uint32]
DEGREES = (LARGE, SMALL)
_CONTEXT = 32


def which(degree: Degree) -> int:
    """The place of a ring in `DEGREES`."""
    return [known.size for known in DEGREES].index(degree.size)


def context_of(sid: bytes, owner: str) -> bytes:
    """What the uniform polynomials of an owner in a session derive from."""
    return digest(b"accord lattice", sid, owner)


@dataclass(frozen=True, eq=False)
class PublicKey:
    """What others may know of a key.

    Args:
        context: See `context_of`.
        halves: ``-a·s + e`` as values, ``(primes, N)``, of the large and of the small ring.
    """

    context: bytes
    halves: tuple[Residues, Residues] = field(repr=False)

    @staticmethod
    def decode(sid: bytes, owner: str, large: Bytes, small: Bytes) -> PublicKey:
        """A published key; one that was decoded before is the same object, with what it has computed.

        Args:
            sid: 32 bytes, the session.
            owner: Whose it is.
            large: ``(1, 737280) uint8``, of the ring of 16,384.
            small: ``(1, 215040) uint8``, of the ring of 8,192.

        Raises:
            ProtocolError: It is not of the one form.
        """
        if any(part.ndim != 2 or len(part) != 1 for part in (large, small)):
            raise ProtocolError(MALFORMED)
        return _public(context_of(sid, owner), large[0].tobytes(), small[0].tobytes())

    def encode(self) -> tuple[Bytes, Bytes]:
        """``large`` and ``small``, as `decode` reads them."""
        large, small = (pack(half)[None] for half in self.halves)
        return large, small

    def uniform(self, degree: Degree, label: bytes = b"", out: Residues | None = None) -> Residues:
        """The uniform polynomial that goes with the public half, or with a block whose label is given."""
        return uniform_of(self.context, degree, label, out)

    @cached_property
    def uniforms(self) -> tuple[Residues, Residues]:
        """Those that go with `halves`."""
        return self.uniform(LARGE), self.uniform(SMALL)


@dataclass(frozen=True, eq=False)
class SecretKey:
    """A party's secrets.

    Args:
        context: See `context_of`.
        secrets: Uniform in {-1, 0, 1}, ``(N,)`` of the large and of the small ring.
        noise: The public halves' errors, likewise, plus `ERROR_BITS`.
    """

    context: bytes
    secrets: tuple[NDArray[np.int8], NDArray[np.int8]] = field(repr=False)
    noise: tuple[Bytes, Bytes] = field(repr=False)

    @staticmethod
    def generate(sid: bytes, owner: str, xof: Xof) -> SecretKey:
        """A fresh key of `owner` in session `sid`."""
        large, small = (ternary(degree.size, xof.fork("secret", degree.size)) for degree in DEGREES)
        one, two = (errors(degree.size, xof.fork("error", degree.size)).astype(np.uint8) for degree in DEGREES)
        return SecretKey(context_of(sid, owner), (large, small), (one, two))

    def encode(self) -> bytes:
        """For an encrypted keystore: context, secrets, errors."""
        secrets = b"".join((secret + np.int8(1)).tobytes() for secret in self.secrets)
        return self.context + secrets + b"".join(noise.tobytes() for noise in self.noise)

    @staticmethod
    @lru_cache(maxsize=1)  # a worker's tasks have the same one, and its transforms are a tenth of their time
    def decode(data: bytes) -> SecretKey:
        """The key that `encode` wrote.

        Raises:
            ValueError: It is none.
        """
        sizes = [degree.size for degree in DEGREES] * 2
        if len(data) != _CONTEXT + sum(sizes):
            raise ValueError("not an encoded lattice key")
        large, small, *noise = np.split(np.frombuffer(data[_CONTEXT:], np.uint8), np.cumsum(sizes)[:-1])
        one, two = (part.astype(np.int8) - np.int8(1) for part in (large, small))
        return SecretKey(data[:_CONTEXT], (one, two), (noise[0], noise[1]))

    @cached_property
    def public(self) -> PublicKey:
        """What others may know."""
        halves = []
        for degree, noise in zip(DEGREES, self.noise, strict=True):
            error = Integers(noise.astype(np.uint32)[None], (1,), -ERROR_BITS)
            halves.append(masked(degree, self.uniform(degree), self.values(degree), error))
        return PublicKey(self.context, (halves[0], halves[1]))

    def uniform(self, degree: Degree, label: bytes = b"") -> Residues:
        """See `PublicKey.uniform`."""
        return uniform_of(self.context, degree, label)

    def values(self, degree: Degree) -> Residues:
        """The secret as values, ``(primes, N)``."""
        return self._values[which(degree)]

    @cached_property
    def _values(self) -> tuple[Residues, Residues]:
        large, small = (values_of(degree, secret) for degree, secret in zip(DEGREES, self.secrets, strict=True))
        return large, small


@lru_cache(maxsize=2)
def _public(context: bytes, large: bytes, small: bytes) -> PublicKey:
    parts = (np.frombuffer(part, np.uint8) for part in (large, small))
    one, two = (unpack(part, degree.primes, degree.size) for part, degree in zip(parts, DEGREES, strict=True))
    return PublicKey(context, (one, two))


def uniform_of(context: bytes, degree: Degree, label: bytes, out: Residues | None = None) -> Residues:
    """A uniform polynomial of an owner's."""
    found = np.empty((degree.count, degree.size), np.uint32) if out is None else out
    uniform(degree, Xof(context, "uniform", degree.size, label), found)
    return found


def values_of(degree: Degree, secret: NDArray[np.int8]) -> Residues:
    """A ternary polynomial as values."""
    number = Integers((secret + np.int8(1)).astype(np.uint32)[None], (1,), -1)
    return np.stack([transform(p, degree.size).forward(number.modulo(p)) for p in degree.primes])


def masked(degree: Degree, a: Residues, secret: Residues, message: Integers) -> Residues:
    """``-a·s + message`` as values."""
    out = np.empty((degree.count, degree.size), np.uint32)
    for i, p in enumerate(degree.primes):
        tables = transform(p, degree.size)
        out[i] = tables.subtract(tables.forward(message.modulo(p)), tables.multiply(a[i], secret[i]))
    return out
