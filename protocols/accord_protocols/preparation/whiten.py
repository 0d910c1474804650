"""The whitened basis: each party trains on X' = X L^-T, whose Gram matrix is nearly the identity.

A preconditioner for every optimiser that costs no message: with u = X w = X' w' each party converts alone. Own
arithmetic instead of LAPACK, whose last bits change with the processor and the number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from accord_protocols.preparation.fitted import LARGEST
from accord_schemas.errors import ProtocolError

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

DAMPING = 1e-4
"""Share of the mean diagonal that is added to it, so that dependent columns have a factor too."""
MAX_EXPONENT = 12
"""The largest |x'| is at most 2^12: agreed, and the size of the protocols' packing slots counts on it."""

_FRACTION_BITS = 20
_ROWS = 4096  # (32 · 2^20)^2 · 4096 = 2^62: a block's exact products and sums fit into int64


@dataclass(frozen=True, eq=False)
class Whitening:
    """Change of basis by a lower triangular factor; L and all vectors are float64, X is ``(n, m)``.

    Attributes:
        L: ``(m, m)`` lower triangular, positive diagonal. The party's secret: it tells the second moments.
    """

    L: Matrix

    def __repr__(self) -> str:
        return f"Whitening(<secret of {len(self.L)} columns>)"

    @classmethod
    def fit(cls, X: Matrix, ridge: Vector) -> Self:
        """The basis of rows X; see `of` and `gram_matrix`."""
        return cls.of(gram_matrix(X), ridge)

    @classmethod
    def of(cls, gram: list[list[float]], ridge: Vector) -> Self:
        """Factor L Lᵀ = G + 1e-4·(tr G/m)·I with G = gram + diag(ridge).

        Args:
            gram: ``(m, m)``, m >= 1: of the party's columns, that of ones included if there is an intercept.
            ridge: ``(m,)`` penalty over the curvature bound of the loss, λ/c; 0 for the intercept.

        Raises:
            ValueError: The shapes do not fit.
            ProtocolError: All columns are zero.
        """
        m = len(gram)
        if ridge.shape != (m,):
            raise ValueError("whitening needs a penalty for each column")
        whole = [list(row) for row in gram]
        for j, penalty in enumerate(ridge.tolist()):
            whole[j][j] += penalty
        damping = DAMPING * (math.fsum(whole[j][j] for j in range(m)) / m)
        for j in range(m):
            whole[j][j] += damping
        return cls(np.array(_cholesky(whole)))

    def transform(self, X: Matrix) -> Matrix:
        """X' = X L^-T, by forward substitution of whole columns in fixed order."""
        return np.stack(_substituted(self.L, list(np.array(X.T, np.float64, order="C"))), axis=1)

    def back(self, w: Vector) -> Vector:
        """Weights of the original basis: w = L^-T w'."""
        L, out = self.L.tolist(), w.tolist()
        for j in reversed(range(len(L))):
            above = (-L[k][j] * out[k] for k in range(j + 1, len(L)))
            out[j] = math.fsum([out[j], *above]) / L[j][j]
        return np.array(out)

    def forth(self, w: Vector) -> Vector:
        """Weights of the whitened basis: w' = Lᵀ w."""
        return _times(self.L.T.tolist(), w)

    def gradient(self, g: Vector) -> Vector:
        """The gradient by w from that by w': g = L g'."""
        return _times(self.L.tolist(), g)

    def ridge_matrix(self, penalty: Vector) -> Matrix:
        """The penalty's matrix in the whitened basis: ``(m, m)`` symmetric, L^-1 diag(penalty) L^-T."""
        inverse = np.stack(_substituted(self.L, list(np.eye(len(self.L)))))
        out = np.zeros_like(inverse)
        for column, weight in zip(inverse.T, penalty.tolist(), strict=True):
            out += (column[:, None] * column[None, :]) * weight
        return out


def bound(X: Matrix) -> int:
    """Exponent e >= 0 of the smallest power of two that no |x'| exceeds: what a party announces.

    Raises:
        ProtocolError: It is above 2^12.
    """
    mantissa, exponent = math.frexp(float(np.max(np.abs(X), initial=0.0)))
    exponent = max(exponent - (mantissa == 0.5), 0)
    if exponent > MAX_EXPONENT:
        raise ProtocolError("a whitened value is out of range")
    return exponent


def gram_matrix(X: Matrix) -> list[list[float]]:
    """XᵀX/n of ``(n, m)`` prepared TRAIN rows within ±32, n and m >= 1, the column of ones included.

    Raises:
        ValueError: A value is beyond ±32 or NaN, or there is none.
    """
    if not X.size or not np.all(np.abs(X) <= LARGEST):
        raise ValueError("whitening needs rows of prepared values")
    unit = len(X) << (2 * _FRACTION_BITS)
    return [[total / unit for total in row] for row in _exact_gram(X)]


def _exact_gram(X: Matrix) -> list[list[int]]:
    """XᵀX of X rounded to 20 fraction bits, exactly: integers, since their sums know no order.

    L need not be the factor of the exact Gram matrix; any L gives the same model.
    """
    fixed = np.rint(X * 2.0**_FRACTION_BITS).astype(np.int64)
    total = np.zeros((X.shape[1], X.shape[1]), object)
    for start in range(0, len(fixed), _ROWS):
        block = fixed[start : start + _ROWS]
        total += (block.T @ block).astype(object)  # int64: numpy's own loops, not BLAS
    exact: list[list[int]] = total.tolist()
    return exact


def _cholesky(gram: list[list[float]]) -> list[list[float]]:
    """Cholesky-Banachiewicz, row by row, each entry from one correctly rounded sum."""
    m = len(gram)
    L = [[0.0] * m for _ in range(m)]
    for i in range(m):
        for j in range(i + 1):
            rest = math.fsum([gram[i][j], *(-L[i][k] * L[j][k] for k in range(j))])
            if i > j:
                L[i][j] = rest / L[j][j]
            elif rest > 0:
                L[i][i] = math.sqrt(rest)
            else:
                raise ProtocolError("the columns have no whitened basis")
    return L


def _substituted(L: Matrix, columns: list[Vector]) -> list[Vector]:
    """Solve L x = b where x and b are lists of m arrays, one per row of L."""
    out: list[Vector] = []
    for j, column in enumerate(columns):
        rest = column
        for k, earlier in enumerate(out):
            rest = rest - L[j, k] * earlier
        out.append(rest / L[j, j])
    return out


def _times(rows: Sequence[Sequence[float]], v: Vector) -> Vector:
    entries = v.tolist()
    return np.array([math.fsum(a * b for a, b in zip(row, entries, strict=True)) for row in rows])
