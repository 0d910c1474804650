"""The loop over the server's table, compiled by numba; see `accord_protocols.primitives.pir.question`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from accord_protocols.primitives.compiling import kernel

_ROWS = 4


@kernel
def _four(x: NDArray[Any], table: NDArray[Any], at: int, k: int, row: NDArray[Any]) -> None:
    """Four rows at a time: each sum is read and written a quarter as often."""
    a, b, c, d = x[at, k], x[at + 1, k], x[at + 2, k], x[at + 3, k]
    for j in range(row.shape[0]):
        near = a * np.uint32(np.int32(table[at, j])) + b * np.uint32(np.int32(table[at + 1, j]))
        far = c * np.uint32(np.int32(table[at + 2, j])) + d * np.uint32(np.int32(table[at + 3, j]))
        row[j] = np.uint32(row[j] + near + far)


@kernel
def accumulate(questions: NDArray[Any], table: NDArray[Any], out: NDArray[Any]) -> None:
    """Add to `out` ``(n, width) uint32`` the product of `questions` ``(rows, n) uint32`` and `table` int8."""
    rows, count = questions.shape
    whole = rows - rows % _ROWS
    for at in range(0, whole, _ROWS):
        for k in range(count):
            _four(questions, table, at, k, out[k])
    for at in range(whole, rows):
        for k in range(count):
            for j in range(table.shape[1]):
                out[k, j] = np.uint32(out[k, j] + questions[at, k] * np.uint32(np.int32(table[at, j])))
