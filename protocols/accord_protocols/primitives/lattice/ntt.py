"""Number-theoretic transforms modulo one prime: polynomials of Z_p[x]/(x^N + 1) as values at the roots of x^N + 1.

Values stand in an order of their own: the bit-reversed one of a decimation, written as ``(N/16, 16)`` and transposed.
Products do not care; whoever evaluates has the same.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.lattice import loops

Residues = NDArray[np.uint32]


@dataclass(frozen=True, eq=False)
class Transform:
    """One prime's tables.

    Args:
        prime: p < 2^30, 1 modulo 2N.
        size: N.
    """

    prime: int
    size: int
    mu: int = field(init=False)
    _forth: tuple[Residues, Residues] = field(init=False, repr=False)
    _back: tuple[Residues, Residues] = field(init=False, repr=False)
    _scale: tuple[int, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        p, size = self.prime, self.size
        root = next(pow(g, (p - 1) // (2 * size), p) for g in range(2, p) if pow(g, (p - 1) // 2, p) == p - 1)
        scale = pow(size, -1, p)
        for name, value in (
            ("mu", (1 << 60) // p),
            ("_forth", _table(root, p, size)),
            ("_back", _table(pow(root, -1, p), p, size)),
            ("_scale", (scale, (scale << 32) // p)),
        ):
            object.__setattr__(self, name, value)

    def forward(self, a: Residues, support: int | None = None, out: Residues | None = None) -> Residues:
        """Values of the polynomial with coefficients `a`, ``(N,)``, which is overwritten.

        Args:
            a: Coefficients below p.
            support: All beyond so many are zero, where that is known: spares the first stages.
            out: Where the values go.
        """
        parts = 1
        while support is not None and self.size // (2 * parts) >= max(support, 16):
            parts *= 2
        whole = a.reshape(parts, -1)
        whole[1:] = whole[0]  # what the skipped stages do with zeros
        values = np.empty(self.size, np.uint32) if out is None else out
        loops.forward(a, values, *self._forth, self.prime, parts)
        return values

    def inverse(self, values: Residues) -> Residues:
        """Coefficients of the polynomial with `values`, ``(N,)``, which are overwritten."""
        out = np.empty(self.size, np.uint32)
        loops.inverse(values, out, *self._back, *self._scale, self.prime)
        return out

    def multiply(self, x: Residues, y: Residues) -> Residues:
        """``x·y``, element by element."""
        out = np.empty(len(x), np.uint32)
        loops.multiply(x, y, self.prime, self.mu, out)
        return out

    def add(self, x: Residues, y: Residues) -> Residues:
        """``x + y``."""
        total: Residues = x + y  # below 2^31
        return np.asarray(np.minimum(total, total - np.uint32(self.prime)))

    def subtract(self, x: Residues, y: Residues) -> Residues:
        """``x - y``."""
        difference: Residues = x - y
        return np.asarray(np.minimum(difference, difference + np.uint32(self.prime)))


@functools.cache
def transform(prime: int, size: int) -> Transform:
    """The tables of a prime, made once a process."""
    return Transform(prime, size)


def _table(root: int, p: int, size: int) -> tuple[Residues, Residues]:
    """Powers of a 2N-th root in bit-reversed order, those of the last four stages transposed; and Shoup's factors."""
    powers = np.ones(1, np.uint64)
    while len(powers) < size:
        powers = np.concatenate([powers, powers * np.uint64(pow(root, len(powers), p)) % np.uint64(p)])
    bits = size.bit_length() - 1
    order = np.zeros(size, np.int64)
    for bit in range(bits):
        order |= (np.arange(size) >> bit & 1) << (bits - 1 - bit)
    table, columns = powers[order], size // 16
    at = columns
    for h in (1, 2, 4, 8):
        table[at : at + h * columns] = table[at : at + h * columns].reshape(columns, h).T.reshape(-1)
        at += h * columns
    return table.astype(np.uint32), ((table << np.uint64(32)) // np.uint64(p)).astype(np.uint32)
