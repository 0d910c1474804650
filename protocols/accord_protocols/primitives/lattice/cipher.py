"""Encrypted polynomials, their products with plain ones, and the answers that a key's owner opens.

An encrypted block is ``(b, a)`` with ``b = -a·s + t·e + m``: a comes from 32 public bytes, so that only they and b
travel. An answer is ``Σ block·multiplier``, and before it leaves

- a fresh encryption of zero under the public key is added: the second half is then a ring-LWE sample of its own, from
  which nobody reads the multipliers;
- the coefficients that are opened get a mask and a uniform multiple of t, which together are uniform on nearly all of
  Z_Q and drown what the first half holds of errors, plaintexts and multipliers; the others are not sent;
- both halves are switched to the smaller modulus.

Both are mandatory: there is no way around `Products.answer`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.lattice import loops
from accord_protocols.primitives.lattice.keys import Bytes, PublicKey, Residues, SecretKey, masked, which
from accord_protocols.primitives.lattice.ntt import transform
from accord_protocols.primitives.lattice.packing import MALFORMED, pack, packed_size, unpack
from accord_protocols.primitives.lattice.parameters import ERROR_BITS, Degree, Plain
from accord_protocols.primitives.lattice.residues import Integers, unsigned
from accord_protocols.primitives.lattice.sampling import below, errors, ternary
from accord_protocols.primitives.lattice.switching import switch_of
from accord_protocols.primitives.xof import Xof
from accord_schemas.errors import ProtocolError

Positions = NDArray[np.int64]
_LABEL = 32
MOST = 14
"""Blocks that one pass adds up: products below 2^60, sums below 2^64."""


def block_width(degree: Degree) -> int:
    """Bytes of an encrypted block."""
    return _LABEL + packed_size(degree.count * degree.size)


def answer_width(degree: Degree, positions: int) -> int:
    """Bytes of an answer of which so many coefficients are opened."""
    return packed_size(degree.kept * (degree.size + positions))


def encrypt(secret: SecretKey, plain: Plain, message: Integers, xof: Xof) -> Bytes:
    """One block, ``(block_width,) uint8``; `message` has N coefficients."""
    degree = plain.degree
    label = xof.bytes(_LABEL)
    noise = Integers(errors(degree.size, xof)[None], (plain.modulus,), -ERROR_BITS * plain.modulus)
    a = secret.uniform(degree, label)
    b = masked(degree, a, secret.values(degree), message.plus(noise))
    return np.concatenate([np.frombuffer(label, np.uint8), pack(b)])


def expand(public: PublicKey, degree: Degree, blocks: Bytes) -> Residues:
    """Received blocks as ``(blocks, 2, primes, N)`` values: b, then a.

    Raises:
        ProtocolError: Another width, or residues that are not reduced.
    """
    if blocks.ndim != 2 or blocks.shape[1] != block_width(degree):
        raise ProtocolError(MALFORMED)
    out = np.empty((len(blocks), 2, degree.count, degree.size), np.uint32)
    for block, (b, a) in zip(blocks, out, strict=True):
        unpack(block[_LABEL:], degree.primes, degree.size, b)
        public.uniform(degree, block[:_LABEL].tobytes(), a)
    return out


def multiplier(degree: Degree, message: Integers, out: Residues) -> None:
    """A plain polynomial as values, to `out`, ``(primes, N)``; coefficients beyond those given are zero."""
    count = message.rows.shape[1]
    for row, p in zip(out, degree.primes, strict=True):
        coefficients = np.zeros(degree.size, np.uint32)
        coefficients[:count] = message.modulo(p)
        transform(p, degree.size).forward(coefficients, count, row)


class Products:
    """A sum of products of encrypted blocks with plain polynomials.

    Args:
        public: The key of the blocks' owner.
        plain: What was encrypted.
    """

    def __init__(self, public: PublicKey, plain: Plain) -> None:
        self._public, self._plain = public, plain
        self._sums = np.zeros((2, plain.degree.count, plain.degree.size), np.uint32)

    def add(self, blocks: Residues, multipliers: Residues) -> None:
        """Add products of at most `MOST` blocks, as `expand` gives them, with multipliers, ``(blocks, primes, N)``."""
        degree = self._plain.degree
        for i, p in enumerate(degree.primes):
            loops.accumulate(self._sums, blocks, multipliers, i, p, transform(p, degree.size).mu)

    def answer(self, positions: Positions | slice, mask: Integers, xof: Xof) -> Bytes:
        """The answer; nothing may be added afterwards.

        Args:
            positions: The coefficients that are opened.
            mask: What hides them, as many; its flooding is drawn here.
            xof: Draws flooding and randomisation.
        """
        plain, degree, t = self._plain, self._plain.degree, self._plain.modulus
        index = which(degree)
        blind = Integers((ternary(degree.size, xof) + np.int8(1)).astype(np.uint32)[None], (t,), -t)
        noise = Integers(errors(degree.size, xof)[None], (t,), -ERROR_BITS * t)
        count = mask.rows.shape[1]
        flood = unsigned(below(plain.flood, count, xof)).times(t)
        hidden = mask.plus(Integers(flood.rows, flood.weights, -t * (plain.flood // 2)))
        out = np.empty((degree.count, degree.size + count), np.uint32)
        for i, p in enumerate(degree.primes):
            tables = transform(p, degree.size)
            u = tables.forward(blind.modulo(p))
            first = tables.multiply(self._public.halves[index][i], u)
            second = tables.multiply(self._public.uniforms[index][i], u)
            first = tables.inverse(tables.add(first, self._sums[0, i]))
            second = tables.inverse(tables.add(second, self._sums[1, i]))
            out[i, : degree.size] = tables.add(second, noise.modulo(p))
            out[i, degree.size :] = tables.add(first[positions], hidden.modulo(p))
        return pack(switch_of(plain)(out))


def phase(secret: SecretKey, plain: Plain, message: Bytes, positions: Positions | slice, count: int) -> Residues:
    """The residues of the opened coefficients, ``(kept, positions)``, still divided by the dropped primes modulo t.

    Raises:
        ProtocolError: The answer is not of the one form.
    """
    degree = plain.degree
    residues = unpack(message, degree.primes[: degree.kept], degree.size + count)
    values = secret.values(degree)
    out = np.empty((degree.kept, count), np.uint32)
    for i, p in enumerate(degree.primes[: degree.kept]):
        tables = transform(p, degree.size)
        second = tables.forward(residues[i, : degree.size].copy())
        product = tables.inverse(tables.multiply(second, values[i]))
        out[i] = tables.add(product[positions], residues[i, degree.size :])
    return out
