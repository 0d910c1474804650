"""Arithmetic of one party's weights that has the same bits everywhere: rounded sums, fixed order of columns."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from accord_schemas.blob import LARGE

Vector = NDArray[np.float64]


def dot(a: Vector, b: Vector) -> float:
    """Inner product, correctly rounded from its rounded products."""
    return math.fsum((a * b).tolist())


def product(X: NDArray[np.float64], w: Vector) -> Vector:
    """X·w for ``(n, m)`` and ``(m,)``: column by column in order, no BLAS."""
    out = np.zeros(len(X))
    for column, weight in zip(X.T, w.tolist(), strict=True):
        out += column * weight
    return out


def combination(coefficients: Sequence[float], vectors: Sequence[Vector]) -> Vector:
    """Σ c_k v_k in order."""
    out = np.zeros_like(vectors[0])
    for coefficient, vector in zip(coefficients, vectors, strict=True):
        out += vector * coefficient
    return out


def scores(x: NDArray[np.int64] | NDArray[np.float64], w: Vector, fraction_bits: int) -> Vector:
    """X·w of rows with so many fraction bits."""
    return product(np.multiply(x, 2.0**-fraction_bits, dtype=np.float64), w)


def large(x: NDArray[np.int64] | NDArray[np.float64]) -> bool:
    """Whether passing over a block is a worker's task: where it passes by reference, so that it is not sent along."""
    rows, columns = x.shape
    return bool(rows * columns * 8 >= LARGE)
