"""Modulus switching (Brakerski, Gentry, Vaikuntanathan): an answer is divided by primes that its noise no longer needs.

``c' = (c - t·u) / p`` with u = c/t modulo p, centred: divisible by p, and congruent to c/p modulo t. The plaintext is
divided by p modulo t, which opening makes good.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.lattice import loops
from accord_protocols.primitives.lattice.parameters import Plain


@dataclass(frozen=True, eq=False)
class Switch:
    """The constants for one pair of ring and plaintext modulus, with Shoup's factors.

    Args:
        primes: ``(L,)``.
        kept: How many stay.
        unit: ``(L, 2)``: 1/t modulo each prime.
        keep: ``(L, L, 2)``: ``[last, i]`` is 1/p_last modulo p_i.
        take: ``(L, L, 2)``: -t/p_last modulo p_i.
        wrap: ``(L, L)``: t modulo p_i, added where u is above p_last/2 and stands for u - p_last.
    """

    primes: NDArray[np.uint32]
    kept: int
    unit: NDArray[np.uint32]
    keep: NDArray[np.uint32]
    take: NDArray[np.uint32]
    wrap: NDArray[np.uint32]

    def __call__(self, residues: NDArray[np.uint32]) -> NDArray[np.uint32]:
        """``(L, n)``, which is overwritten, to ``(kept, n)``."""
        loops.switch(residues, self.kept, self.primes, self.unit, self.keep, self.take, self.wrap)
        return residues[: self.kept]


@functools.cache
def switch_of(plain: Plain) -> Switch:
    """The constants, made once a process."""
    primes, t = plain.degree.primes, plain.modulus
    count = len(primes)
    unit = np.array([_shoup(pow(t, -1, p), p) for p in primes], np.uint32)
    keep = np.zeros((count, count, 2), np.uint32)
    take, wrap = np.zeros_like(keep), np.zeros((count, count), np.uint32)
    for last, p in enumerate(primes):
        for i, q in enumerate(primes[:last]):
            keep[last, i] = _shoup(pow(p, -1, q), q)
            take[last, i] = _shoup(-t * pow(p, -1, q) % q, q)
            wrap[last, i] = t % q
    return Switch(np.array(primes, np.uint32), plain.degree.kept, unit, keep, take, wrap)


def _shoup(factor: int, p: int) -> tuple[int, int]:
    return factor, (factor << 32) // p
